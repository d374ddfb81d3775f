//! The optimiser.

use ancestral_cpu::train::Update;
use ancestral_format::Weights;
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::optim::{
    AdamW as BurnAdamW, AdamWConfig, AdamWState, AdaptiveMomentumState, GradientsParams, Optimizer,
};
use burn::tensor::Tensor;

use super::TrainConfig;
use super::ema::averaged;
use crate::kernel::{self, Kept};
use crate::parameters::{Path, array, tensors_by_id};

/// AdamW over all parameters of a module.
///
/// # Formula
/// ```text
/// m ← β₁ m + (1 − β₁) g,     v ← β₂ v + (1 − β₂) g²
/// w ← w (1 − rate · decay) − rate · m̂/(√v̂ + ε),     m̂ = m/(1 − β₁ᵏ), v̂ = v/(1 − β₂ᵏ)
/// ```
/// On the CPU in one pass with the average of the weights, elsewhere by Burn. The moments are kept
/// here, so that they can be read by path.
/// # Source
/// Loshchilov and Hutter 2019, arXiv:1711.05101.
pub(super) struct AdamW {
    settings: Update,
    updates: usize,
    /// First and second moment of each parameter's gradient, by its identity.
    moments: [GradientsParams; 2],
}

impl AdamW {
    pub(super) fn new(config: &TrainConfig) -> Self {
        let TrainConfig { betas, epsilon, weight_decay, .. } = *config;
        let (factor, rate, share, number) = (1.0, 0.0, 1.0, 0); // of each update on its own
        let settings = Update { factor, rate, betas, epsilon, weight_decay, number, share };
        Self { settings, updates: 0, moments: [GradientsParams::new(), GradientsParams::new()] }
    }

    /// The module after one update along `factor` times its gradients, a `share` of which goes into
    /// the average.
    pub(super) fn step<M: Module>(
        &mut self,
        module: M,
        gradients: GradientsParams,
        average: &mut GradientsParams,
        plan: Plan,
    ) -> M {
        let module = module.map(&mut Walk { optimizer: self, gradients, average, plan });
        self.updates += 1;
        module
    }

    /// Goes on from the moments after `updates` updates: modules with them in place of weights.
    pub(super) fn restore<M: Module>(&mut self, updates: u64, moments: [&M; 2]) {
        self.updates = usize::try_from(updates).expect("no computer makes that many updates");
        self.moments = moments.map(tensors_by_id);
    }

    /// First and second moments, by the path of their parameter in `module`.
    pub(super) fn moments<M: Module>(&self, module: &M) -> [Weights; 2] {
        self.moments.each_ref().map(|tensors| {
            let mut reader =
                MomentReader { path: Path::default(), tensors, weights: Weights::new() };
            module.visit(&mut reader);
            reader.weights
        })
    }
}

/// What one update is made with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    /// What gradients are multiplied by first.
    pub factor: f64,
    /// The learning rate.
    pub rate: f64,
    /// The share of the new weights in their average.
    pub share: f64,
}

struct Walk<'a> {
    optimizer: &'a mut AdamW,
    gradients: GradientsParams,
    average: &'a mut GradientsParams,
    plan: Plan,
}

impl ModuleMapper for Walk<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let id = param.id;
        let average = self.average.remove::<D>(id).expect("there is an average a parameter");
        let gradient = self.gradients.remove::<D>(id);
        param.map(|old| {
            let tracked = old.is_require_grad();
            let weight = old.inner();
            let (weight, average) = match gradient {
                Some(gradient) => self.updated(id, weight, gradient, average),
                None => (weight.clone(), averaged(average, weight, self.plan.share)),
            };
            self.average.register(id, average);
            Tensor::from_inner(weight).set_require_grad(tracked)
        })
    }
}

impl Walk<'_> {
    /// Weight and average after the update.
    fn updated<const D: usize>(
        &mut self,
        id: ParamId,
        weight: Tensor<D>,
        gradient: Tensor<D>,
        average: Tensor<D>,
    ) -> (Tensor<D>, Tensor<D>) {
        let Plan { factor, rate, share } = self.plan;
        let AdamW { settings, updates, moments: [first, second] } = &mut *self.optimizer;
        let known = first.remove::<D>(id).zip(second.remove::<D>(id));
        if kernel::serves(&weight) {
            let (known_1, known_2) = known.unwrap_or_else(|| {
                let zeros = || Tensor::zeros(weight.shape(), &weight.device());
                (zeros(), zeros())
            });
            let update = Update { factor, rate, share, number: *updates + 1, ..*settings };
            let kept = Kept { weight, first: known_1, second: known_2, average };
            let kept = kernel::update(kept, gradient, update);
            first.register(id, kept.first);
            second.register(id, kept.second);
            return (kept.weight, kept.average);
        }
        let state = known.map(|(moment_1, moment_2)| AdamWState {
            momentum: AdaptiveMomentumState {
                time: *updates,
                moment_1,
                moment_2,
                max_moment_2: None,
            },
        });
        let (weight, state) = rule(settings).step(rate, weight, gradient * factor, state);
        let momentum = state.expect("AdamW always has a state").momentum;
        first.register(id, momentum.moment_1);
        second.register(id, momentum.moment_2);
        let average = averaged(average, weight.clone(), share);
        (weight, average)
    }
}

/// The same by Burn.
fn rule(settings: &Update) -> BurnAdamW {
    let [beta_1, beta_2] = settings.betas;
    AdamWConfig::new()
        .with_beta_1(beta_1)
        .with_beta_2(beta_2)
        .with_epsilon(settings.epsilon)
        .with_weight_decay(settings.weight_decay)
        .build()
}

struct MomentReader<'a> {
    path: Path,
    tensors: &'a GradientsParams,
    weights: Weights,
}

impl ModuleVisitor for MomentReader<'_> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, container: &str) {
        self.path.exit(container);
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(tensor) = self.tensors.get::<D>(param.id) {
            self.weights.insert(self.path.dotted(), array(tensor));
        }
    }
}
