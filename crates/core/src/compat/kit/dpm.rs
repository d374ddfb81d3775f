//! The steps that diffusers' DPM-Solvers have in common.

use super::elementwise::{combination, exp, zip};
use super::estimate::epsilon_from;
use super::sigmas::{FinalSigma, Vp};
use crate::batch::Batch;
use crate::compat::config::Config;
use crate::compat::error::CompatError;
use crate::noise::Noise;

/// `algorithm_type` of a DPM-Solver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Algorithm {
    /// `dpmsolver`: of ε (Lu et al. 2022, arXiv:2206.00927).
    DpmSolver,
    /// `dpmsolver++`: of x₀ (Lu et al. 2022, arXiv:2211.01095).
    #[default]
    DpmSolverPlusPlus,
    /// `sde-dpmsolver`: of ε, with noise.
    SdeDpmSolver,
    /// `sde-dpmsolver++`: of x₀, with noise.
    SdeDpmSolverPlusPlus,
}

impl Algorithm {
    /// Its name in diffusers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::DpmSolver => "dpmsolver",
            Self::DpmSolverPlusPlus => "dpmsolver++",
            Self::SdeDpmSolver => "sde-dpmsolver",
            Self::SdeDpmSolverPlusPlus => "sde-dpmsolver++",
        }
    }

    /// Whether it extrapolates x̂₀, else ε̂.
    pub(in crate::compat) fn is_of_x0(self) -> bool {
        match self {
            Self::DpmSolverPlusPlus | Self::SdeDpmSolverPlusPlus => true,
            Self::DpmSolver | Self::SdeDpmSolver => false,
        }
    }

    /// Whether its steps add noise.
    pub(in crate::compat) fn draws(self) -> bool {
        match self {
            Self::SdeDpmSolver | Self::SdeDpmSolverPlusPlus => true,
            Self::DpmSolver | Self::DpmSolverPlusPlus => false,
        }
    }

    /// Refuses an end that it can't reach.
    pub(in crate::compat) fn check_end(
        self,
        class: &'static str,
        end: FinalSigma,
    ) -> Result<(), CompatError> {
        match (self, end) {
            (Self::DpmSolver | Self::SdeDpmSolver, FinalSigma::Zero) => Err(CompatError::Unknown {
                class,
                setting: "final_sigmas_type",
                found: "zero",
                expected: "sigma_min with an algorithm_type of epsilon",
            }),
            _ => Ok(()),
        }
    }

    /// What it extrapolates, of `output` at `x`; and x̂₀.
    pub(in crate::compat) fn estimate(
        self,
        config: &Config,
        at: Vp,
        output: &Batch,
        x: &Batch,
    ) -> (Batch, Batch) {
        let (alpha, sigma) = at.scales();
        if self.is_of_x0() {
            let x0 = config.limit(config.x0_at(at.scales(), output, x));
            return (x0.clone(), x0);
        }
        let epsilon = config.epsilon_at(at.scales(), output, x);
        let x0 = config.limit(zip(x, &epsilon, |x, epsilon| (x - sigma * epsilon) / alpha));
        if config.threshold.is_none() {
            return (epsilon, x0);
        }
        (epsilon_from(at.scales(), &x0, x), x0)
    }
}

/// `solver_type` of a DPM-Solver: what its second-order term is weighted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Solver {
    /// `midpoint`.
    #[default]
    Midpoint,
    /// `heun`.
    Heun,
}

/// A step from one level to another.
#[derive(Clone, Copy, Debug)]
pub(in crate::compat) struct Update {
    algorithm: Algorithm,
    from: Vp,
    to: Vp,
    h: f32,
}

impl Update {
    pub(in crate::compat) fn new(algorithm: Algorithm, from: Vp, to: Vp) -> Self {
        Self { algorithm, from, to, h: to.lambda - from.lambda }
    }

    /// Its length in λ.
    pub(in crate::compat) fn h(&self) -> f32 {
        self.h
    }

    /// The end of the step: of `x` and the estimate `d0`, and as many `differences` with their
    /// weights as the order wants.
    pub(in crate::compat) fn apply(
        &self,
        x: &Batch,
        d0: &Batch,
        differences: &[(f32, &Batch)],
        noise: &mut dyn Noise<Batch>,
    ) -> Batch {
        let (on_x, on_d0) = self.on_x_and_d0();
        let mut terms = vec![(on_x, x), (on_d0, d0)];
        terms.extend_from_slice(differences);
        let mean = combination(&terms);
        if !self.algorithm.draws() {
            return mean;
        }
        let std = self.std();
        zip(&mean, &noise.draw(x), |mean, z| mean + std * z)
    }

