//! One picture, or what a layer makes of it.

/// Values `[channels, height, width]`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Image {
    pub(super) channels: usize,
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) values: Vec<f32>,
}

impl Image {
    pub(super) fn new([channels, height, width]: [usize; 3], values: Vec<f32>) -> Self {
        assert_eq!(values.len(), channels * height * width, "values of an image");
        Self { channels, height, width, values }
    }

    pub(super) fn plane(&self, channel: usize) -> &[f32] {
        let size = self.height * self.width;
        &self.values[channel * size..][..size]
    }

    /// The channels of all images, which have the same size, one after the other.
    pub(super) fn join(images: &[Self]) -> Self {
        let channels = images.iter().map(|image| image.channels).sum();
        let values: Vec<f32> = images.iter().flat_map(|image| &image.values).copied().collect();
        Self::new([channels, images[0].height, images[0].width], values)
    }
}
