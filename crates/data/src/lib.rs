//! The input and output of `ancestral`: data sets, pictures, animations, arrays, charts.
//!
//! Values in *model space* are `f32`; for pictures −1 is black and 1 is white, laid out
//! `[count, channels, height, width]`. This crate knows nothing about diffusion.
//!
//! | in | out |
//! |---|---|
//! | [`Dataset`]: [`builtin()`], [`digits()`] | [`Pictures`] → [`grid()`] → [`Raster`] |
//! | [`Table`]: [`read_csv`], [`toy()`]; [`read_sheet`] → [`Sheet`] | [`write_csv`] |
//! | [`read_pictures`] → [`PictureSet`] | [`write_png`], [`write_png_folder`], [`write_gif`] |
//! | [`read_idx`] → [`Dataset`] | [`loss_chart`], [`scatter`], [`marginals`] → [`Raster`] |
//! | [`read_arrays`] → [`Arrays`] → [`PictureSet`] or [`Table`] | |
//! | [`read_npy`] → [`Array`], [`read_numbers`] → [`Numbers`] | [`write_npy`], [`write_npz`], [`error_chart`] → [`Raster`] |
//!
//! [`open()`] reads any of them by its name.
//!
//! In WebAssembly there are no charts and no archives of arrays: they would be larger than all the rest.
//!
//! Every writer uses [`save_with`]: a file is written completely or not at all.
//!
//! # Example
//! ```
//! use ancestral_data::{GridLayout, Pictures, builtin, grid};
//!
//! let digits = builtin("digits").expect("the digits are compiled in");
//! let pictures = Pictures::new(&digits.rows()[..10 * 64], digits.shape())?;
//! let raster = grid(&pictures, &GridLayout::default())?;
//! assert_eq!((raster.width(), raster.height()), (4 * 40 + 3 * 2, 3 * 40 + 2 * 2));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod animated_png;
mod animation;
mod builtin;
mod channels;
#[cfg(not(target_family = "wasm"))]
mod chart;
mod counted;
mod dataset;
mod digits;
#[cfg(feature = "datasets")]
mod elsewhere;
mod encode;
#[cfg(feature = "datasets")]
mod findings;
mod grid;
#[cfg(feature = "datasets")]
mod idx;
mod npy;
#[cfg(feature = "datasets")]
mod open;
mod own;
#[cfg(feature = "datasets")]
mod picture_folder;
mod pictures;
mod raster;
mod save;
mod still;
mod table;
mod terminal;
mod toy;

pub use animated_png::encode_apng;
pub use animation::{LAST_FRAME_HOLD, encode_gif, write_gif};
pub use builtin::{BUILTIN, builtin};
pub use channels::Channels;
#[cfg(not(target_family = "wasm"))]
pub use chart::{
    ChartError, ErrorLine, Panel, ScatterStyle, Window, error_chart, loss_chart, marginals, panels,
    panels_svg, scatter,
};
pub use dataset::{Dataset, DatasetError};
pub use digits::digits;
pub use encode::EncodeError;
#[cfg(feature = "datasets")]
pub use findings::findings;
pub use grid::{GridError, GridLayout, grid};
#[cfg(feature = "datasets")]
pub use idx::{IdxError, is_idx, read_idx};
pub use npy::{
    Array, NpyError, NumberKind, Numbers, decode_numbers, encode_npy, encode_npy_fitting, read_npy,
    read_numbers, write_npy,
};
#[cfg(feature = "datasets")]
pub use npy::{Arrays, read_arrays};
#[cfg(not(target_family = "wasm"))]
pub use npy::{NpzArray, NpzValues, encode_npz_pictures, write_npz, write_npz_pictures};
#[cfg(feature = "datasets")]
pub use open::{
    Loaded, OpenError, Opened, ReadOptions, Source, open, open_as_needed, open_builtin,
};
pub use own::Own;
#[cfg(feature = "datasets")]
pub use picture_folder::{
    Fit, PictureFolder, PictureOptions, PictureSet, PictureSetError, decode_picture, read_pictures,
};
pub use pictures::{Pictures, PicturesError, to_byte};
pub use raster::{Raster, RasterError};
pub use save::{SaveError, save_bytes, save_with};
pub use still::{encode_png, png_name, write_png, write_png_folder};
pub use table::{
    Category, CellProblem, CellTrouble, Codes, Column, ColumnError, ColumnKind, ColumnSchema,
    Columns, CsvError, Date, DateFormat, Decimals, KindSchema, MAX_COLUMNS, Missing, Notation,
    Number, Scale, Schema, SchemaError, Sheet, SheetError, Table, TableError, TableOptions,
    encode_csv, encode_csv_with, read_csv, read_sheet, write_csv,
};
pub use terminal::TerminalGraphics;
pub use toy::{TOYS, Toy, toy};
