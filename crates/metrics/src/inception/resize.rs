//! Pictures at the size that the network was trained with.

/// The height and the width that the FID prescribes.
pub const SIDE: usize = 299;

/// How pictures are resized and scaled. The distances depend on it: compare only those with the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resize {
    /// As clean-fid: bicubic with antialiasing, as PIL computes it on floats; bytes b are scaled to
    /// (b − 128)/128.
    Clean,
    /// As pytorch-fid: bilinear without antialiasing, by centres of pixels; bytes b are scaled to
    /// (2 b − 255)/255.
    Pytorch,
}

impl Resize {
    /// Pictures of [`SIDE`] × [`SIDE`], as the network reads them.
    ///
    /// # Formula
    /// ```text
    /// y_i = Σ_j w((j + ½ − c_i)/s) x_j / Σ_j w((j + ½ − c_i)/s),     c_i = (i + ½) from/to
    /// ```
    /// along each axis: for `Clean` w is Keys's cubic with a = −½ and s = max(1, from/to); for
    /// `Pytorch` w is the triangle, s = 1, and c_i is clamped to the centres of the first and the
    /// last pixel. `Clean` then scales y to (127.5 y − 0.5)/128.
    ///
    /// # Shapes
    /// `pictures`: `[count, 3, height, width]`, from −1 to 1. Bicubic values can be outside.
    ///
    /// # Numerics
    /// In f64, rounded to f32 between the axes. `Clean` rounds nothing to bytes, as clean-fid does not.
    ///
    /// # Source
    /// Parmar, Zhang and Zhu 2022, arXiv:2104.11222; Keys 1981, doi:10.1109/TASSP.1981.1163711.
    ///
    /// # Panics
    /// If the values are not whole pictures.
    #[must_use]
    pub fn apply(self, pictures: &[f32], height: usize, width: usize) -> Vec<f32> {
        let size = height * width;
        assert!(
            size > 0 && pictures.len().is_multiple_of(3 * size),
            "{} values are no pictures of 3 x {height} x {width}",
            pictures.len()
        );
        let (across, down) = (self.taps(width), self.taps(height));
        let planes = pictures.chunks_exact(size);
        let resized = planes.flat_map(|plane| resized(plane, width, &across, &down));
        match self {
            Self::Clean => resized.map(|y| (127.5 * y - 0.5) / 128.0).collect(),
            Self::Pytorch => resized.collect(),
        }
    }

    /// For each new pixel of a line the first old pixel and the weights from there.
    fn taps(self, from: usize) -> Vec<(usize, Vec<f64>)> {
        let scale = from as f64 / SIDE as f64;
        let (stretch, reach) = match self {
            Self::Clean => (scale.max(1.0), 2.0 * scale.max(1.0)),
            Self::Pytorch => (1.0, 1.0),
        };
        let tap = |i: usize| {
            let centre = (i as f64 + 0.5) * scale;
            let centre = match self {
                Self::Clean => centre,
                Self::Pytorch => centre.clamp(0.5, from as f64 - 0.5),
            };
            let is_near = |&j: &usize| (j as f64 + 0.5 - centre).abs() < reach;
            let near: Vec<usize> = (0..from).filter(is_near).collect();
            let weight = |&j: &usize| self.weight((j as f64 + 0.5 - centre) / stretch);
            let weights: Vec<f64> = near.iter().map(weight).collect();
            let sum: f64 = weights.iter().sum();
            (near[0], weights.into_iter().map(|weight| weight / sum).collect())
        };
        (0..SIDE).map(tap).collect()
    }

    fn weight(self, x: f64) -> f64 {
        let x = x.abs();
        match self {
            Self::Pytorch => (1.0 - x).max(0.0),
            Self::Clean if x < 1.0 => (1.5 * x - 2.5) * x * x + 1.0,
            Self::Clean if x < 2.0 => ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0,
            Self::Clean => 0.0,
        }
    }
}

/// Lines first, then columns, as PIL.
#[allow(clippy::cast_possible_truncation, reason = "pictures are f32")]
fn resized(
    plane: &[f32],
    width: usize,
    across: &[(usize, Vec<f64>)],
    down: &[(usize, Vec<f64>)],
) -> Vec<f32> {
    let sum = |weights: &[f64], values: &mut dyn Iterator<Item = &f32>| {
        weights.iter().zip(values).map(|(weight, &x)| weight * f64::from(x)).sum::<f64>() as f32
    };
    let lines = plane.chunks_exact(width).flat_map(|line| {
        across.iter().map(|(first, weights)| sum(weights, &mut line[*first..].iter()))
    });
    let lines: Vec<f32> = lines.collect();
    let columns = down.iter().flat_map(|(first, weights)| {
        let lines = &lines[first * across.len()..];
        (0..across.len())
            .map(move |column| sum(weights, &mut lines[column..].iter().step_by(across.len())))
    });
    columns.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_pictures_stay_even() {
        for (resize, expected) in [(Resize::Clean, 31.375 / 128.0), (Resize::Pytorch, 0.25)] {
            for (height, width) in [(32, 7), (400, 299), (1, 1000)] {
                let found = resize.apply(&vec![0.25; 3 * height * width], height, width);
                assert_eq!(found.len(), 3 * SIDE * SIDE);
                assert!(found.iter().all(|x| (x - expected).abs() < 1e-6));
            }
        }
    }

    #[test]
    fn pictures_of_the_right_size_are_unchanged() {
        let picture = crate::testing::normals(1, 3 * SIDE * SIDE);
        let found = Resize::Pytorch.apply(&picture, SIDE, SIDE);
        assert!(found.iter().zip(&picture).all(|(a, b)| (a - b).abs() < 1e-6));
    }
}
