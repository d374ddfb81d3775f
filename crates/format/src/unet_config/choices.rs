//! The closed choices of a U-Net, as far as we support them.

use crate::names::names;

names! {
    /// A block of the down path.
    pub enum DownBlock {
        /// Residual layers only, then a convolution of stride 2.
        DownBlock2D = "DownBlock2D",
        /// Self-attention after each residual layer.
        AttnDownBlock2D = "AttnDownBlock2D",
        /// Residual layers only, the last of which halves the resolution.
        ResnetDownsampleBlock2D = "ResnetDownsampleBlock2D",
        /// Residual layers, and a copy of the picture that is filtered down beside them.
        SkipDownBlock2D = "SkipDownBlock2D",
        /// The same with self-attention after each residual layer.
        AttnSkipDownBlock2D = "AttnSkipDownBlock2D",
    }
}

impl DownBlock {
    /// Whether self-attention follows each residual layer.
    #[must_use]
    pub const fn has_attention(self) -> bool {
        matches!(self, Self::AttnDownBlock2D | Self::AttnSkipDownBlock2D)
    }

    /// Whether a copy of the picture is filtered down beside the residual layers.
    #[must_use]
    pub const fn has_picture(self) -> bool {
        matches!(self, Self::SkipDownBlock2D | Self::AttnSkipDownBlock2D)
    }
}

names! {
    /// The block at the lowest resolution.
    pub enum MidBlock {
        /// Two residual layers, with self-attention between them if `add_attention` is set.
        UNetMidBlock2D = "UNetMidBlock2D",
    }
}

names! {
    /// A block of the up path.
    pub enum UpBlock {
        /// Residual layers only, then nearest-neighbour upsampling and a convolution.
        UpBlock2D = "UpBlock2D",
        /// Self-attention after each residual layer.
        AttnUpBlock2D = "AttnUpBlock2D",
        /// Residual layers only, the last of which doubles the resolution.
        ResnetUpsampleBlock2D = "ResnetUpsampleBlock2D",
        /// Residual layers, and a picture that is filtered up and added to beside them.
        SkipUpBlock2D = "SkipUpBlock2D",
        /// The same with one self-attention after all residual layers.
        AttnSkipUpBlock2D = "AttnSkipUpBlock2D",
    }
}

impl UpBlock {
    /// Whether there is self-attention among the residual layers or after them.
    #[must_use]
    pub const fn has_attention(self) -> bool {
        matches!(self, Self::AttnUpBlock2D | Self::AttnSkipUpBlock2D)
    }

    /// Whether a picture is filtered up and added to beside the residual layers.
    #[must_use]
    pub const fn has_picture(self) -> bool {
        matches!(self, Self::SkipUpBlock2D | Self::AttnSkipUpBlock2D)
    }
}

names! {
    /// How a timestep becomes a vector.
    pub enum TimeEmbedding {
        /// Sines and cosines of fixed frequencies.
        Positional = "positional",
        /// Sines and cosines of stored random frequencies, at the logarithm of the time; the
        /// prediction is divided by the time.
        Fourier = "fourier",
        /// A table with a vector a timestep.
        Learned = "learned",
    }
}

names! {
    /// How an attention block changes the resolution. (Blocks without attention have a name for
    /// each kind.)
    pub enum Resampling {
        /// A 3×3 convolution: with stride 2 on the down path, after nearest-neighbour upsampling on
        /// the up path.
        Conv = "conv",
        /// A residual layer that takes means of four, or repeats each value, on both its branches.
        Resnet = "resnet",
    }
}

names! {
    /// The activation function of the residual layers. (That of the time embedding and of the last
    /// layer is always silu.)
    pub enum Activation {
        /// x · sigmoid(x).
        Silu = "silu",
        /// Another name of the same.
        Swish = "swish",
        /// x · tanh(ln(1 + eˣ)).
        Mish = "mish",
        /// x · Φ(x), with the normal distribution function.
        Gelu = "gelu",
        /// max(x, 0).
        Relu = "relu",
    }
}

names! {
    /// How the time embedding enters a residual layer.
    pub enum TimeScaleShift {
        /// It is added between the two convolutions.
        Default = "default",
        /// It scales and shifts what the second normalisation gives.
        ScaleShift = "scale_shift",
    }
}

names! {
    /// How a label is embedded, instead of by a table.
    pub enum ClassEmbedding {
        /// As a timestep, with weights of its own: the label is a number.
        Timestep = "timestep",
        /// Not at all: the label is a vector as wide as the time embedding.
        Identity = "identity",
    }
}