    /// Weights of x and of the first estimate.
    fn on_x_and_d0(&self) -> (f32, f32) {
        let Self { from, to, h, .. } = *self;
        match self.algorithm {
            Algorithm::DpmSolverPlusPlus => (to.sigma / from.sigma, -self.scale()),
            Algorithm::SdeDpmSolverPlusPlus => (to.sigma / from.sigma * exp(-h), self.scale()),
            Algorithm::DpmSolver => (to.alpha / from.alpha, -self.scale()),
            Algorithm::SdeDpmSolver => (to.alpha / from.alpha, -(2.0 * self.scale())),
        }
    }

    /// α' (e^{−h} − 1), σ' (e^h − 1) or α' (1 − e^{−2h}).
    fn scale(&self) -> f32 {
        self.length() * self.growth()
    }

    /// α' or σ'.
    fn length(&self) -> f32 {
        if self.algorithm.is_of_x0() { self.to.alpha } else { self.to.sigma }
    }

    /// e^{−h} − 1, e^h − 1 or 1 − e^{−2h}.
    fn growth(&self) -> f32 {
        match self.algorithm {
            Algorithm::DpmSolverPlusPlus => exp(-self.h) - 1.0,
            Algorithm::DpmSolver | Algorithm::SdeDpmSolver => exp(self.h) - 1.0,
            Algorithm::SdeDpmSolverPlusPlus => 1.0 - exp(-2.0 * self.h),
        }
    }

    /// Standard deviation of the noise.
    fn std(&self) -> f32 {
        let variance = match self.algorithm {
            Algorithm::SdeDpmSolver => exp(2.0 * self.h) - 1.0,
            Algorithm::DpmSolver
            | Algorithm::DpmSolverPlusPlus
            | Algorithm::SdeDpmSolverPlusPlus => 1.0 - exp(-2.0 * self.h),
        };
        self.to.sigma * variance.sqrt()
    }

    /// Weight of the first difference at order 2.
    pub(in crate::compat) fn on_difference(&self, solver: Solver) -> f32 {
        match (solver, self.algorithm) {
            (Solver::Heun, _) => self.on_slope(),
            (Solver::Midpoint, Algorithm::DpmSolverPlusPlus | Algorithm::DpmSolver) => {
                -(0.5 * self.scale())
            }
            (Solver::Midpoint, Algorithm::SdeDpmSolverPlusPlus) => 0.5 * self.scale(),
            (Solver::Midpoint, Algorithm::SdeDpmSolver) => -self.scale(),
        }
    }

    /// Weight of a slope that is integrated exactly.
    pub(in crate::compat) fn on_slope(&self) -> f32 {
        let (h, growth, length) = (self.h, self.growth(), self.length());
        match self.algorithm {
            Algorithm::DpmSolverPlusPlus => length * (growth / h + 1.0),
            Algorithm::SdeDpmSolverPlusPlus => length * (growth / (-2.0 * h) + 1.0),
            Algorithm::DpmSolver => -(length * (growth / h - 1.0)),
            Algorithm::SdeDpmSolver => -(2.0 * (length * (growth / h - 1.0))),
        }
    }

    /// Weight of the second difference; `sde-dpmsolver` has none.
    pub(in crate::compat) fn on_curvature(&self) -> f32 {
        let (h, growth, length) = (self.h, self.growth(), self.length());
        match self.algorithm {
            Algorithm::DpmSolverPlusPlus => -(length * ((growth + h) / (h * h) - 0.5)),
            Algorithm::SdeDpmSolverPlusPlus => {
                let twice = 2.0 * h;
                length * ((growth - twice) / (twice * twice) - 0.5)
            }
            Algorithm::DpmSolver | Algorithm::SdeDpmSolver => {
                -(length * ((growth - h) / (h * h) - 0.5))
            }
        }
    }
}

/// `(m − other)/r`, as diffusers has it.
pub(in crate::compat) fn divided(r: f32, m: &Batch, other: &Batch) -> Batch {
    let inverse = 1.0 / r;
    zip(m, other, |m, other| inverse * (m - other))
}
