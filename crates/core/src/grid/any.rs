//! The choice of a spacing at run time, and grids that fit a number of network calls.

use std::fmt;
use std::str::FromStr;

use super::{Grid, GridError, LevelSpacing, Spacing};
use crate::options::{OptionError, Options};
use crate::sampler::Sampler;

/// What [`AnySpacing::Beta`] is called.
const BETA: &str = "beta";

/// How a grid of few steps is spaced: over training timesteps, or over noise levels.
///
/// # Example
/// ```
/// use ancestral::grid::LevelSpacing;
/// use ancestral::{AnySpacing, Grid, Schedule, Spacing};
/// assert_eq!("trailing".parse(), Ok(AnySpacing::Timesteps(Spacing::Trailing)));
/// let karras: AnySpacing = "karras:rho=5".parse()?;
/// assert_eq!(karras, AnySpacing::Levels(LevelSpacing::Karras { rho: 5.0 }));
/// assert_eq!(karras.to_string(), "karras:rho=5");
/// assert_eq!(Grid::new(&Schedule::linear_1000(), karras, 10)?.points().len(), 10);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum AnySpacing {
    /// Over timesteps.
    Timesteps(Spacing),
    /// Over noise levels.
    Levels(LevelSpacing),
    /// Over timesteps at quantiles of Beta(0.6, 0.6): short hops at both ends (Lee et al. 2024,
    /// arXiv:2407.12173).
    Beta,
}

impl AnySpacing {
    /// The name without options.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Timesteps(spacing) => spacing.name(),
            Self::Levels(spacing) => spacing.name(),
            Self::Beta => BETA,
        }
    }

    /// All names that [`str::parse`] understands.
    #[must_use]
    pub fn names() -> Vec<&'static str> {
        [&Spacing::NAMES[..], &[BETA], &LevelSpacing::NAMES].concat()
    }
}

impl From<Spacing> for AnySpacing {
    fn from(spacing: Spacing) -> Self {
        Self::Timesteps(spacing)
    }
}

impl From<LevelSpacing> for AnySpacing {
    fn from(spacing: LevelSpacing) -> Self {
        Self::Levels(spacing)
    }
}

impl FromStr for AnySpacing {
    type Err = OptionError;

    /// Reads `name` or `karras:rho=…`.
    fn from_str(text: &str) -> Result<Self, OptionError> {
        let (name, options) = Options::split(text)?;
        if let Ok(spacing) = name.parse::<Spacing>() {
            options.finish(&[])?;
            return Ok(spacing.into());
        }
        if name == BETA {
            options.finish(&[])?;
            return Ok(Self::Beta);
        }
        if LevelSpacing::NAMES.contains(&name.as_str()) {
            return text.parse::<LevelSpacing>().map(Self::Levels);
        }
        Err(OptionError::Name { kind: "spacing", found: name, known: Self::names() })
    }
}

impl fmt::Display for AnySpacing {
    /// Writes the name with every option, which reads back as the same.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timesteps(spacing) => f.write_str(spacing.name()),
            Self::Levels(spacing) => spacing.fmt(f),
            Self::Beta => f.write_str(BETA),
        }
    }
}

impl Grid {
    /// The grid of the most hops, up to `most`, over which `sampler` makes at most `calls` network
    /// calls; `None` if there is no such grid. `grid` makes the grid of so many hops.
    pub fn within_calls<S: Sampler>(
        sampler: &S,
        calls: usize,
        most: usize,
        grid: impl Fn(usize) -> Result<Self, GridError>,
    ) -> Option<Self> {
        let fits = |grid: &Self| sampler.calls(grid) <= calls;
        (1..=most).rev().filter_map(|hops| grid(hops).ok()).find(fits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampler::AnySampler;
    use crate::schedule::Schedule;

    #[test]
    fn each_reads_back_from_its_text() {
        for name in AnySpacing::names() {
            let spacing: AnySpacing = name.parse().unwrap();
            assert_eq!(spacing.name(), name);
            assert_eq!(spacing.to_string().parse(), Ok(spacing));
        }
        for (text, message) in [
            (
                "even",
                "unknown spacing \"even\": expected one of trailing, linspace, leading, beta, karras, exponential, angle",
            ),
            ("trailing:rho=7", "trailing has no option \"rho\": it takes none"),
            ("karras:rho=0", "option rho=0 of karras: expected a number from 0.1 to 1000"),
        ] {
            assert_eq!(text.parse::<AnySpacing>().unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn a_grid_within_calls_is_the_longest() {
        let schedule = Schedule::linear_1000();
        let sampler: AnySampler = "heun".parse().unwrap();
        let grid = |hops| Grid::new(&schedule, Spacing::Trailing, hops);
        // Two calls a hop, one on the hop into clean data.
        let found = Grid::within_calls(&sampler, 10, 10, grid).unwrap();
        assert_eq!((found.points().len(), sampler.calls(&found)), (5, 9));
        assert_eq!(Grid::within_calls(&sampler, 0, 10, grid), None);
    }
}
