//! The linear layers of an attention, two in one.
//!
//! With a single head, the scores are (Q x + p)ᵀ (K y + r) for positions x and y. What depends on x
//! alone falls out of the softmax: (Kᵀ Q x + Kᵀ p)ᵀ y is left, one product in place of two, and y
//! itself for a key. Weights of the softmax add up to 1: O (Σ wⱼ (V yⱼ + s)) + t is
//! O V (Σ wⱼ yⱼ) + O s + t, again one in place of two, and y itself for a value.

use crate::round::to_f32;
use crate::threads::prelude::*;

/// A linear layer, W x + b. W is `[to, from]`.
#[derive(Debug)]
pub(super) struct Linear {
    pub weight: Vec<f32>,
    pub bias: Vec<f32>,
}

/// The merged weights that replace the query of a single head: Kᵀ Q and Kᵀ p.
pub(super) fn scores(q: &Linear, k: &Linear) -> Linear {
    let width = q.bias.len();
    let keys: Vec<f32> = transposed(&k.weight, width);
    after(&keys, &vec![0.0; width], q)
}

/// The merged weights that replace values and last layer of a single head: O V and O s + t.
pub(super) fn output(v: &Linear, out: &Linear) -> Linear {
    after(&out.weight, &out.bias, v)
}

/// Several layers over the same input, side by side.
pub(super) fn beside<const N: usize>(layers: [&Linear; N]) -> Linear {
    let weight = layers.iter().flat_map(|layer| &layer.weight).copied().collect();
    let bias = layers.iter().flat_map(|layer| &layer.bias).copied().collect();
    Linear { weight, bias }
}

/// `inner` and then `weight` x + `bias`, computed in f64.
fn after(weight: &[f32], bias: &[f32], inner: &Linear) -> Linear {
    let width = bias.len();
    if width == 0 {
        return Linear { weight: Vec::new(), bias: Vec::new() }; // only shapes are requested
    }
    let line = |(row, bias): (&[f32], &f32)| {
        let (mut line, mut offset) = (vec![0.0; width], f64::from(*bias));
        for (factor, (inner, bias)) in row.iter().zip(inner.weight.chunks(width).zip(&inner.bias)) {
            let factor = f64::from(*factor);
            line.iter_mut().zip(inner).for_each(|(sum, x)| *sum += factor * f64::from(*x));
            offset += factor * f64::from(*bias);
        }
        (line.into_iter().map(to_f32).collect(), to_f32(offset))
    };
    let lines: Vec<(Vec<f32>, f32)> = weight.par_chunks(width).zip(bias).map(line).collect();
    let (weight, bias): (Vec<_>, Vec<_>) = lines.into_iter().unzip();
    Linear { weight: weight.concat(), bias }
}

fn transposed(weight: &[f32], width: usize) -> Vec<f32> {
    (0..weight.len()).map(|i| weight[i % width * width + i / width]).collect()
}
