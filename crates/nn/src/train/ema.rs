//! Averaged weights.

use burn::module::{Module, ModuleMapper, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

use crate::parameters::{filled, replace, taken, tensors_by_id};

/// An exponential moving average of the weights of a module.
///
/// # Formula
/// ```text
/// shadow ← shadow + (1 − d_k) (weight − shadow),     d_k = min(target, (1 + k)/(10 + k)), d_0 = 0
/// ```
/// with k the number of updates already made: the average forgets its start quickly while it is
/// young.
/// # Source
/// The warm-up is that of TensorFlow's `ExponentialMovingAverage` and of diffusers' `EMAModel`,
/// whose step counter is k + 1.
#[derive(Debug, Clone)]
pub struct Ema<M> {
    module: M,
    target: f64,
    updates: u64,
}

impl<M: Module> Ema<M> {
    /// The average starts as a copy of the weights, without gradients.
    #[must_use]
    pub fn new(module: &M, target: f64) -> Self {
        Self { module: module.valid(), target, updates: 0 }
    }

    /// The average as it stood after `updates` updates.
    pub(super) fn resume(average: M, target: f64, updates: u64) -> Self {
        Self { module: average, target, updates }
    }

    /// The decay that the next update will use.
    ///
    /// # Example
    /// ```
    /// use ancestral_nn::{Initializer, device, layer::Linear, train::Ema};
    ///
    /// let layer = Linear::new(&Initializer::new(0, &device::cpu()), 2, 2);
    /// let mut average = Ema::new(&layer, 0.9999);
    /// average.update(&layer);
    /// assert!((average.decay() - 2.0 / 11.0).abs() < 1e-15); // one update made
    /// ```
    #[must_use]
    pub fn decay(&self) -> f64 {
        let k = self.updates as f64;
        if self.updates == 0 { 0.0 } else { self.target.min((1.0 + k) / (10.0 + k)) }
    }

    /// Takes the weights of `module` into the average.
    pub fn update(&mut self, module: &M) {
        let mut averager = Averager { tensors: tensors_by_id(module), share: 1.0 - self.decay() };
        self.module = self.module.clone().map(&mut averager);
        self.updates += 1;
    }

    /// Takes the weights into the average by what `update` makes of its tensors, which then have no
    /// other owner.
    pub(super) fn update_by<T>(
        &mut self,
        update: impl FnOnce(&mut GradientsParams, f64) -> T,
    ) -> T {
        let share = 1.0 - self.decay();
        let mut tensors = tensors_by_id(&taken(&mut self.module));
        let result = update(&mut tensors, share);
        self.module = filled(taken(&mut self.module), tensors);
        self.updates += 1;
        result
    }

    /// The module with the averaged weights.
    #[must_use]
    pub fn module(&self) -> &M {
        &self.module
    }

    /// How many updates were made.
    #[must_use]
    pub fn updates(&self) -> u64 {
        self.updates
    }
}

/// shadow + share (weight − shadow).
pub(super) fn averaged<const D: usize>(
    shadow: Tensor<D>,
    weight: Tensor<D>,
    share: f64,
) -> Tensor<D> {
    // A share of 1 must copy exactly, also what the subtraction would round.
    if share == 1.0 { weight } else { shadow.clone() + (weight - shadow) * share }
}

struct Averager {
    tensors: GradientsParams,
    share: f64,
}

impl ModuleMapper for Averager {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let weight = self.tensors.remove::<D>(param.id).expect("both modules are alike");
        let shadow = param.val();
        replace(param, |_| averaged(shadow, weight, self.share))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Initializer, device, layer::Linear, parameters};

    fn layer(seed: u64) -> Linear {
        Linear::new(&Initializer::new(seed, &device::cpu()), 3, 2)
    }

    #[test]
    fn decays_after_1_2_9_90_and_many_updates() {
        let mut average = Ema::new(&layer(0), 0.9999);
        let mut seen = Vec::new();
        for k in 0..=1000 {
            if [0, 1, 2, 9, 90].contains(&k) {
                seen.push(average.decay());
            }
            average.update(&layer(0));
        }
        let expected = [0.0, 0.181_818, 0.25, 0.526_316, 0.91];
        for (seen, expected) in seen.iter().zip(expected) {
            assert!((seen - expected).abs() < 5e-7, "{seen} {expected}");
        }
        let at_target = Ema { updates: 1_000_000, ..average };
        assert_eq!(at_target.decay(), 0.9999);
    }

    #[test]
    fn the_first_update_copies_and_the_second_averages() {
        let (a, b, c) = (layer(1), layer(2), layer(3));
        let weight = |layer: &Linear| parameters::values(layer.weight.val());
        let mut average = Ema::new(&a, 0.9999);
        assert_eq!(weight(average.module()), weight(&a));
        average.update(&b);
        assert_eq!(weight(average.module()), weight(&b));
        average.update(&c);
        for ((shadow, b), c) in weight(average.module()).iter().zip(weight(&b)).zip(weight(&c)) {
            let expected = 2.0 / 11.0 * b + 9.0 / 11.0 * c;
            assert!((shadow - expected).abs() < 1e-7);
        }
    }
}
