//! Weights by name, as the parts of a network take them.

use std::collections::BTreeMap;

use ancestral_format::{Array, Mismatch, Weights};

use crate::tiles::Tiles;

/// What a network takes its weights from.
#[derive(Debug)]
pub(crate) enum Source {
    /// Weights, which are freed once they are taken.
    Weights(BTreeMap<String, Array>),
    /// No weights: each requested name and shape is recorded, and nothing is returned.
    Requested(Vec<(String, Vec<usize>)>),
}

/// The place of a parameter in the vector of all parameters of a network, in the order of the requests.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    first: usize,
    length: usize,
}

impl Place {
    /// The parameter's part of such a vector.
    pub(crate) fn of(self, all: &[f32]) -> &[f32] {
        &all[self.first..][..self.length]
    }

    /// The same, to be written.
    pub(crate) fn of_mut(self, all: &mut [f32]) -> &mut [f32] {
        &mut all[self.first..][..self.length]
    }
}

/// The weights of a part of a network, by name.
pub(crate) struct Parameters<'a> {
    source: &'a mut Source,
    path: String,
    /// For products that are worth them.
    tiles: Option<Tiles>,
}

/// The names and shapes of all parameters that a network requests, and the network without weights.
pub(crate) fn requested<N>(
    make: impl FnOnce(&mut Parameters<'_>) -> N,
) -> (N, Vec<(String, Vec<usize>)>) {
    requested_on(None, make)
}

/// The same for a network planned for tiles, if there are any.
pub(crate) fn requested_on<N>(
    tiles: Option<Tiles>,
    make: impl FnOnce(&mut Parameters<'_>) -> N,
) -> (N, Vec<(String, Vec<usize>)>) {
    let mut source = Source::Requested(Vec::new());
    let network = make(&mut Parameters { source: &mut source, path: String::new(), tiles });
    match source {
        Source::Requested(requested) => (network, requested),
        Source::Weights(_) => unreachable!("there are no weights"),
    }
}

/// Builds a network from its weights, if they are those that it requests; its large products are on
/// tiles, if there are any.
pub(crate) fn build<N>(
    tiles: Option<Tiles>,
    make: impl Fn(&mut Parameters<'_>) -> N,
    weights: Weights,
) -> Result<N, Mismatch> {
    Mismatch::check(&requested(&make).1, &weights)?;
    let mut source = Source::Weights(weights.into_iter().collect());
    Ok(make(&mut Parameters { source: &mut source, path: String::new(), tiles }))
}

impl Parameters<'_> {
    /// The parameters of the part called `name`.
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

    /// The place of a parameter of a network that is planned without weights.
    pub(crate) fn place(&mut self, name: &str, shape: &[usize]) -> Place {
        let name = self.name(name);
        let Source::Requested(requested) = &mut *self.source else {
            unreachable!("weights have no places");
        };
        let first = requested.iter().map(|(_, shape)| shape.iter().product::<usize>()).sum();
        requested.push((name, shape.to_vec()));
        Place { first, length: shape.iter().product() }
    }

    /// The values of a parameter, as f32; empty if only names and shapes are requested.
    pub(crate) fn take(&mut self, name: &str, shape: &[usize]) -> Vec<f32> {
        let name = self.name(name);
        match self.source {
            Source::Weights(arrays) => {
                arrays.remove(&name).expect("names were compared before").to_f32()
            }
            Source::Requested(requested) => {
                requested.push((name, shape.to_vec()));
                Vec::new()
            }
        }
    }
}
