//! The optimiser.

use ancestral_format::Weights;
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::{
    AdamW as BurnAdamW, AdamWConfig, AdamWState, AdaptiveMomentumState, GradientsParams, Optimizer,
};
use burn::tensor::Tensor;

use super::TrainConfig;
use crate::parameters::{Path, array, tensors_by_id};

/// AdamW over all parameters of a module.
///
/// # Formula
/// ```text
/// m ← β₁ m + (1 − β₁) g,     v ← β₂ v + (1 − β₂) g²
/// w ← w (1 − rate · decay) − rate · m̂/(√v̂ + ε),     m̂ = m/(1 − β₁ᵏ), v̂ = v/(1 − β₂ᵏ)
/// ```
/// The arithmetic is Burn's. The moments are kept here, so that they can be read by path.
/// # Source
/// Loshchilov and Hutter 2019, arXiv:1711.05101.
pub(super) struct AdamW {
    rule: BurnAdamW,
    updates: usize,
    /// First and second moment of each parameter's gradient, by its identity.
    moments: [GradientsParams; 2],
}

impl AdamW {
    pub(super) fn new(config: &TrainConfig) -> Self {
        let [beta_1, beta_2] = config.betas;
        let rule = AdamWConfig::new()
            .with_beta_1(beta_1)
            .with_beta_2(beta_2)
            .with_epsilon(config.epsilon)
            .with_weight_decay(config.weight_decay)
            .build();
        Self { rule, updates: 0, moments: [GradientsParams::new(), GradientsParams::new()] }
    }

    /// The module after one update along `factor` times its gradients.
    pub(super) fn step<M: Module>(
        &mut self,
        module: M,
        gradients: GradientsParams,
        factor: f64,
        rate: f64,
    ) -> M {
        let module = module.map(&mut Update { optimizer: self, gradients, factor, rate });
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

struct Update<'a> {
    optimizer: &'a mut AdamW,
    gradients: GradientsParams,
    factor: f64,
    rate: f64,
}

impl ModuleMapper for Update<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let id = param.id;
        let Some(gradient) = self.gradients.remove::<D>(id) else { return param };
        let gradient = if self.factor == 1.0 { gradient } else { gradient * self.factor };
        let AdamW { rule, updates, moments: [first, second] } = &mut *self.optimizer;
        let known = first.remove::<D>(id).zip(second.remove::<D>(id));
        let state = known.map(|(moment_1, moment_2)| AdamWState {
            momentum: AdaptiveMomentumState {
                time: *updates,
                moment_1,
                moment_2,
                max_moment_2: None,
            },
        });
        param.map(|old| {
            let tracked = old.is_require_grad();
            let (new, state) = rule.step(self.rate, old.inner(), gradient, state);
            let momentum = state.expect("AdamW always has a state").momentum;
            first.register(id, momentum.moment_1);
            second.register(id, momentum.moment_2);
            Tensor::from_inner(new).set_require_grad(tracked)
        })
    }
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
