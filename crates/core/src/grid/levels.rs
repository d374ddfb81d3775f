//! Grids laid over noise levels, whose training timesteps are fractions.

use crate::grid::{Grid, GridError};
use crate::level::Level;
use crate::options::{OptionError, OptionInfo, Options};
use crate::schedule::Schedule;

/// How a grid of few steps is laid over the noise levels of a schedule, from its noisiest to its
/// cleanest, both included.
///
/// # Formula
/// With u = i/(n − 1) and k = σ/α:
/// ```text
/// karras       k = ((1 − u) k_T^(1/ρ) + u k_0^(1/ρ))^ρ
/// exponential  λ = (1 − u) λ_T + u λ_0
/// angle        arctan k = (1 − u) arctan k_T + u arctan k_0
/// ```
/// # Source
/// Karras et al. 2022, arXiv:2206.00364, eq. 5; uniform in λ (the limit ρ → ∞): Lu et al. 2022,
/// arXiv:2206.00927, section 3.3, "exponential" in diffusers and k-diffusion; angle: Sabour et al.
/// 2024, arXiv:2404.14507, theorem 3.1, optimal for data N(0, I).
///
/// # Example
/// ```
/// use ancestral::grid::LevelSpacing;
/// use ancestral::{Grid, Schedule};
/// let spacing: LevelSpacing = "karras:rho=5".parse()?;
/// assert_eq!(spacing, LevelSpacing::Karras { rho: 5.0 });
/// let grid = Grid::new(&Schedule::linear_1000(), spacing, 10)?;
/// let timesteps: Vec<f64> = grid.points().iter().filter_map(|p| p.timestep).collect();
/// assert_eq!((timesteps[0], timesteps[9]), (999.0, 0.0));
/// assert!(timesteps[1..9].iter().all(|timestep| timestep.fract() != 0.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum LevelSpacing {
    /// Even in `k^(1/ρ)`: the greater ρ, the shorter the hops near clean data.
    Karras {
        /// 0.1 ≤ ρ ≤ 1000; 7 in the paper, and by default.
        rho: f64,
    },
    /// Even in λ, so that every hop has the same length h.
    Exponential,
    /// Even in the angle whose tangent is k: short hops where data of unit variance and noise are
    /// about equal, long ones at both ends.
    Angle,
}

impl LevelSpacing {
    /// Each kind, with its default options.
    pub const ALL: [Self; 3] = [Self::Karras { rho: 7.0 }, Self::Exponential, Self::Angle];
    /// Names that [`str::parse`] understands.
    pub const NAMES: [&'static str; 3] = ["karras", "exponential", "angle"];
    const RHO: &[OptionInfo] =
        &[OptionInfo { name: "rho", default: "7", about: "how much shorter the last hops are" }];

    /// The name without options.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Karras { .. } => "karras",
            Self::Exponential => "exponential",
            Self::Angle => "angle",
        }
    }

    /// What it takes after a colon.
    #[must_use]
    pub fn options(self) -> &'static [OptionInfo] {
        match self {
            Self::Karras { .. } => Self::RHO,
            Self::Exponential | Self::Angle => &[],
        }
    }

    /// λ at the share `u` of the way from λ `noisiest` to λ `cleanest`, both finite.
    pub(super) fn lambda(self, noisiest: f64, cleanest: f64, u: f64) -> f64 {
        let between = |a: f64, b: f64| a + u * (b - a);
        match self {
            Self::Karras { rho } => {
                // k_T^(1/ρ) is taken out of the sum: it may be huge.
                let quotient = ((noisiest - cleanest) / rho).exp_m1();
                noisiest - rho * (u * quotient).ln_1p()
            }
            Self::Exponential => between(noisiest, cleanest),
            // tan of the complement, so that neither end loses digits.
            Self::Angle => {
                let angle = between((-noisiest).exp().atan(), (-cleanest).exp().atan());
                let complement = between(noisiest.exp().atan(), cleanest.exp().atan());
                (complement.sin() / angle.sin()).ln()
            }
        }
    }
}

impl std::str::FromStr for LevelSpacing {
    type Err = OptionError;

