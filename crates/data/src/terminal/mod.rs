//! Pictures in a terminal.

mod blocks;
mod kitty;
mod pixels;
mod sixel;

use crate::Raster;
use pixels::Pixels;

/// Pixels under a character cell, about: terminals do not say it.
const CELL: usize = 8;
/// Smaller pictures are enlarged.
const LEAST_WIDTH: usize = 320;

/// How a terminal is given pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TerminalGraphics {
    /// The protocol of kitty: <https://sw.kovidgoyal.net/kitty/graphics-protocol/>.
    Kitty,
    /// Sixels, as of DEC's VT340: <https://vt100.net/docs/vt3xx-gp/chapter14.html>.
    Sixel,
    /// The upper half of a character cell in one colour, the lower half in another, of 24 bits.
    Blocks,
    /// The same in the 256 colours of xterm.
    Blocks256,
}

impl TerminalGraphics {
    /// What the terminal of this process understands, by its environment. `None` if it shows no
    /// pictures, or nothing is known about it.
    ///
    /// The pictures of kitty and sixels do not pass through tmux and screen, which need blocks.
    ///
    /// # Example
    /// ```
    /// use ancestral_data::TerminalGraphics;
    ///
    /// let dumb = |name: &str| (name == "TERM").then(|| "dumb".to_owned());
    /// assert_eq!(TerminalGraphics::by(dumb), None);
    /// let kitty = |name: &str| (name == "TERM").then(|| "xterm-kitty".to_owned());
    /// assert_eq!(TerminalGraphics::by(kitty), Some(TerminalGraphics::Kitty));
    /// ```
    pub fn by(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let value = |name| variable(name).filter(|value| !value.is_empty());
        let term = value("TERM").filter(|term| term != "dumb")?;
        let program = value("TERM_PROGRAM").unwrap_or_default();
        let is_inside = ["tmux", "screen"].iter().any(|inner| term.starts_with(inner))
            || ["TMUX", "STY"].iter().any(|name| value(name).is_some());
        let begins = |names: &[&str]| names.iter().any(|name| term.starts_with(name));
        if !is_inside {
            let is_kitty = begins(&["xterm-kitty", "xterm-ghostty"])
                || ["kitty", "ghostty"].contains(&&*program)
                || ["KITTY_WINDOW_ID", "KONSOLE_VERSION"].iter().any(|name| value(name).is_some());
            if is_kitty {
                return Some(Self::Kitty);
            }
            let has_sixels = begins(&["foot", "mlterm", "yaft", "contour", "vt340"])
                || ["WezTerm", "iTerm.app", "mintty"].contains(&&*program);
            if has_sixels {
                return Some(Self::Sixel);
            }
        }
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(value);
        let is_unicode = locale.is_none_or(|locale| {
            let locale = locale.to_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        });
        let has_all_colours =
            value("COLORTERM").is_some_and(|c| ["truecolor", "24bit"].contains(&&*c));
        match (is_unicode, has_all_colours, term.contains("256color")) {
            (true, true, _) => Some(Self::Blocks),
            (true, false, true) => Some(Self::Blocks256),
            (false, ..) | (true, false, false) => None,
        }
    }

    /// What a terminal of so many columns is sent to show a picture, a line break at its end
    /// included. White shines through where the picture is transparent.
    ///
    /// # Panics
    /// Never: writing into a string does not fail.
    #[must_use]
    pub fn draw(self, raster: &Raster, columns: u16) -> String {
        let columns = usize::from(columns.max(1));
        let pixels = Pixels::of(raster);
        let sharp = |pixels: Pixels| {
            let most = columns * CELL;
            pixels.enlarged(LEAST_WIDTH.min(most)).shrunk(most)
        };
        let mut text = String::new();
        let drawn = match self {
            Self::Kitty => kitty::draw(&mut text, &sharp(pixels)),
            Self::Sixel => sixel::draw(&mut text, &sharp(pixels)),
            Self::Blocks => blocks::draw(&mut text, &pixels.shrunk(columns), blocks::colour),
            Self::Blocks256 => {
                blocks::draw(&mut text, &pixels.shrunk(columns), blocks::colour_of_256)
            }
        };
        drawn.expect("writing into a string does not fail");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_understands_follows_from_its_environment() {
        let by = |pairs: &[(&str, &str)]| {
            let find = |name: &str| pairs.iter().find(|pair| pair.0 == name);
            TerminalGraphics::by(|name| find(name).map(|pair| pair.1.to_owned()))
        };
        let xterm = ("TERM", "xterm-256color");
        let all = ("COLORTERM", "truecolor");
        for (pairs, expected) in [
            (&[][..], None),
            (&[("TERM", "dumb"), all], None),
            (&[("TERM", "linux")], None),
            (&[("TERM", "vt100")], None),
            (&[xterm], Some(TerminalGraphics::Blocks256)),
            (&[xterm, all], Some(TerminalGraphics::Blocks)),
            (&[xterm, all, ("LANG", "C")], None),
            (
                &[xterm, all, ("LANG", "C"), ("LC_ALL", "en_GB.UTF-8")],
                Some(TerminalGraphics::Blocks),
            ),
            (&[xterm, all, ("TERM_PROGRAM", "WezTerm")], Some(TerminalGraphics::Sixel)),
            (&[("TERM", "foot")], Some(TerminalGraphics::Sixel)),
            (&[xterm, ("KITTY_WINDOW_ID", "1")], Some(TerminalGraphics::Kitty)),
            (
                &[xterm, ("TMUX", "/tmp/1"), ("KITTY_WINDOW_ID", "1")],
                Some(TerminalGraphics::Blocks256),
            ),
            (
                &[("TERM", "screen-256color"), ("TERM_PROGRAM", "iTerm.app"), all],
                Some(TerminalGraphics::Blocks),
            ),
        ] {
            assert_eq!(by(pairs), expected, "{pairs:?}");
        }
    }
}
