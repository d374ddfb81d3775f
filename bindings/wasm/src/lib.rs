//! The pipeline for WebAssembly, where there are no files, no threads and no clock.
//!
//! Functions that are exported take and give numbers; everything else passes through two buffers in this
//! module's memory ([`exchange`]): the host asks for room by [`input`](exchange::input), writes there, calls, and
//! reads [`output`](exchange::output). So no function takes a pointer, and there is nothing to import.
//! `js/ancestral.js` is the host for browsers; its `.d.ts` describes what people call.
//!
//! A function returns −1 if it fails; the output is then the setting's name, or nothing, a line break, and the
//! message. What outlives a call is [`held`] by a number, until [`release`](held::release).
//!
//! Numbers are little-endian and unaligned, texts UTF-8.

// No function here has an unsafe block. What the lint finds is that exported names must be the only ones.
#![allow(clippy::must_use_candidate, reason = "the host calls these functions")]
#![cfg_attr(target_family = "wasm", allow(unsafe_code, reason = "exported names"))]

pub mod exact;
pub mod exchange;
pub mod held;
#[cfg(feature = "pipeline")]
pub mod model;
#[cfg(feature = "pipeline")]
pub mod run;
pub mod schedule;
#[cfg(feature = "pipeline")]
pub mod settings;
