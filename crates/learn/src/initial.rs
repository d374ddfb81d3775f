//! Starting values of a network's parameters.

use ancestral::noise::{Purpose, Streams};
use ancestral_format::Layout;
use rand::Rng;

/// Standard deviation of the frequencies of a Fourier projection.
const FREQUENCIES: f32 = 16.0;
/// How much larger than usual the first layer of the perceptron starts.
///
/// Networks learn smooth functions of their inputs first (Rahaman et al. 2019, arXiv:1806.08734).
/// Between heaps of data the target has steep slopes: eight of them, six deviations apart, still run
/// into each other after 8000 updates with a gain of 1, and not after 3000 with 3 to 6.
const GAIN: f64 = 4.0;

/// The starting values of all parameters of a layout, as PyTorch starts them.
///
/// What a parameter starts from follows from its name, its shape, and the weight of the same layer:
///
/// | parameter | starts from |
/// |---|---|
/// | `class_embedding.weight` and `time_proj.weight` of two axes: a table | N(0, 1) |
/// | `time_proj.weight` of one axis: frequencies | N(0, 16²) |
/// | any other `weight` of one axis: a normalisation | 1 |
/// | `bias` beside a `weight` of one axis, or beside none | 0 |
/// | `linear_out` of the perceptron | 0 |
/// | any other `weight`, and the `bias` beside it | U(−g/√n, g/√n) |
///
/// with n the number of inputs of the weight (the product of all its axes but the first) and g = 1,
/// but 4 for `linear_in` of the perceptron.
///
/// A perceptron that starts with predictions of its own first learns to predict 0, and for rows of many numbers
/// the quickest way to that is to turn all of its units off, for ever: nothing normalises them. So it starts with 0.
///
/// # Numerics
/// A value depends on the seed and the parameter's name alone: not on which other parameters there
/// are, nor on their order. The stream of a parameter is FNV-1a of its name (RFC 9923), 64 bits.
///
/// # Example
/// ```
/// use ancestral_format::Layout;
/// use ancestral_learn::initial;
///
/// let parameters = |name: &str, shape: &[usize]| (name.to_owned(), shape.to_vec());
/// let layout = Layout::new(vec![parameters("a.weight", &[2, 16]), parameters("a.bias", &[2])]);
/// let values = initial(&layout, 7);
/// assert!(values.iter().all(|value| (-0.25..0.25).contains(value)));
/// ```
#[must_use]
pub fn initial(layout: &Layout, seed: u64) -> Vec<f32> {
    let streams = Streams::new(seed, Purpose::Initialization);
    let mut values = vec![0.0; layout.len()];
    for (name, shape, at) in layout.iter() {
        Start::of(name, shape, layout).fill(&streams, name, &mut values[at]);
    }
    values
}

/// What a parameter starts from.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Start {
    Constant(f32),
    /// Normal values about 0 of this standard deviation.
    Normal(f32),
    /// Uniform values in [−bound, bound).
    Uniform(f64),
}

impl Start {
    fn of(name: &str, shape: &[usize], layout: &Layout) -> Self {
        let (layer, kind) = name.rsplit_once('.').unwrap_or(("", name));
        let is_stored = ["class_embedding", "time_proj"].contains(&layer);
        let weight_shape = |weight: &str| {
            let mut parameters = layout.iter();
            parameters.find(|(other, ..)| *other == weight).map(|(_, shape, _)| shape.to_vec())
        };
        match (kind, shape) {
            ("bias", _) => match weight_shape(&format!("{layer}.weight")).as_deref() {
                None | Some([_]) => Self::Constant(0.0),
                Some(weight) => Self::linear(layer, weight),
            },
            (_, [_]) if is_stored => Self::Normal(FREQUENCIES),
            (_, [_]) => Self::Constant(1.0),
            (_, [_, _]) if is_stored => Self::Normal(1.0),
            _ => Self::linear(layer, shape),
        }
    }

    /// Both parameters of a layer with a weight of this shape.
    fn linear(layer: &str, weight: &[usize]) -> Self {
        if layer == "linear_out" {
            return Self::Constant(0.0);
        }
        let inputs: usize = weight.iter().skip(1).product();
        let gain = if layer == "linear_in" { GAIN } else { 1.0 };
        Self::Uniform(gain / (inputs as f64).sqrt())
    }

    fn fill(self, streams: &Streams, name: &str, values: &mut [f32]) {
        let stream = hash(name);
        match self {
            Self::Constant(value) => values.fill(value),
            Self::Normal(deviation) => {
                streams.normals(stream, 0, values);
                for value in values {
                    *value *= deviation;
                }
            }
            Self::Uniform(bound) => {
                let mut rng = streams.rng(stream, 0);
                for value in values {
                    // 24 bits: every step of the grid is exact in f32.
                    let unit = f64::from(rng.next_u32() >> 8) / f64::from(1 << 24);
                    *value = to_f32((2.0 * unit - 1.0) * bound);
                }
            }
        }
    }
}