    /// Reads `name` or `karras:rho=…`.
    fn from_str(text: &str) -> Result<Self, OptionError> {
        let (name, mut options) = Options::split(text)?;
        let Some(spacing) = Self::ALL.into_iter().find(|spacing| spacing.name() == name) else {
            let known = Self::NAMES.to_vec();
            return Err(OptionError::Name { kind: "spacing", found: name, known });
        };
        let spacing = match spacing {
            Self::Karras { rho } => Self::Karras {
                rho: options
                    .take("rho", "a number from 0.1 to 1000", |rho| fits(*rho))?
                    .unwrap_or(rho),
            },
            Self::Exponential | Self::Angle => spacing,
        };
        options.finish(spacing.options())?;
        Ok(spacing)
    }
}

/// Whether ρ is one: beyond these, k^(1/ρ) is no number, or all levels are equal.
fn fits(rho: f64) -> bool {
    (0.1..=1000.0).contains(&rho)
}

impl std::fmt::Display for LevelSpacing {
    /// Writes what reads back as the same.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())?;
        match self {
            Self::Karras { rho } => write!(f, ":rho={rho}"),
            Self::Exponential | Self::Angle => Ok(()),
        }
    }
}

impl Grid {
    /// `steps` points laid by `spacing` over the levels of `schedule`, from timestep T−1 to
    /// timestep 0; with one step, T−1 alone. Between them timesteps are fractions
    /// ([`Schedule::timestep`]), which a network is asked with as they are.
    ///
    /// From a schedule that ends in pure noise the first point is T−1 and the others are laid as
    /// if the first were T−2, the noisiest level with an end to its λ.
    ///
    /// # Errors
    /// If `steps` is not in 1..=T, so many points are not all different, or ρ is not from 0.1 to 1000.
    /// # Panics
    /// Never: λ between finite ends is a number.
    pub(super) fn over_levels(
        schedule: &Schedule,
        spacing: LevelSpacing,
        steps: usize,
    ) -> Result<Self, GridError> {
        let total = schedule.len();
        check_steps(total, steps)?;
        if let LevelSpacing::Karras { rho } = spacing
            && !fits(rho)
        {
            return Err(GridError::Rho { rho });
        }
        let finite = schedule.levels().iter().rposition(|level| *level != Level::NOISE);
        let (cleanest, noisiest) = (0, finite.unwrap_or(0));
        let lambda = |timestep: usize| schedule.level(timestep).lambda();
        let point = |i: usize| {
            if i == 0 {
                return schedule.point(total - 1);
            }
            if i == steps - 1 {
                return schedule.point(cleanest);
            }
            let u = i as f64 / (steps - 1) as f64;
            let lambda = spacing.lambda(lambda(noisiest), lambda(cleanest), u);
            let level = Level::from_lambda(lambda).expect("finite between finite ends");
            schedule.point_at(level)
        };
        Self::from_points((0..steps).map(point).collect())
    }
}

