//! The residual block.

use ancestral_format::{Activation, TimeScaleShift};
use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::resample::Resample;
use crate::layer::{Conv2d, GroupNorm, Linear, activate};

/// Two convolutions with the time embedding brought in between them, around a shortcut.
///
/// # Formula
/// ```text
/// h = conv1(resample(act(norm1(x)))),   s = proj(act(time))
/// h = norm2(h + s)                                     or, with scale and shift (a, b) = s:
/// h = norm2(h) (1 + a) + b
/// y = (shortcut(resample(x)) + conv2(act(h))) / scale
/// ```
/// # Shapes
/// x: `[batch, height, width, from]`, time: `[batch, width_of_time]` →
/// `[batch, height, width, to]`, or half or twice the height and width.
#[derive(Module, Debug)]
pub struct ResnetBlock {
    norm1: GroupNorm,
    conv1: Conv2d,
    time_emb_proj: Linear,
    norm2: GroupNorm,
    conv2: Conv2d,
    conv_shortcut: Option<Conv2d>,
    scale: f64,
    #[module(skip)]
    kind: Kind,
}

/// What residual blocks of one network have in common.
#[derive(Debug, Clone, Copy)]
pub(super) struct Common {
    pub time_width: usize,
    pub epsilon: f64,
    pub activation: Activation,
    pub shift: TimeScaleShift,
}

/// The properties of a residual block.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    /// Channels in and out.
    pub channels: [usize; 2],
    /// Groups of the two normalisations.
    pub groups: [usize; 2],
    pub resample: Resample,
    /// Whether the shortcut has a convolution even where channels stay the same.
    pub convolves_shortcut: bool,
    pub scale: f64,
}

#[derive(Debug, Clone, Copy)]
struct Kind {
    activation: Activation,
    shift: TimeScaleShift,
    resample: Resample,
}

impl ResnetBlock {
    pub(super) fn new(device: &Device, common: Common, plan: Plan) -> Self {
        let Common { time_width, epsilon, activation, shift } = common;
        let [from, to] = plan.channels;
        let norm = |groups, channels| GroupNorm::new(device, groups, channels, epsilon);
        let projected = match shift {
            TimeScaleShift::Default => to,
            TimeScaleShift::ScaleShift => 2 * to,
        };
        Self {
            norm1: norm(plan.groups[0], from),
            conv1: Conv2d::same(device, plan.channels, 3),
            time_emb_proj: Linear::new(device, time_width, projected),
            norm2: norm(plan.groups[1], to),
            conv2: Conv2d::same(device, [to, to], 3),
            conv_shortcut: (from != to || plan.convolves_shortcut)
                .then(|| Conv2d::same(device, plan.channels, 1)),
            scale: plan.scale,
            kind: Kind { activation, shift, resample: plan.resample },
        }
    }

    /// `time` is the activation of the time embedding: it is the same for every block.
    pub(super) fn forward(&self, x: Tensor<4>, time: Tensor<2>) -> Tensor<4> {
        let Kind { shift, resample, .. } = self.kind;
        let conditioning = self.time_emb_proj.forward(time);
        let h = resample.apply(self.activated(&self.norm1, x.clone()));
        let h = match shift {
            TimeScaleShift::Default => {
                let [batch, channels] = conditioning.dims();
                let h = self.conv1.forward(h) + conditioning.reshape([batch, 1, 1, channels]);
                self.activated(&self.norm2, h)
            }
            TimeScaleShift::ScaleShift => self.scaled(self.conv1.forward(h), &conditioning),
        };
        let x = resample.apply(x);
        let shortcut = match &self.conv_shortcut {
            Some(conv) => conv.forward(x),
            None => x,
        };
        let y = self.conv2.forward(h) + shortcut;
        if self.scale == 1.0 { y } else { y / self.scale }
    }

    /// The activation of what is normalised.
    fn activated(&self, norm: &GroupNorm, x: Tensor<4>) -> Tensor<4> {
        match self.kind.activation {
            Activation::Silu | Activation::Swish => norm.forward_silu(x),
            other @ (Activation::Mish | Activation::Gelu | Activation::Relu) => {
                activate(other, norm.forward(x))
            }
        }
    }

    /// The activation of what is normalised, scaled and shifted by the time.
    fn scaled(&self, h: Tensor<4>, conditioning: &Tensor<2>) -> Tensor<4> {
        let [batch, .., channels] = h.dims();
        let part = |first| {
            conditioning.clone().narrow(1, first, channels).reshape([batch, 1, 1, channels])
        };
        let h = self.norm2.forward(h) * (part(0) + 1.0) + part(channels);
        activate(self.kind.activation, h)
    }
}