/// FNV-1a, 64 bits.
fn hash(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[expect(clippy::cast_possible_truncation, reason = "rounding to f32 is what is wanted")]
fn to_f32(value: f64) -> f32 {
    value as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use ancestral_format::safetensors;
    use sha2::{Digest, Sha256};

    fn layout(parameters: &[(&str, &[usize])]) -> Layout {
        Layout::new(
            parameters.iter().map(|(name, shape)| ((*name).into(), shape.to_vec())).collect(),
        )
    }

    #[test]
    fn fnv_1a_has_its_published_values() {
        let names = ["", "a", "foobar"];
        let expected = [0xcbf2_9ce4_8422_2325, 0xaf63_dc4c_8601_ec8c, 0x8594_4171_f739_67e8];
        assert_eq!(names.map(hash), expected);
    }

    #[test]
    fn names_and_shapes_say_what_a_parameter_starts_from() {
        let layout = layout(&[
            ("conv_in.weight", &[8, 4, 3, 3]),
            ("conv_in.bias", &[8]),
            ("time_proj.weight", &[32]),
            ("class_embedding.weight", &[11, 16]),
            ("class_embedding.linear_1.weight", &[16, 9]),
            ("down_blocks.0.resnets.1.norm1.weight", &[8]),
            ("down_blocks.0.resnets.1.norm1.bias", &[8]),
            ("mid_block.attentions.0.to_out.0.bias", &[8]),
            ("linear_in.weight", &[8, 4]),
            ("linear_in.bias", &[8]),
            ("linear_out.weight", &[4, 8]),
        ]);
        let starts: Vec<_> =
            layout.iter().map(|(name, shape, _)| Start::of(name, shape, &layout)).collect();
        let expected = [
            Start::Uniform(1.0 / 6.0),
            Start::Uniform(1.0 / 6.0),
            Start::Normal(16.0),
            Start::Normal(1.0),
            Start::Uniform(1.0 / 3.0),
            Start::Constant(1.0),
            Start::Constant(0.0),
            Start::Constant(0.0),
            Start::Uniform(2.0),
            Start::Uniform(2.0),
            Start::Constant(0.0),
        ];
        assert_eq!(starts, expected);
    }

    #[test]
    fn a_perceptron_starts_as_every_version_started_it() {
        let layout = layout(&[
            ("linear_in.weight", &[8, 2]),
            ("linear_in.bias", &[8]),
            ("time_embedding.linear_1.weight", &[8, 8]),
            ("time_embedding.linear_1.bias", &[8]),
            ("time_embedding.linear_2.weight", &[8, 8]),
            ("time_embedding.linear_2.bias", &[8]),
            ("class_embedding.weight", &[3, 8]),
            ("blocks.0.linear_1.weight", &[8, 8]),
            ("blocks.0.linear_1.bias", &[8]),
            ("blocks.0.time_emb_proj.weight", &[8, 8]),
            ("blocks.0.time_emb_proj.bias", &[8]),
            ("blocks.0.linear_2.weight", &[8, 8]),
            ("blocks.0.linear_2.bias", &[8]),
            ("linear_out.weight", &[2, 8]),
            ("linear_out.bias", &[2]),
        ]);
        let file = safetensors::to_bytes(&layout.to_weights(&initial(&layout, 0))).unwrap();
        assert_eq!(
            format!("{:x}", Sha256::digest(file)),
            "5ea7bba091062b7f5f367389fc51aec3116510170e2ff031f64846822abed7a7"
        );
    }

    #[test]
    fn a_value_depends_on_seed_and_name_alone() {
        let [a, b]: [(&str, &[usize]); 2] = [("x.0.weight", &[3, 4]), ("x.1.weight", &[3, 4])];
        let both = initial(&layout(&[a, b]), 1);
        assert_eq!(initial(&layout(&[b, a]), 1), [&both[12..], &both[..12]].concat());
        assert_ne!(both[..12], both[12..]);
        assert_ne!(initial(&layout(&[a]), 2), both[..12]);
    }

    #[test]
    fn uniform_and_normal_have_their_moments() {
        let moments = |name: &str, shape: &[usize]| {
            let values = initial(&layout(&[(name, shape)]), 3);
            let n = values.len() as f64;
            let mean =
                |power: i32| values.iter().map(|&x| f64::from(x).powi(power)).sum::<f64>() / n;
            (mean(1), mean(2))
        };
        // Bound ½: variance 1/12; standard errors 0.0015 and 0.00037.
        let (mean, square) = moments("layer.weight", &[10_000, 4]);
        assert!(mean.abs() < 0.006 && (square - 1.0 / 12.0).abs() < 0.0015, "{mean} {square}");
        let (mean, square) = moments("class_embedding.weight", &[100, 100]);
        assert!(mean.abs() < 0.04 && (square - 1.0).abs() < 0.06, "{mean} {square}");
    }
}
