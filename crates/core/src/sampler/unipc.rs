//! UniPC: a predictor, and a corrector that costs no further network call.

use std::ops::ControlFlow;

use crate::denoiser::Denoiser;
use crate::grid::{Grid, Hop};
use crate::names::names;
use crate::noise::Noise;
use crate::options::{OptionError, OptionInfo, Options};
use crate::sample::Sample;
use crate::sampler::kernel::{Form, History, Update, begin, lambda, pair, order};
use crate::sampler::{NamedSampler, Sampler, SamplerInfo, Stepped};

/// UniPC-p: a multistep predictor over p estimates (UniP-p) takes each hop; the estimate at its end
/// then corrects it, as one more node of the polynomial (UniC-p), before the next hop starts.
///
/// So the x of a step is the predicted one, at which the network is asked next; corrected it is
/// found within the step that follows. A last hop, into clean data, needs no corrector.
///
/// # Formula
/// In the data form, with y = x/α, m the estimate x̂₀ at the start of a hop, and m_j those behind it
/// (for the corrector also the one at its end), at shares r_j of it:
/// ```text
/// y′ = e^(−h) y + (1 − e^(−h)) m + B Σ_j ρ_j (m_j − m)/r_j
/// ```
/// where `B ρ` integrates the polynomial through all of them exactly; except that a line (predictor
/// of order 2, corrector of order 1) has ρ = ½ with B as [`Variant`] says. In the noise form the
/// same with ε̂: see [`Form`]. The first hops go through fewer estimates.
///
/// Its order is p + 1. UniP-2 of bh2 is [`Dpmpp2m`](crate::sampler::Dpmpp2m), UniP-3
/// [`Dpmpp3m`](crate::sampler::Dpmpp3m).
/// # Source
/// Zhao et al. 2023, arXiv:2302.04867, algorithms 1 and 2; `UniPCMultistepScheduler` in diffusers.
///
/// # Example
/// ```
/// use ancestral::{AnySampler, Sampler};
/// let sampler: AnySampler = "unipc:order=3,variant=bh1".parse()?;
/// assert_eq!(sampler.to_string(), "unipc:order=3,variant=bh1,form=data");
/// assert_eq!(sampler.info().order, 4);
/// # Ok::<(), ancestral::options::OptionError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unipc {
    /// Order p of the predictor: 1, 2 or 3.
    pub(crate) order: u32,
    /// The weight of a line's slope.
    pub(crate) variant: Variant,
    /// Which estimate is taken for a polynomial.
    pub(crate) form: Form,
}

/// The function B(h) of UniPC; it matters where a line is integrated, and there at order h³.
///
/// # Source
/// Zhao et al. 2023, arXiv:2302.04867, section 4.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Variant {
    /// B₁(h) = h.
    Bh1,
    /// B₂(h) = e^h − 1 for the noise, 1 − e^(−h) for the data.
    #[default]
    Bh2,
}

names! { Variant, 2: "bh1" => Bh1, or "bh2" => Bh2 }

impl std::str::FromStr for Variant {
    type Err = OptionError;

    fn from_str(name: &str) -> Result<Self, OptionError> {
        Self::from_name(name).ok_or_else(|| OptionError::name("variant", name, Self::NAMES.to_vec()))
    }
}

impl Default for Unipc {
    fn default() -> Self {
        Self { order: 2, variant: Variant::Bh2, form: Form::Data }
    }
}

const OPTIONS: &[OptionInfo] = &[
    OptionInfo { name: "order", default: "2", about: "of the predictor: 1, 2 or 3" },
    OptionInfo { name: "variant", default: "bh2", about: Variant::CHOICE },
    OptionInfo { name: "form", default: "data", about: Form::CHOICE },
];

impl Unipc {
    /// Of `order` 1 to 3.
    ///
    /// # Errors
    /// If `order` is not 1 to 3.
    pub fn new(order: u32, variant: Variant, form: Form) -> Result<Self, OptionError> {
        Ok(Self { order: order::TO_3.checked("unipc", order)?, variant, form })
    }
}

