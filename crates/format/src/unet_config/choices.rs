//! The closed choices of a U-Net, as far as we support them.

use crate::names::names;

names! {
    /// A block of the way down.
    pub enum DownBlock {
        /// Residual layers only.
        DownBlock2D = "DownBlock2D",
        /// Self-attention after each residual layer.
        AttnDownBlock2D = "AttnDownBlock2D",
    }
}

names! {
    /// The block at the lowest resolution.
    pub enum MidBlock {
        /// Two residual layers with self-attention between them.
        UNetMidBlock2D = "UNetMidBlock2D",
    }
}

names! {
    /// A block of the way up.
    pub enum UpBlock {
        /// Residual layers only.
        UpBlock2D = "UpBlock2D",
        /// Self-attention after each residual layer.
        AttnUpBlock2D = "AttnUpBlock2D",
    }
}

names! {
    /// How a timestep becomes a vector.
    pub enum TimeEmbedding {
        /// Sines and cosines of fixed frequencies.
        Positional = "positional",
    }
}

names! {
    /// How a block changes the resolution.
    pub enum Resampling {
        /// A 3×3 convolution: with stride 2 on the way down, after nearest-neighbour upsampling on
        /// the way up.
        Conv = "conv",
    }
}

names! {
    /// The activation function.
    pub enum Activation {
        /// x · sigmoid(x).
        Silu = "silu",
    }
}

names! {
    /// How the time embedding enters a residual layer.
    pub enum TimeScaleShift {
        /// It is added between the two convolutions.
        Default = "default",
    }
}

names! {
    /// What a label goes through instead of a table: nothing that we support yet.
    pub enum ClassEmbedding {}
}
