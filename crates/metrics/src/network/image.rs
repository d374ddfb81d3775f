//! One picture, or what a layer makes of it.

/// Values `[channels, height, width]`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Image {
    pub(crate) channels: usize,
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) values: Vec<f32>,
}

impl Image {
    pub(crate) fn new([channels, height, width]: [usize; 3], values: Vec<f32>) -> Self {
        assert_eq!(values.len(), channels * height * width, "values of an image");
        Self { channels, height, width, values }
    }

    pub(crate) fn plane(&self, channel: usize) -> &[f32] {
        let size = self.height * self.width;
        &self.values[channel * size..][..size]
    }

    /// The channels of all images, which have the same size, one after the other.
    pub(crate) fn join(images: &[Self]) -> Self {
        let channels = images.iter().map(|image| image.channels).sum();
        let values: Vec<f32> = images.iter().flat_map(|image| &image.values).copied().collect();
        Self::new([channels, images[0].height, images[0].width], values)
    }
}