/// Whether a run over `total` timesteps can have so many steps.
pub(super) fn check_steps(total: usize, steps: usize) -> Result<(), GridError> {
    match steps {
        0 => Err(GridError::NoSteps { total }),
        _ if steps > total => Err(GridError::TooManySteps { steps, total }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::{Betas, Cosine};

    fn karras_sigmas(grid: &Grid) -> Vec<f64> {
        grid.points().iter().map(|point| point.level.karras_sigma()).collect()
    }

    #[test]
    fn karras_as_published() {
        // The paper's own values: σ from 80 to 0.002, ρ = 7, five steps.
        let spacing = LevelSpacing::Karras { rho: 7.0 };
        let (noisiest, cleanest) = (-80_f64.ln(), -0.002_f64.ln());
        for (i, expected) in [80.0, 17.527_83, 2.515_219, 0.169_752_8, 0.002].iter().enumerate() {
            let sigma = (-spacing.lambda(noisiest, cleanest, i as f64 / 4.0)).exp();
            assert!((sigma / expected - 1.0).abs() < 3e-7, "{sigma} is not {expected}");
        }
    }

    type Measure = fn(f64) -> f64;

    #[test]
    fn each_is_even_in_its_own_measure() {
        let schedule = Schedule::linear_1000();
        let measures: [(LevelSpacing, Measure); 4] = [
            (LevelSpacing::Karras { rho: 7.0 }, |k| k.powf(1.0 / 7.0)),
            (LevelSpacing::Karras { rho: 1.0 }, |k| k),
            (LevelSpacing::Exponential, f64::ln),
            (LevelSpacing::Angle, f64::atan),
        ];
        for (spacing, measure) in measures {
            for steps in [3, 8, 33] {
                let grid = Grid::over_levels(&schedule, spacing, steps).unwrap();
                let values: Vec<f64> = karras_sigmas(&grid).into_iter().map(measure).collect();
                let stride = (values[steps - 1] - values[0]) / (steps - 1) as f64;
                for pair in values.windows(2) {
                    let found = pair[1] - pair[0];
                    assert!((found / stride - 1.0).abs() < 1e-10, "{spacing} {steps}: {values:?}");
                }
            }
        }
    }

    #[test]
    fn ends_are_trained_timesteps_and_those_between_are_interpolated() {
        let schedule = Cosine::default().schedule(1000).unwrap();
        for spacing in LevelSpacing::ALL {
            for steps in 1..=50 {
                let grid = Grid::over_levels(&schedule, spacing, steps).unwrap();
                let points = grid.points();
                assert_eq!((grid.hops().len(), points[0]), (steps, schedule.point(999)));
                assert!(steps == 1 || points[steps - 1] == schedule.point(0), "{spacing} {steps}");
                for point in points {
                    assert_eq!(point.timestep, Some(schedule.timestep(point.level)));
                }
            }
        }
    }

    #[test]
    fn a_cosine_schedule_crowds_its_noisy_end_with_times_that_only_fractions_tell_apart() {
        // 999.0, 998.9, 998.8 …: cut to integers the first nine would be one timestep.
        let grid =
            Grid::over_levels(&Cosine::default().schedule(1000).unwrap(), LevelSpacing::ALL[0], 20)
                .unwrap();
        let timesteps: Vec<f64> = grid.points().iter().filter_map(|p| p.timestep).collect();
        assert!(timesteps[..9].iter().all(|t| *t >= 998.0), "{timesteps:?}");
        assert!(timesteps.windows(2).all(|pair| pair[0] > pair[1]), "{timesteps:?}");
        let sigmas = karras_sigmas(&grid);
        assert!(sigmas.windows(2).all(|pair| pair[0] > pair[1]), "{sigmas:?}");
        assert_eq!(grid.hops().len(), 20);
        assert!(grid.hops().last().unwrap().is_last());
    }

    #[test]
    fn from_pure_noise_the_rest_is_laid_below_it() {
        let schedule = Schedule::linear_1000().rescale_zero_terminal_snr().unwrap();
        for spacing in LevelSpacing::ALL {
            let grid = Grid::over_levels(&schedule, spacing, 5).unwrap();
            assert_eq!(grid.points()[0], schedule.point(999));
            assert_eq!(grid.points()[0].level, Level::NOISE);
            let lambda =
                spacing.lambda(schedule.level(998).lambda(), schedule.level(0).lambda(), 0.25);
            assert_eq!(grid.points()[1].level.lambda(), lambda);
            assert_eq!(grid.points()[4], schedule.point(0));
        }
    }

    #[test]
    fn texts_read_back_and_others_are_refused() {
        for (spacing, name) in std::iter::zip(LevelSpacing::ALL, LevelSpacing::NAMES) {
            assert_eq!((name.parse(), spacing.name()), (Ok(spacing), name));
            assert_eq!(spacing.to_string().parse(), Ok(spacing));
        }
        let error = |text: &str| text.parse::<LevelSpacing>().unwrap_err().to_string();
        assert_eq!(
            error("beta"),
            "unknown spacing \"beta\": expected one of karras, exponential, angle"
        );
        assert_eq!(
            error("karras:rho=0"),
            "option rho=0 of karras: expected a number from 0.1 to 1000"
        );
        assert!(error("angle:rho=3").contains("has no option"), "{}", error("angle:rho=3"));
        let schedule = Schedule::linear_1000();
        let refused = |steps| Grid::over_levels(&schedule, LevelSpacing::Angle, steps).unwrap_err();
        for rho in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let refused =
                Grid::over_levels(&schedule, LevelSpacing::Karras { rho }, 5).unwrap_err();
            assert_eq!(refused.to_string(), format!("rho {rho} is not a number from 0.1 to 1000"));
        }
        assert_eq!(refused(0), GridError::NoSteps { total: 1000 });
        assert_eq!(refused(1001), GridError::TooManySteps { steps: 1001, total: 1000 });
    }
}
