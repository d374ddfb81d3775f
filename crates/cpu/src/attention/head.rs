//! The keys and values of a head, ready for the products with them.

use crate::gemm::{Left, Packed, Product, Store, lanes, packed_len};
use crate::map::Arena;
use crate::tiles::{self, Strided, Tiles};

/// Keys and values of a head.
#[derive(Debug)]
pub(super) enum Head {
    Plain { keys: Packed, values: Packed },
    Tiles(tiles::Head),
}

impl Head {
    /// Packs keys and values, as many rows of both, for tiles if there are any.
    pub(super) fn pack(
        tiles: Option<Tiles>,
        keys: Strided<'_, impl Fn(usize) -> usize + Copy + Sync>,
        values: Strided<'_, impl Fn(usize) -> usize + Copy + Sync>,
        arena: &Arena,
    ) -> Self {
        if let Some(tiles) = tiles {
            return Self::Tiles(tiles::Head::pack(tiles, keys, values, arena));
        }
        let (positions, width) = (keys.rows, keys.width);
        let mut transposed = arena.take_packed(width * packed_len(positions, lanes()));
        let mut rows = arena.take_packed(positions * packed_len(width, lanes()));
        transposed.fill_transposed(width, positions, keys.data, keys.start);
        rows.fill_rows(positions, width, values.data, values.start);
        Self::Plain { keys: transposed, values: rows }
    }

    /// Gives the memory back.
    pub(super) fn give(self, arena: &Arena) {
        match self {
            Self::Plain { keys, values } => {
                arena.give_packed(keys);
                arena.give_packed(values);
            }
            Self::Tiles(head) => head.give(arena),
        }
    }

    /// The scores of some queries, times `scale`.
    pub(super) fn scores(
        &self,
        queries: Strided<'_, impl Fn(usize) -> usize + Copy>,
        scale: f32,
        out: &mut [f32],
        arena: &Arena,
    ) {
        match self {
            Self::Plain { keys, .. } => {
                let Strided { data, rows, start, width: length } = queries;
                let left = Left { data, rows, start, segments: 1, stride: 0, length };
                let store = Store { scale, ..Store::PLAIN };
                Product { left, right: keys.right(), out, store }.run();
            }
            Self::Tiles(head) => head.scores(queries, scale, out, arena),
        }
    }

    /// The values, mixed by rows of weights, one weight a key.
    pub(super) fn mixed(&self, weights: &[f32], out: &mut [f32], arena: &Arena) {
        match self {
            Self::Plain { values, .. } => {
                let positions = weights.len() * values.columns() / out.len();
                let left = Left::matrix(weights, positions);
                Product { left, right: values.right(), out, store: Store::PLAIN }.run();
            }
            Self::Tiles(head) => head.mixed(weights, out, arena),
        }
    }
}
