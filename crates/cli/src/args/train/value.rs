//! Values of arguments of a training alone.

use ancestral_data::Channels;

use crate::args::value::{Wrapped, number, whole};

/// Channels of pictures; `None` is by the pictures.
pub type ChannelsArg = Wrapped<Option<Channels>>;
/// Red, green, blue.
pub type ColourArg = Wrapped<[u8; 3]>;

/// More channels are a slip of the finger,
pub const MOST_CHANNELS: u64 = 1 << 14;
/// and so are more points.
pub const MOST_POINTS: u64 = 10_000_000;

/// Reads a number of updates.
pub fn steps() -> impl Fn(&str) -> Result<u64, String> + Clone + Send + Sync + 'static {
    whole(1..=1_000_000_000)
}

pub fn positive(text: &str) -> Result<f64, String> {
    number(text, "a number above 0", |x| x > 0.0 && x.is_finite())
}

pub fn channels(text: &str) -> Result<ChannelsArg, String> {
    let count = text.parse().ok().and_then(Channels::from_count);
    match (text, count) {
        ("auto", _) => Ok(Wrapped(None)),
        (_, Some(channels)) => Ok(Wrapped(Some(channels))),
        (_, None) if text.contains(',') || text.len() > 1 => {
            Err("expected 1, 3, 4 or auto (the channels of the network are --width)".to_owned())
        }
        (_, None) => Err("expected 1, 3, 4 or auto".to_owned()),
    }
}

pub fn colour(text: &str) -> Result<ColourArg, String> {
    let hex = text.strip_prefix('#').unwrap_or(text);
    let channel = |i: usize| u8::from_str_radix(hex.get(2 * i..2 * i + 2)?, 16).ok();
    match text {
        "white" => Ok(Wrapped([255; 3])),
        "black" => Ok(Wrapped([0; 3])),
        "grey" | "gray" => Ok(Wrapped([128; 3])),
        _ if hex.len() == 6 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            let rgb = [channel(0), channel(1), channel(2)];
            Ok(Wrapped(rgb.map(Option::unwrap_or_default)))
        }
        _ => Err("expected white, black, grey or six hexadecimal digits, RRGGBB".to_owned()),
    }
}
