//! The keys of the classes besides `DDPMScheduler` and `DDIMScheduler`.

use ancestral::compat::{Algorithm, FinalSigma, Solver, Spread};
use serde::{Deserialize, Serialize};

use super::SchedulerConfigError;
use super::choices::{
    AlgorithmType, FinalSigmasType, InnerScheduler, InterpolationType, SolverType, TimeShiftType,
    TimestepType,
};
use crate::bounds::{OutOfRange, check};
use crate::listed::short;

/// The keys of solvers; [`SchedulerClass::keys`](super::SchedulerClass::keys) lists those of a class.
///
/// Options of diffusers that we do not support must be off: the levels of flows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "the keys are diffusers'")]
pub struct SolverKeys {
    /// The order of the method.
    pub solver_order: usize,
    /// What is extrapolated.
    pub algorithm_type: AlgorithmType,
    /// How the differences are weighed.
    pub solver_type: SolverType,
    /// Whether the last steps of a short run are of lower order.
    pub lower_order_final: bool,
    /// Whether the last step is of order 1.
    pub euler_at_final: bool,
    /// Whether UniPC extrapolates x̂₀, else ε̂.
    pub predict_x0: bool,
    /// Steps of UniPC whose end is not corrected.
    pub disable_corrector: Vec<usize>,
    /// Another predictor for UniPC: none.
    pub solver_p: Option<InnerScheduler>,
    /// Whether σ^{1/7} is evenly spaced.
    pub use_karras_sigmas: bool,
    /// Whether ln σ is evenly spaced.
    pub use_exponential_sigmas: bool,
    /// Whether σ is at quantiles of a beta distribution.
    pub use_beta_sigmas: bool,
    /// Whether λ is evenly spaced; Karras's levels win over it.
    pub use_lu_lambdas: bool,
    /// Whether levels are those of a flow: no.
    pub use_flow_sigmas: bool,
    /// How far the levels of a flow are shifted.
    pub flow_shift: f64,
    /// Whether the levels of a flow are shifted by the size of a picture: no.
    pub use_dynamic_shifting: bool,
    /// And how.
    pub time_shift_type: TimeShiftType,
    /// Where a run ends.
    pub final_sigmas_type: FinalSigmasType,
    /// Levels of a smaller λ are left out; none: −∞, which a file spells `-Infinity`, or not at all.
    #[serde(deserialize_with = "super::infinity::lambda", skip_serializing_if = "Option::is_none")]
    pub lambda_min_clipped: Option<f64>,
    /// In place of the cleanest level of the spacing, for levels that are spread.
    pub sigma_min: Option<f64>,
    /// In place of the noisiest one.
    pub sigma_max: Option<f64>,
    /// Where the levels of a flow end.
    pub shift_terminal: Option<f64>,
    /// How levels between those of training are found.
    pub interpolation_type: InterpolationType,
    /// The time that the network gets.
    pub timestep_type: TimestepType,
    /// Whether PNDM does without Runge-Kutta steps.
    pub skip_prk_steps: bool,
    /// The timesteps that an LCM was distilled to.
    pub original_inference_steps: usize,
    /// What t is multiplied by in the boundary condition of an LCM.
    pub timestep_scaling: f64,
}

impl Default for SolverKeys {
    /// Those of a `DPMSolverMultistepScheduler`, and of the others what it has no key for.
    fn default() -> Self {
        Self {
            solver_order: 2,
            algorithm_type: AlgorithmType::DpmSolverPlusPlus,
            solver_type: SolverType::Midpoint,
            lower_order_final: true,
            euler_at_final: false,
            predict_x0: true,
            disable_corrector: Vec::new(),
            solver_p: None,
            use_karras_sigmas: false,
            use_exponential_sigmas: false,
            use_beta_sigmas: false,
            use_lu_lambdas: false,
            use_flow_sigmas: false,
            flow_shift: 1.0,
            use_dynamic_shifting: false,
            time_shift_type: TimeShiftType::Exponential,
            final_sigmas_type: FinalSigmasType::Zero,
            lambda_min_clipped: None,
            sigma_min: None,
            sigma_max: None,
            shift_terminal: None,
            interpolation_type: InterpolationType::Linear,
            timestep_type: TimestepType::Discrete,
            skip_prk_steps: false,
            original_inference_steps: 50,
            timestep_scaling: 10.0,
        }
    }
}

impl SolverKeys {
    /// How the levels of a run are spread.
    #[must_use]
    pub fn spread(&self) -> Spread {
        let spreads = [
            (self.use_karras_sigmas, Spread::Karras),
            (self.use_exponential_sigmas, Spread::Exponential),
            (self.use_beta_sigmas, Spread::Beta),
            (self.use_lu_lambdas, Spread::Lu),
        ];
        spreads.into_iter().find(|(used, _)| *used).map_or_else(Spread::default, |it| it.1)
    }

    /// Where a run ends.
    #[must_use]
    pub fn final_sigma(&self) -> FinalSigma {
        match self.final_sigmas_type {
            FinalSigmasType::Zero => FinalSigma::Zero,
            FinalSigmasType::SigmaMin => FinalSigma::SigmaMin,
        }
    }

    /// What a DPM-Solver extrapolates.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        match self.algorithm_type {
            AlgorithmType::DpmSolver => Algorithm::DpmSolver,
            AlgorithmType::DpmSolverPlusPlus | AlgorithmType::Deis => Algorithm::DpmSolverPlusPlus,
            AlgorithmType::SdeDpmSolver => Algorithm::SdeDpmSolver,
            AlgorithmType::SdeDpmSolverPlusPlus => Algorithm::SdeDpmSolverPlusPlus,
        }
    }

    /// How a DPM-Solver weighs its differences.
    #[must_use]
    pub fn second_order(&self) -> Solver {
        match self.solver_type {
            SolverType::Heun => Solver::Heun,
            SolverType::Midpoint | SolverType::Bh1 | SolverType::Bh2 | SolverType::LogRho => {
                Solver::Midpoint
            }
        }
    }

    /// Checks the ranges of the numbers, and that what is not supported is off.
    pub(super) fn validate(&self) -> Result<(), SchedulerConfigError> {
        let spreads = [
            ("use_karras_sigmas", self.use_karras_sigmas),
            ("use_exponential_sigmas", self.use_exponential_sigmas),
            ("use_beta_sigmas", self.use_beta_sigmas),
        ];
        let used: Vec<_> = spreads.iter().filter(|(_, used)| *used).map(|(key, _)| *key).collect();
        if let [first, second, ..] = used[..] {
            return Err(SchedulerConfigError::Spreads { first, second });
        }
        for (key, value) in [
            ("use_flow_sigmas", self.use_flow_sigmas),
            ("use_dynamic_shifting", self.use_dynamic_shifting),
        ] {
            check(!value, key, value, "false: levels of flows are not supported")?;
        }
        let lambda = self.lambda_min_clipped;
        finite("lambda_min_clipped", lambda)?;
        finite("flow_shift", Some(self.flow_shift))?;
        finite("timestep_scaling", Some(self.timestep_scaling))?;
        for (key, sigma) in [("sigma_min", self.sigma_min), ("sigma_max", self.sigma_max)] {
            finite(key, sigma)?;
            let found = sigma.unwrap_or(1.0);
            check(found > 0.0, key, short(found), "positive")?;
        }
        Ok(())
    }
}

fn finite(key: &'static str, value: Option<f64>) -> Result<(), OutOfRange> {
    let value = value.unwrap_or_default();
    check(value.is_finite(), key, value, "finite")
}

#[cfg(test)]
mod tests;
