//! DPM-Solver, singlestep: several network calls within a hop.

use std::ops::ControlFlow;

use crate::denoiser::Denoiser;
use crate::grid::{Grid, Hop};
use crate::noise::Noise;
use crate::options::{OptionError, OptionInfo, Options};
use crate::sample::Sample;
use crate::sampler::kernel::{Form, Singlestep, begin};
use crate::sampler::{Sampler, SamplerInfo, Stepped};

/// DPM-Solver (noise form) and DPM-Solver++ (data form), singlestep, of order 1, 2 or 3: as many
/// network calls a hop, and no memory. Of order 1 it is [`Ddim`](crate::Ddim) with η = 0 in both
/// forms.
///
/// # Formula
/// In the data form, with y = x/α and shares of the hop's length h in λ; m(r) is the estimate x̂₀
/// at share r:
/// ```text
/// order 2   y(½) = e^(−h/2) y + (1 − e^(−h/2)) m(0)
///           y′   = e^(−h) y + (1 − e^(−h)) m(½)
/// order 3   y(⅓) as for order 2, y(⅔) and y′ by the line through m(0) and m(⅓), m(0) and m(⅔),
///           integrated exactly under e^(u − h)
/// ```
/// The noise form is the same with ε̂, and e^h in the place of e^(−h): see [`Form`].
/// # Source
/// Lu et al. 2022, arXiv:2206.00927, algorithms 1 (r₁ = ½) and 2 (r₁ = ⅓, r₂ = ⅔), and
/// arXiv:2211.01095, algorithm 1. `DPMSolverSinglestepScheduler` in diffusers spends one hop of its
/// grid on each network call; here a hop of the grid is a whole step, its inner points are off the
/// grid.
///
/// # Example
/// ```
/// use ancestral::sampler::Form;
/// use ancestral::{AnySampler, DpmSolver};
/// let sampler: AnySampler = "dpm-solver:order=2,form=data".parse()?;
/// assert_eq!(sampler, AnySampler::DpmSolver(DpmSolver { order: 2, form: Form::Data }));
/// # Ok::<(), ancestral::OptionError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DpmSolver {
    /// Its order, and network calls a hop: 1, 2 or 3. What is below counts as 1, above as 3.
    pub order: u32,
    /// Which estimate is taken for a polynomial.
    pub form: Form,
}

impl Default for DpmSolver {
    fn default() -> Self {
        Self { order: 3, form: Form::Noise }
    }
}

const OPTIONS: &[OptionInfo] = &[
    OptionInfo { name: "order", default: "3", about: "1, 2 or 3" },
    OptionInfo { name: "form", default: "noise", about: "noise (DPM-Solver) or data (DPM-Solver++)" },
];

impl Sampler for DpmSolver {
    type History<X: Sample> = ();

    fn info(&self) -> SamplerInfo {
        SamplerInfo {
            name: "dpm-solver",
            about: "DPM-Solver, as many calls a step as its order",
            order: self.order.clamp(1, 3),
            stochastic: false,
            calls_per_hop: self.order.clamp(1, 3),
            exact_for_a_point: true,
            options: OPTIONS,
        }
    }

    fn values(&self) -> Vec<String> {
        vec![self.order.to_string(), self.form.name().to_owned()]
    }

    fn from_options(mut options: Options) -> Result<Self, OptionError> {
        let default = Self::default();
        let order = options.take("order", "1, 2 or 3", |order: &u32| (1..=3).contains(order))?;
        let form = options.take("form", Form::CHOICE, |_: &Form| true)?;
        options.finish(OPTIONS)?;
        Ok(Self { order: order.unwrap_or(default.order), form: form.unwrap_or(default.form) })
    }

    fn start<X: Sample>(&self, _grid: &Grid) {}

    fn step<X, D, N>(
        &self,
        _history: &mut (),
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
        let x0 = match begin(hop, &x, denoiser)? {
            ControlFlow::Break(stepped) => return Ok(stepped),
            ControlFlow::Continue(denoised) => denoised.x0,
        };
        let method = Singlestep { form: self.form, order: self.order };
        let (update, estimates) = method.update(hop, &x, &x0, denoiser)?;
        let x = update.apply(&x, estimates.iter().map(|(w, v)| (*w, v)), None);
        Ok(Stepped { x, x0 })
    }
}
