//! DPM-Solver, singlestep: several network calls within a hop.

use std::ops::ControlFlow;

use crate::denoiser::Denoiser;
use crate::grid::{Grid, Hop};
use crate::noise::Noise;
use crate::options::{OptionError, OptionInfo, Options};
use crate::sample::Sample;
use crate::sampler::kernel::{Form, Singlestep, begin_whole, is_whole, order};
use crate::sampler::{NamedSampler, Sampler, SamplerInfo, Stepped};

/// DPM-Solver (noise form) and DPM-Solver++ (data form), singlestep, of order 1, 2 or 3: as many
/// network calls a hop, and no memory. Of order 1 it is [`Ddim`](crate::sampler::Ddim) with η = 0 in both
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
/// grid. Of order 3 it differs from the papers and from here: its line to ⅔ has the weight of the
/// midpoint method.
///
/// # Example
/// ```
/// use ancestral::sampler::Form;
/// use ancestral::sampler::DpmSolver;
/// use ancestral::AnySampler;
/// let sampler: AnySampler = "dpm-solver:order=2,form=data".parse()?;
/// assert_eq!(sampler, AnySampler::DpmSolver(DpmSolver::new(2, Form::Data)?));
/// # Ok::<(), ancestral::options::OptionError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DpmSolver {
    /// Its order, and network calls a hop: 1, 2 or 3.
    pub(crate) order: u32,
    /// Which estimate is taken for a polynomial.
    pub(crate) form: Form,
}

impl Default for DpmSolver {
    fn default() -> Self {
        Self { order: 3, form: Form::Noise }
    }
}

const OPTIONS: &[OptionInfo] = &[
    OptionInfo { name: "order", default: "3", about: "1, 2 or 3" },
    OptionInfo {
        name: "form",
        default: "noise",
        about: "noise (DPM-Solver) or data (DPM-Solver++)",
    },
];

impl DpmSolver {
    /// Of `order` 1 to 3.
    ///
    /// # Errors
    /// If `order` is not 1 to 3.
    pub fn new(order: u32, form: Form) -> Result<Self, OptionError> {
        Ok(Self { order: order::TO_3.checked("dpm-solver", order)?, form })
    }
}

impl Sampler for DpmSolver {
    type History<X: Sample> = ();

    fn info(&self) -> SamplerInfo {
        SamplerInfo {
            name: "dpm-solver",
            about: "DPM-Solver, as many calls a step as its order",
            order: self.order,
            stochastic: false,
            calls_per_hop: self.order,
            exact_for_a_point: true,
            options: OPTIONS,
        }
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
        let x0 = match begin_whole(is_whole(hop), hop, &x, denoiser)? {
            ControlFlow::Break(stepped) => return Ok(stepped),
            ControlFlow::Continue(denoised) => denoised.x0,
        };
        let method = Singlestep { form: self.form, order: self.order };
        let (update, estimates) = method.update(hop, &x, &x0, denoiser)?;
        let x = update.apply(&x, estimates.iter().map(|(w, v)| (*w, v)), None);
        Ok(Stepped { x, x0 })
    }
}

impl NamedSampler for DpmSolver {
    fn values(&self) -> Vec<String> {
        vec![self.order.to_string(), self.form.name().to_owned()]
    }

    fn from_options(mut options: Options) -> Result<Self, OptionError> {
        let default = Self::default();
        let order = order::TO_3.take(&mut options)?;
        let form = options.take("form", Form::CHOICE, |_: &Form| true)?;
        options.finish(OPTIONS)?;
        Ok(Self { order: order.unwrap_or(default.order), form: form.unwrap_or(default.form) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampler::conformance;
    use crate::sampler::known::{assert_close, run};
    use crate::sampler::{Ddim, Dpm2};
    use std::f64::consts::LN_2 as L;

    fn solver(order: u32, form: Form) -> DpmSolver {
        DpmSolver { order, form }
    }

    #[test]
    fn of_order_1_it_is_ddim_and_of_order_2_dpm2() {
        let k = [9.0, 5.0, 0.3, 0.2];
        let x0 = [1.0, -0.4, 0.6, 0.1, 0.9, 0.2];
        for form in Form::ALL {
            let found = run(&solver(1, form), &k, 3.0, &x0[..3], &[]);
            assert_close(&found.y, &run(&Ddim::default(), &k, 3.0, &x0[..3], &[]).y);
        }
        let found = run(&solver(2, Form::Noise), &k, 3.0, &x0, &[]);
        assert_eq!(found.y, run(&Dpm2::default(), &k, 3.0, &x0, &[]).y);
    }

    #[test]
    fn of_order_2_in_the_data_form_by_hand() {
        // 16 → 4, middle 8: y_m = 3/2 + ½, y′ = 3/4 + ¾·½. 4 → 2: y_m = y/√2 + (1 − 1/√2) 2.
        let known = run(&solver(2, Form::Data), &[16.0, 4.0, 2.0], 3.0, &[1.0, 0.5, 2.0, 1.0], &[]);
        let half = 0.5_f64.sqrt();
        let middle = 1.125 * half + (1.0 - half) * 2.0;
        assert_close(&known.asked[1], &[8.0, 2.0]);
        assert_close(&known.asked[3], &[8_f64.sqrt(), middle]);
        assert_close(&known.y, &[1.125, 1.125 / 2.0 + 0.5]);
    }

    #[test]
    fn of_order_3_in_the_noise_form_by_hand() {
        // 64 → 8 by 32 and 16: h = 3 L. ∫₀ᴴ e^(H − u) u du = e^H − 1 − H.
        let known = run(&solver(3, Form::Noise), &[64.0, 8.0], 3.0, &[1.0, 0.5, 0.0], &[]);
        let (e0, e1) = (2.0 / 64.0, 1.5 / 32.0);
        let y2 = 3.0 - 48.0 * e0 - 16.0 * (e1 - e0) / L * (3.0 - 2.0 * L);
        let e2 = y2 / 16.0;
        let y3 = 3.0 - 56.0 * e0 - 8.0 * (e2 - e0) / (2.0 * L) * (7.0 - 3.0 * L);
        assert_close(known.asked.as_flattened(), &[64.0, 3.0, 32.0, 2.0, 16.0, y2]);
        assert_close(&known.y, &[y3]);
    }

    #[test]
    fn of_order_3_in_the_data_form_by_hand() {
        // ∫₀ᴴ e^(u − H) u du = H − 1 + e^(−H).
        let (m0, m1, m2) = (1.0, 0.5, -0.75);
        let known = run(&solver(3, Form::Data), &[64.0, 8.0], 3.0, &[m0, m1, m2], &[]);
        let y2 = 0.75 + 0.75 * m0 + (m1 - m0) / L * (2.0 * L - 0.75);
        let y3 = 0.375 + 0.875 * m0 + (m2 - m0) / (2.0 * L) * (3.0 * L - 0.875);
        assert_close(known.asked.as_flattened(), &[64.0, 3.0, 32.0, 2.0, 16.0, y2]);
        assert_close(&known.y, &[y3]);
    }

    #[test]
    fn conforms_in_every_order_and_form() {
        for (order, form) in [1, 2, 3].into_iter().flat_map(|o| Form::ALL.map(|form| (o, form))) {
            conformance::check(&solver(order, form));
        }
    }
}
