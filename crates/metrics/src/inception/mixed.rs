//! The blocks of parallel branches.

use super::weights::{InceptionError, Reader};
use crate::network::Image;
use crate::network::{Convolution, Window, max_pool, mean_pool};

/// A block: the channels of all branches, one after the other.
#[derive(Debug)]
pub(super) struct Mixed {
    branches: Vec<Branch>,
}

/// A pool, then layers one after the other, then perhaps two layers beside each other.
#[derive(Debug)]
struct Branch {
    pool: Pool,
    layers: Vec<Convolution>,
    fork: Vec<Convolution>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Pool {
    None,
    Mean,
    Max,
    /// With a stride of 2.
    Halving,
}

impl Mixed {
    pub(super) fn apply(&self, image: &Image) -> Image {
        let outputs: Vec<Image> = self.branches.iter().map(|branch| branch.apply(image)).collect();
        Image::join(&outputs)
    }
}

impl Branch {
    fn apply(&self, image: &Image) -> Image {
        let pooled = match self.pool {
            Pool::None => image.clone(),
            Pool::Mean => mean_pool(image),
            Pool::Max => max_pool(image, 1, 1),
            Pool::Halving => max_pool(image, 2, 0),
        };
        let end = self.layers.iter().fold(pooled, |image, layer| layer.apply(&image));
        if self.fork.is_empty() {
            return end;
        }
        let outputs: Vec<Image> = self.fork.iter().map(|layer| layer.apply(&end)).collect();
        Image::join(&outputs)
    }
}

/// A layer of a branch: the end of its name, its channels, its window.
type Layer<'a> = (&'a str, usize, Window);

/// Windows that keep the size.
const fn keeps(height: usize, width: usize) -> Window {
    Window { size: [height, width], stride: 1, padding: [height / 2, width / 2] }
}

const POINT: Window = keeps(1, 1);
const HALVING: Window = Window { size: [3, 3], stride: 2, padding: [0, 0] };

/// A block that is being read.
struct Builder<'r, 'a> {
    reader: &'r Reader<'r, 'a>,
    name: &'r str,
    channels: usize,
    branches: Vec<Branch>,
}

impl Builder<'_, '_> {
    fn branch(self, layers: &[Layer]) -> Result<Self, InceptionError> {
        self.forked(Pool::None, layers, &[])
    }

    fn pooled(self, pool: Pool, layers: &[Layer]) -> Result<Self, InceptionError> {
        self.forked(pool, layers, &[])
    }

    fn forked(
        mut self,
        pool: Pool,
        layers: &[Layer],
        fork: &[Layer],
    ) -> Result<Self, InceptionError> {
        let mut from = self.channels;
        let read = |from: usize, &(end, to, window): &Layer| {
            self.reader.layer(&format!("{}.branch{end}", self.name), [from, to], window)
        };
        let mut chain = Vec::new();
        for layer in layers {
            chain.push(read(from, layer)?);
            from = layer.1;
        }
        let fork = fork.iter().map(|layer| read(from, layer)).collect::<Result<_, _>>()?;
        self.branches.push(Branch { pool, layers: chain, fork });
        Ok(self)
    }
}

/// All blocks, first to last.
pub(super) fn mixed(reader: &Reader) -> Result<Vec<Mixed>, InceptionError> {
    let block = |name, channels| Builder { reader, name, channels, branches: Vec::new() };
    let blocks = [
        wide(block("Mixed_5b", 192), 32)?,
        wide(block("Mixed_5c", 256), 64)?,
        wide(block("Mixed_5d", 288), 64)?,
        block("Mixed_6a", 288)
            .branch(&[("3x3", 384, HALVING)])?
            .branch(&[
                ("3x3dbl_1", 64, POINT),
                ("3x3dbl_2", 96, keeps(3, 3)),
                ("3x3dbl_3", 96, HALVING),
            ])?
            .pooled(Pool::Halving, &[])?,
        sevens(block("Mixed_6b", 768), 128)?,
        sevens(block("Mixed_6c", 768), 160)?,
        sevens(block("Mixed_6d", 768), 160)?,
        sevens(block("Mixed_6e", 768), 192)?,
        block("Mixed_7a", 768)
            .branch(&[("3x3_1", 192, POINT), ("3x3_2", 320, HALVING)])?
            .branch(&[
                ("7x7x3_1", 192, POINT),
                ("7x7x3_2", 192, keeps(1, 7)),
                ("7x7x3_3", 192, keeps(7, 1)),
                ("7x7x3_4", 192, HALVING),
            ])?
            .pooled(Pool::Halving, &[])?,
        forks(block("Mixed_7b", 1280), Pool::Mean)?,
        forks(block("Mixed_7c", 2048), Pool::Max)?,
    ];
    Ok(blocks.into_iter().map(|block| Mixed { branches: block.branches }).collect())
}

/// Figure 5 of the paper, with 5 × 5 windows.
fn wide<'r, 'a>(block: Builder<'r, 'a>, pooled: usize) -> Result<Builder<'r, 'a>, InceptionError> {
    block
        .branch(&[("1x1", 64, POINT)])?
        .branch(&[("5x5_1", 48, POINT), ("5x5_2", 64, keeps(5, 5))])?
        .branch(&[
            ("3x3dbl_1", 64, POINT),
            ("3x3dbl_2", 96, keeps(3, 3)),
            ("3x3dbl_3", 96, keeps(3, 3)),
        ])?
        .pooled(Pool::Mean, &[("_pool", pooled, POINT)])
}

/// Figure 6 of the paper, with n = 7.
fn sevens<'r, 'a>(block: Builder<'r, 'a>, inner: usize) -> Result<Builder<'r, 'a>, InceptionError> {
    block
        .branch(&[("1x1", 192, POINT)])?
        .branch(&[
            ("7x7_1", inner, POINT),
            ("7x7_2", inner, keeps(1, 7)),
            ("7x7_3", 192, keeps(7, 1)),
        ])?
        .branch(&[
            ("7x7dbl_1", inner, POINT),
            ("7x7dbl_2", inner, keeps(7, 1)),
            ("7x7dbl_3", inner, keeps(1, 7)),
            ("7x7dbl_4", inner, keeps(7, 1)),
            ("7x7dbl_5", 192, keeps(1, 7)),
        ])?
        .pooled(Pool::Mean, &[("_pool", 192, POINT)])
}

/// Figure 7 of the paper.
fn forks<'r, 'a>(block: Builder<'r, 'a>, pool: Pool) -> Result<Builder<'r, 'a>, InceptionError> {
    block
        .branch(&[("1x1", 320, POINT)])?
        .forked(
            Pool::None,
            &[("3x3_1", 384, POINT)],
            &[("3x3_2a", 384, keeps(1, 3)), ("3x3_2b", 384, keeps(3, 1))],
        )?
        .forked(
            Pool::None,
            &[("3x3dbl_1", 448, POINT), ("3x3dbl_2", 384, keeps(3, 3))],
            &[("3x3dbl_3a", 384, keeps(1, 3)), ("3x3dbl_3b", 384, keeps(3, 1))],
        )?
        .pooled(pool, &[("_pool", 192, POINT)])
}
