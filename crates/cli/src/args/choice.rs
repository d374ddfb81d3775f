//! Values of the libraries' that are one of a few names on the command line.

#[cfg(feature = "train")]
use ancestral::Prediction;
#[cfg(feature = "pictures")]
use ancestral_eval::Resize;
use ancestral_format::Dtype;
#[cfg(feature = "train")]
use ancestral_learn::{Fit, Loss, Missing, Optimizer, TimestepSampler};
use ancestral_pipeline::{Compat, NoiseSource, Precision};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

/// A value that is one of a few names.
pub trait Choice: Copy + PartialEq + Send + Sync + 'static {
    /// All values, their names, and what they mean.
    const ALL: &'static [(Self, &'static str, &'static str)];

    /// The value as written on the command line.
    fn name(self) -> &'static str {
        let this = Self::ALL.iter().find(|(value, ..)| *value == self);
        this.map_or("", |(_, name, _)| name)
    }
}

/// Reads one of the names.
pub fn choice<T: Choice>() -> impl TypedValueParser<Value = T> {
    let names = T::ALL.iter().map(|(_, name, help)| PossibleValue::new(*name).help(*help));
    PossibleValuesParser::new(names).try_map(|text| {
        let value = T::ALL.iter().find(|(_, name, _)| *name == text);
        value.map(|(value, ..)| *value).ok_or("no such name")
    })
}

macro_rules! choices {
    ($($type:ty { $($value:ident = $name:literal: $help:literal;)+ })+) => {
        $(impl Choice for $type {
            const ALL: &'static [(Self, &'static str, &'static str)] =
                &[$((Self::$value, $name, $help)),+];
        })+
    };
}

choices! {
    Precision {
        F32 = "f32": "32 bits";
        Bf16 = "bf16": "16 bits, 8 of them mantissa, sums of 32: CPUs with matrix tiles (AMX), some cards";
        F16 = "f16": "16 bits, 11 of them mantissa: most cards";
    }
    Dtype {
        F32 = "f32": "32 bits";
        F16 = "f16": "16 bits: a third of the digits, values up to 65504";
    }
    Compat {
        Diffusers = "diffusers": "Hugging Face's diffusers: the scheduler that the model folder names, with its config; with --sampler, another scheduler of diffusers";
    }
    NoiseSource {
        Ancestral = "ancestral": "Ours: a sample depends only on the seed and its own index";
        Torch = "torch": "PyTorch's CPU generator, one for all samples: as torch.Generator().manual_seed(SEED) with batch_size N in diffusers";
        TorchEach = "torch-each": "PyTorch's CPU generator, one for each sample, seeded SEED, SEED + 1, …: as a list of generators in diffusers";
    }
}

#[cfg(feature = "pictures")]
choices! {
    Resize {
        Clean = "clean": "As clean-fid does: bicubic, with antialiasing";
        Pytorch = "pytorch": "As pytorch-fid does: bilinear, without antialiasing";
    }
}

#[cfg(feature = "train")]
choices! {
    Prediction {
        Epsilon = "epsilon": "The noise";
        X0 = "x0": "The clean sample";
        V = "v": "The velocity, alpha·epsilon − sigma·x0";
    }
    Loss {
        Simple = "simple": "The squared error of the prediction";
        Hybrid = "hybrid": "The same, and the variational bound, which trains a learned variance alone";
        Vlb = "vlb": "The variational bound, which trains the prediction as well";
    }
    TimestepSampler {
        Uniform = "uniform": "All alike";
        SecondMoment = "second-moment": "Those with large losses more often, and counted less, for a less noisy --loss vlb";
    }
    Optimizer {
        AdamW = "adamw": "AdamW for all";
        Muon = "muon": "Muon for the matrices between the first layer and the last, with ten times the learning rate; AdamW for the rest";
    }
    Missing {
        Learn = "learn": "One more state of their column: samples have about as many";
        Drop = "drop": "A reason to leave the row out";
        Refuse = "refuse": "A reason to refuse the table";
    }
    Fit {
        Crop = "crop": "Fill the size and crop the excess equally on both sides";
        Letterbox = "letterbox": "Show the whole picture, with the background colour around it";
    }
}