impl Sampler for Unipc {
    type History<X: Sample> = Corrigible<X>;

    fn info(&self) -> SamplerInfo {
        SamplerInfo {
            name: "unipc",
            about: "UniPC, a predictor and a corrector with one call a step",
            order: self.order + 1,
            stochastic: false,
            calls_per_hop: 1,
            exact_for_a_point: true,
            options: OPTIONS,
        }
    }

    fn start<X: Sample>(&self, _grid: &Grid) -> Corrigible<X> {
        Corrigible { estimates: History::new(self.order as usize), behind: None }
    }

    fn step<X, D, N>(
        &self,
        history: &mut Corrigible<X>,
        hop: &Hop,
        x: X,
        denoiser: &mut D,
        _noise: &mut N,
    ) -> Result<Stepped<X>, D::Error>
    where
        X: Sample,
        D: Denoiser<X> + ?Sized,
        N: Noise<X> + ?Sized,
    {
        let from = hop.from();
        let x0 = match begin(hop, &x, denoiser)? {
            ControlFlow::Break(stepped) => return Ok(stepped),
            ControlFlow::Continue(denoised) => denoised.x0,
        };
        let estimate = self.form.estimate(from.level, &x, &x0);
        let x = match history.behind.take() {
            Some((hop, start)) => self.over(&hop, &start, &history.estimates, Some(&estimate)),
            None => x,
        };
        history.estimates.push(lambda(from), estimate);
        let predicted = self.over(hop, &x, &history.estimates, None);
        history.behind = Some((*hop, x));
        Ok(Stepped { x: predicted, x0 })
    }
}

impl NamedSampler for Unipc {
    fn values(&self) -> Vec<String> {
        let names = [self.variant.name(), self.form.name()];
        vec![self.order.to_string(), names[0].to_owned(), names[1].to_owned()]
    }

    fn from_options(mut options: Options) -> Result<Self, OptionError> {
        let default = Self::default();
        let order = order::TO_3.take(&mut options)?;
        let variant = options.take("variant", Variant::CHOICE, |_: &Variant| true)?;
        let form = options.take("form", Form::CHOICE, |_: &Form| true)?;
        options.finish(OPTIONS)?;
        Ok(Self {
            order: order.unwrap_or(default.order),
            variant: variant.unwrap_or(default.variant),
            form: form.unwrap_or(default.form),
        })
    }
}

/// What is needed to correct a hop when the estimate at its end is known.
#[derive(Clone, Debug)]
pub struct Corrigible<X> {
    estimates: History<X>,
    /// The hop behind, and the corrected x at its start.
    behind: Option<(Hop, X)>,
}

impl Unipc {
    /// The hop from `x` through the `estimates` at its start and behind, and that at its `end`.
    fn over<X: Sample>(self, hop: &Hop, x: &X, estimates: &History<X>, end: Option<&X>) -> X {
        let update = Update::over(hop, self.form);
        let to = lambda(hop.to());
        // Between its nodes a polynomial may be followed anyway.
        let nodes = match end {
            None => estimates.reaching(to),
            Some(_) => [estimates.nodes(to), vec![1.0]].concat(),
        };
        let mut weights = match nodes[..] {
            [_, node] => pair(update.whole(), self.variant.slope(&update), node).to_vec(),
            _ => update.exact(&nodes),
        };
        let last = end.map(|end| (weights.pop().expect("that of the end"), end));
        update.apply(x, estimates.weighted(weights).chain(last), None)
    }
}

