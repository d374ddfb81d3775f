//! Multistep methods: one network call a hop, and the estimates of the hops behind.

use std::ops::ControlFlow;

use super::begin;
use super::exponential::{Form, Update};
use super::history::History;
use crate::denoiser::Denoiser;
use crate::grid::{Hop, Point};
use crate::noise::Noise;
use crate::sample::Sample;
use crate::sampler::Stepped;

/// A multistep method, in which all of them differ.
pub(crate) struct Multistep<'a> {
    /// What its polynomial goes through.
    pub(crate) form: Form,
    /// The share of noise; not 0 for [`Form::Data`] alone.
    pub(crate) eta: f64,
    /// What the nodes of its polynomial are measured in.
    pub(crate) measure: fn(Point) -> f64,
    /// The weights of estimates at some nodes, newest first.
    pub(crate) weights: &'a dyn Fn(&Update, &[f64]) -> Vec<f64>,
}

/// The measure of exponential integrators.
pub(crate) fn lambda(point: Point) -> f64 {
    point.level.lambda()
}

impl Multistep<'_> {
    pub(crate) fn step<X, D, N>(
        &self,
        history: &mut History<X>,
        hop: &Hop,
        x: &X,
        denoiser: &mut D,
        noise: &mut N,
    ) -> Result<Stepped<X>, D::Error>
    where
        X: Sample,
        D: Denoiser<X> + ?Sized,
        N: Noise<X> + ?Sized,
    {
        let x0 = match begin(hop, x, denoiser)? {
            ControlFlow::Break(stepped) => return Ok(stepped),
            ControlFlow::Continue(denoised) => denoised.x0,
        };
        let estimate = self.form.estimate(hop.from().level, x, &x0);
        history.push((self.measure)(hop.from()), estimate);
        let (update, std) = Update::with_noise(hop, self.form, self.eta);
        let weights = (self.weights)(&update, &history.reaching((self.measure)(hop.to())));
        let z = (std > 0.0).then(|| noise.draw(x));
        let x = update.apply(x, history.weighted(weights), z.as_ref().map(|z| (std, z)));
        Ok(Stepped { x, x0 })
    }
}
