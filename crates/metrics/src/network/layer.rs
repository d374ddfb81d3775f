//! Convolutions and pools.

use super::image::Image;
use crate::product::multiply_f32;

/// A convolution with batch normalisation folded in, and a ReLU.
#[derive(Debug)]
pub(crate) struct Convolution {
    /// `[out, in × height × width]`.
    pub(crate) weights: Vec<f32>,
    pub(crate) bias: Vec<f32>,
    pub(crate) window: Window,
}

/// Which values of an image a layer sees at once: height and width each.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    pub(crate) size: [usize; 2],
    pub(crate) stride: usize,
    pub(crate) padding: [usize; 2],
}

impl Window {
    fn places(&self, height: usize, width: usize) -> [usize; 2] {
        let places = |length: usize, axis: usize| {
            (length + 2 * self.padding[axis] - self.size[axis]) / self.stride + 1
        };
        [places(height, 0), places(width, 1)]
    }
}

impl Convolution {
    pub(crate) fn apply(&self, image: &Image) -> Image {
        let [height, width] = self.window.places(image.height, image.width);
        let (channels, places) = (self.bias.len(), height * width);
        let columns;
        let columns = if self.window.size == [1, 1] && self.window.stride == 1 {
            &image.values
        } else {
            columns = self.columns(image, [height, width]);
            &columns
        };
        let mut values = Vec::new();
        multiply_f32(&self.weights, columns, [channels, places], &mut values);
        for (plane, bias) in values.chunks_exact_mut(places).zip(&self.bias) {
            for x in plane {
                *x = (*x + bias).max(0.0);
            }
        }
        Image::new([channels, height, width], values)
    }

    /// The values that meet each weight, `[in × height × width, places]`; 0 in the padding.
    fn columns(&self, image: &Image, [height, width]: [usize; 2]) -> Vec<f32> {
        let Window { size, stride, padding } = self.window;
        let mut columns = vec![0.0; image.channels * size[0] * size[1] * height * width];
        let mut lines = columns.chunks_exact_mut(height * width);
        for channel in 0..image.channels {
            let plane = image.plane(channel);
            for (down, right) in (0..size[0]).flat_map(|y| (0..size[1]).map(move |x| (y, x))) {
                let line = lines.next().expect("a line for each weight");
                for (y, row) in line.chunks_exact_mut(width).enumerate() {
                    let Some(source) = (y * stride + down).checked_sub(padding[0]) else {
                        continue;
                    };
                    if source >= image.height {
                        continue;
                    }
                    let source = &plane[source * image.width..][..image.width];
                    for (x, value) in row.iter_mut().enumerate() {
                        let place = (x * stride + right).wrapping_sub(padding[1]);
                        *value = source.get(place).copied().unwrap_or(0.0);
                    }
                }
            }
        }
        columns
    }
}

/// The largest of each 3 × 3 values; the padding does not count.
pub(crate) fn max_pool(image: &Image, stride: usize, padding: usize) -> Image {
    pool(image, stride, padding, |values| values.fold(f32::NEG_INFINITY, f32::max))
}

/// The mean of each 3 × 3 values; the padding does not count.
pub(crate) fn mean_pool(image: &Image) -> Image {
    pool(image, 1, 1, |values| {
        let (sum, count) = values.fold((0.0, 0.0_f32), |(sum, n), x| (sum + x, n + 1.0));
        sum / count
    })
}

fn pool(
    image: &Image,
    stride: usize,
    padding: usize,
    of: impl Fn(&mut dyn Iterator<Item = f32>) -> f32,
) -> Image {
    let window = Window { size: [3, 3], stride, padding: [padding; 2] };
    let [height, width] = window.places(image.height, image.width);
    let within = |place: usize, length: usize| {
        let from = place * stride;
        from.saturating_sub(padding)..(from + 3 - padding).min(length)
    };
    let mut values = Vec::with_capacity(image.channels * height * width);
    for channel in 0..image.channels {
        let plane = image.plane(channel);
        for y in 0..height {
            for x in 0..width {
                let columns = within(x, image.width);
                let rows = within(y, image.height);
                let mut seen = rows.flat_map(|row| &plane[row * image.width..][columns.clone()]);
                values.push(of(&mut seen.by_ref().copied()));
            }
        }
    }
    Image::new([image.channels, height, width], values)
}

/// The mean of each channel.
#[allow(clippy::cast_possible_truncation, reason = "features are f32")]
pub(crate) fn average(image: &Image) -> Vec<f32> {
    let mean = |channel| {
        let plane = image.plane(channel);
        (plane.iter().map(|&x| f64::from(x)).sum::<f64>() / plane.len() as f64) as f32
    };
    (0..image.channels).map(mean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pools_leave_out_the_padding() {
        let image = Image::new([1, 2, 3], vec![-1.0, -2.0, -3.0, -4.0, -5.0, -6.0]);
        assert_eq!(max_pool(&image, 1, 1).values, [-1.0, -1.0, -2.0, -1.0, -1.0, -2.0]);
        assert_eq!(mean_pool(&image).values, [-3.0, -3.5, -4.0, -3.0, -3.5, -4.0]);
    }

    #[test]
    fn a_convolution_is_a_sum_over_its_window() {
        let image = Image::new([1, 2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let window = Window { size: [1, 3], stride: 1, padding: [0, 1] };
        let layer = Convolution { weights: vec![1.0, 10.0, 100.0], bias: vec![-300.0], window };
        // 210 − 300 is cut; 321 − 300; 32 − 300 is cut; …
        assert_eq!(layer.apply(&image).values, [0.0, 21.0, 0.0, 240.0, 354.0, 0.0]);
    }
}