impl Variant {
    /// `½ B`, the weight of a slope of 1 a hop.
    fn slope(self, update: &Update) -> f64 {
        match self {
            Self::Bh1 => 0.5 * update.z,
            Self::Bh2 => 0.5 * update.whole(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampler::conformance;
    use crate::sampler::known::{assert_close, run};
    use std::f64::consts::LN_2 as L;

    fn unipc(order: u32, variant: Variant, form: Form) -> Unipc {
        Unipc { order, variant, form }
    }

    const K: [f64; 4] = [8.0, 4.0, 1.0, 0.5];
    const M: [f64; 3] = [1.0, 0.25, -1.0];

    /// Predicted y over [`K`] from y = 3 with the estimates [`M`], order 2, data form; `slope` is
    /// ½ B of each hop, of lengths L, 2 L, L.
    fn of_order_2(slope: [f64; 3]) -> [f64; 3] {
        // The line through both ends corrects 8 → 4.
        let y1 = 0.5 * 3.0 + 0.5 * M[0];
        let corrected = y1 + slope[0] * (M[1] - M[0]);
        let y2 = 0.25 * corrected + 0.75 * M[1] + slope[1] * 2.0 * (M[1] - M[0]);
        // The parabola through −½, 0 and 1 corrects 4 → 1: m₁ + a s + D₂ s (s + ½).
        let a = 2.0 * (M[1] - M[0]);
        let d2 = ((M[2] - M[1]) - a) / 1.5;
        let phi_2 = 1.0 - 0.75 / (2.0 * L);
        let corrected = 0.25 * corrected
            + 0.75 * M[1]
            + phi_2 * (a + 0.5 * d2)
            + (1.0 - 2.0 * phi_2 / (2.0 * L)) * d2;
        let y3 = 0.5 * corrected + 0.5 * M[2] + slope[2] * (M[2] - M[1]) / 2.0;
        [y1, y2, y3]
    }

    #[test]
    fn of_order_2_by_hand() {
        for (variant, slope) in
            [(Variant::Bh2, [0.25, 0.375, 0.25]), (Variant::Bh1, [0.5 * L, L, 0.5 * L])]
        {
            let known = run(&unipc(2, variant, Form::Data), &K, 3.0, &M, &[]);
            assert_close(&known.y, &of_order_2(slope));
        }
    }

    #[test]
    fn of_order_1_by_hand() {
        let known = run(&unipc(1, Variant::Bh2, Form::Data), &K, 3.0, &M, &[]);
        let corrected = 2.0 + 0.25 * (M[1] - M[0]);
        let y2 = 0.25 * corrected + 0.75 * M[1];
        let corrected = y2 + 0.375 * (M[2] - M[1]);
        assert_close(&known.y, &[2.0, y2, 0.5 * corrected + 0.5 * M[2]]);
    }

    #[test]
    fn of_order_3_by_hand() {
        let known = run(&unipc(3, Variant::Bh2, Form::Data), &K, 3.0, &M, &[]);
        // The first two hops and their correctors are those of order 2; the third goes through the
        // parabola at 0, −2, −3.
        let [y1, y2, y3] = of_order_2([0.25, 0.375, 0.25]);
        let corrected = 2.0 * (y3 - 0.5 * M[2] - 0.25 * (M[2] - M[1]) / 2.0);
        let a = (M[2] - M[1]) / 2.0;
        let d2 = (a - (M[1] - M[0])) / 3.0;
        let phi_2 = 1.0 - 0.5 / L;
        let y3 =
            0.5 * corrected + 0.5 * M[2] + phi_2 * (a + 2.0 * d2) + (1.0 - 2.0 * phi_2 / L) * d2;
        assert_close(&known.y, &[y1, y2, y3]);
    }

    #[test]
    fn of_order_2_in_the_noise_form_by_hand() {
        // y′ = y + (k′ − k) e − k′ B ρ (…), ½ B = ½ (e^h − 1): ½, then 3/2.
        let known = run(&unipc(2, Variant::Bh2, Form::Noise), &K[..3], 3.0, &M[..2], &[]);
        let (e0, y1) = (0.25, 2.0);
        let e1 = (y1 - M[1]) / 4.0;
        let corrected = y1 - 4.0 * 0.5 * (e1 - e0);
        let y2 = corrected - 3.0 * e1 - 1.5 * 2.0 * (e1 - e0);
        assert_close(&known.y, &[y1, y2]);
    }

    #[test]
    fn conforms_in_every_order_variant_and_form() {
        for order in [1, 2, 3] {
            for variant in Variant::ALL {
                for form in Form::ALL {
                    conformance::check(&unipc(order, variant, form));
                }
            }
        }
    }
}
