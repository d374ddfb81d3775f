//! Weights by name, as the parts of a network take them.

use std::collections::BTreeMap;

use ancestral_format::{Array, Mismatch, Weights};

use crate::tiles::Tiles;

/// What a network takes its weights from.
#[derive(Debug)]
pub(crate) enum Source {
    /// Weights, which are gone from memory once they are taken.
    Weights(BTreeMap<String, Array>),
    /// None: what is asked for is written down, with its shape, and nothing is given.
    Asked(Vec<(String, Vec<usize>)>),
}

/// The weights of a part of a network, by name.
pub(crate) struct Parameters<'a> {
    source: &'a mut Source,
    path: String,
    /// For products that are worth them.
    tiles: Option<Tiles>,
}

/// The names and shapes of all that a network asks for; what it is made of, it is made of nothing.
pub(crate) fn asked<N>(make: impl FnOnce(&mut Parameters<'_>) -> N) -> Vec<(String, Vec<usize>)> {
    let mut source = Source::Asked(Vec::new());
    make(&mut Parameters { source: &mut source, path: String::new(), tiles: None });
    match source {
        Source::Asked(asked) => asked,
        Source::Weights(_) => unreachable!("it was none"),
    }
}

/// Makes a network of its weights, if they are those that it asks for; its large products are on tiles,
/// if there are any.
pub(crate) fn made<N>(
    tiles: Option<Tiles>,
    make: impl Fn(&mut Parameters<'_>) -> N,
    weights: Weights,
) -> Result<N, Mismatch> {
    Mismatch::check(&asked(&make), &weights)?;
    let mut source = Source::Weights(weights.into_iter().collect());
    Ok(make(&mut Parameters { source: &mut source, path: String::new(), tiles }))
}

impl Parameters<'_> {
    /// Those of the part called `name`.
    pub(crate) fn child(&mut self, name: impl std::fmt::Display) -> Parameters<'_> {
        Parameters { path: self.name(&name.to_string()), source: self.source, tiles: self.tiles }
    }

    /// As [`child`](Self::child), in place.
    pub(crate) fn into_child(mut self, name: impl std::fmt::Display) -> Self {
        self.path = self.name(&name.to_string());
        self
    }

    /// What computes a product of so many channels on tiles, if it is worth it.
    pub(crate) fn tiles(&self, from: usize, to: usize) -> Option<Tiles> {
        self.tiles?.worth(from, to)
    }

    fn name(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// The values of a parameter, as f32; none of a network that is only asked.
    pub(crate) fn take(&mut self, name: &str, shape: &[usize]) -> Vec<f32> {
        let name = self.name(name);
        match self.source {
            Source::Weights(arrays) => {
                arrays.remove(&name).expect("names were compared before").to_f32()
            }
            Source::Asked(asked) => {
                asked.push((name, shape.to_vec()));
                Vec::new()
            }
        }
    }
}
