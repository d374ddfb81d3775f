//! Self-attention over the positions of a feature map.

use crate::attention::{Plan, applied, is_narrow};
use crate::conv::inverse;
use crate::map::Map;
use crate::parameters::Parameters;
use crate::tiles::Tiles;
use crate::train::run::Run;

use super::mix::Mix;
use super::norm::{Gradients, Norm, Normed};
use super::pointwise::{Pointwise, Rows};

/// Multi-head self-attention around a shortcut, whose weights change.
///
/// # Formula
/// ```text
/// q, k, v = W norm(x) + b,   y = (x + to_out(softmax(q kᵀ/√d) v)) / scale
/// ```
#[derive(Debug)]
pub(crate) struct Attention {
    norm: Option<Norm>,
    /// q, k and v.
    projections: [Pointwise; 3],
    out: Pointwise,
    heads: usize,
    scale: f64,
    /// What multiplies queries, keys and values, if they are wide enough for tiles.
    tiles: Option<Tiles>,
}

/// What the backward pass needs of a forward pass.
#[derive(Debug)]
pub(crate) struct Kept {
    x: Map,
    /// The normalisation, and what it makes of x.
    normed: Option<(Normed, Map)>,
    /// q, k and v.
    projected: [Map; 3],
    mixed: Map,
}

impl Attention {
    pub(crate) fn new(mut named: Parameters<'_>, plan: Plan) -> Self {
        let Plan { channels, head_width, groups, epsilon, scale } = plan;
        let norm = groups
            .map(|groups| Norm::new(&mut named.child("group_norm"), groups, channels, epsilon));
        let mut linear = |name: &str| {
            let mut named = named.child(name);
            Pointwise::new(&mut named, channels, channels).for_many(&named)
        };
        let projections = ["to_q", "to_k", "to_v"].map(&mut linear);
        let out = linear("to_out.0");
        let heads = head_width.map_or(1, |width| channels / width);
        let tiles = named.tiles(channels, channels).filter(|_| !is_narrow(heads, channels));
        Self { norm, projections, out, heads, scale, tiles }
    }

    pub(crate) fn forward(&self, run: Run<'_>, x: Map) -> (Map, Kept) {
        let arena = run.arena;
        let normed = self.norm.as_ref().map(|norm| {
            let normed = norm.forward(run, &[&x], None);
            let map = applied(&x, normed.before(), arena);
            (normed, map)
        });
        let source = normed.as_ref().map_or(&x, |(_, map)| map);
        let projected = self.projections.each_ref().map(|projection| {
            let mut out = arena.map(x.rows, x.shape);
            projection.forward(run, &[rows(source)], (&[], 1.0), &mut out.data);
            out
        });
        let mut mixed = arena.map(x.rows, x.shape);
        let [q, k, v] = projected.each_ref().map(|map| &map.data[..]);
        self.mix(&x).forward([q, k, v], &mut mixed.data, arena);
        let mut out = arena.map(x.rows, x.shape);
        self.out.forward(run, &[rows(&mixed)], (&x.data, inverse(self.scale)), &mut out.data);
        (out, Kept { x, normed, projected, mixed })
    }

    /// The gradient of the input, from that of the output.
    pub(crate) fn backward(
        &self,
        run: Run<'_>,
        kept: Kept,
        mut dy: Map,
        gradients: &mut [f32],
    ) -> Map {
        let arena = run.arena;
        let Kept { x, normed, projected, mixed } = kept;
        dy.scale(inverse(self.scale));
        let (positions, channels) = (x.shape.positions(), x.shape.channels);
        self.out.parameter_gradients(run, &[rows(&mixed)], &dy.data, positions, gradients);
        let mut d_mixed = arena.map(x.rows, x.shape);
        self.out.input_gradient(run, &dy.data, (0, channels), false, &mut d_mixed.data);
        let mut d_projected = [(); 3].map(|()| arena.map(x.rows, x.shape));
        let [q, k, v] = projected.each_ref().map(|map| &map.data[..]);
        let [dq, dk, dv] = d_projected.each_mut().map(|map| &mut map.data[..]);
        let values = [q, k, v, &mixed.data];
        self.mix(&x).backward(values, &d_mixed.data, [dq, dk, dv], arena);
        arena.give(mixed.data);
        let source = normed.as_ref().map_or(&x, |(_, map)| map);
        let mut d_source = d_mixed;
        for (index, (projection, dy)) in self.projections.iter().zip(&d_projected).enumerate() {
            projection.parameter_gradients(run, &[rows(source)], &dy.data, positions, gradients);
            let part = (0, channels);
            projection.input_gradient(run, &dy.data, part, index > 0, &mut d_source.data);
        }
        projected.into_iter().chain(d_projected).for_each(|map| arena.give(map.data));
        if let (Some(norm), Some((normed, map))) = (&self.norm, normed) {
            let dx = Gradients::Add(std::slice::from_mut(&mut dy));
            let sums = norm.backward(run, &[&x], &normed, &mut d_source, dx);
            norm.parameter_gradients(run, &sums, gradients);
            arena.give(sums.data);
            arena.give(map.data);
            normed.give(arena);
        } else {
            dy.add(&d_source);
        }
        arena.give(d_source.data);
        arena.give(x.data);
        dy
    }

    fn mix(&self, x: &Map) -> Mix {
        let width = x.shape.channels / self.heads;
        let (rows, positions) = (x.rows, x.shape.positions());
        Mix { rows, positions, heads: self.heads, width, tiles: self.tiles }
    }
}

/// The positions of a map.
pub(crate) fn rows(map: &Map) -> Rows<'_> {
    Rows { data: &map.data, columns: map.shape.channels }
}
