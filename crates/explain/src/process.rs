//! The processes that a page compares: a schedule, a number of hops, and the noise of each hop.

use ancestral::grid::GridError;
use ancestral::sampler::{Ddim, Ddpm};
use ancestral::schedule::ScheduleError;
use ancestral::{AnySampler, AnySchedule, Grid, Schedule, Spacing, Variance};

/// Timesteps of every schedule.
pub const TIMESTEPS: usize = 1000;
/// The schedules, by their names in [`AnySchedule`].
pub const SCHEDULES: [&str; 3] = ["linear", "cosine", "sigmoid"];
/// The numbers of hops.
pub const HOPS: [usize; 4] = [4, 10, 50, 1000];

/// The noise that a hop adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noise {
    /// With the posterior's variance, β̃.
    Small,
    /// With the forward variance, β.
    Large,
    /// None: DDIM.
    Zero,
}

impl Noise {
    /// All of them, in the order of the page.
    pub const ALL: [Self; 3] = [Self::Small, Self::Large, Self::Zero];

    /// Its sampler.
    #[must_use]
    pub fn sampler(self) -> AnySampler {
        match self {
            Self::Small => AnySampler::Ddpm(Ddpm::new(Variance::FixedSmall)),
            Self::Large => AnySampler::Ddpm(Ddpm::new(Variance::FixedLarge)),
            Self::Zero => AnySampler::Ddim(Ddim::default()),
        }
    }
}

/// One of the processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process {
    /// The schedule, by its name.
    pub schedule: &'static str,
    /// The number of hops.
    pub hops: usize,
    /// The noise of each hop.
    pub noise: Noise,
}

impl Process {
    /// All processes: of each schedule all numbers of hops, of each number all kinds of noise.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let every_noise = |schedule, hops| Noise::ALL.map(|noise| Self { schedule, hops, noise });
        let of_schedule =
            |schedule| HOPS.into_iter().flat_map(move |hops| every_noise(schedule, hops));
        SCHEDULES.into_iter().flat_map(of_schedule).collect()
    }

    /// The levels that it visits.
    ///
    /// # Panics
    /// Never: the schedules are valid and have at least as many timesteps as there are hops.
    #[must_use]
    pub fn grid(&self) -> Grid {
        let grid = schedule(self.schedule).map(|schedule| grid(&schedule, self.hops));
        grid.expect("a built-in schedule").expect("at most as many hops as timesteps")
    }
}

/// The schedule of that name, over [`TIMESTEPS`].
pub(crate) fn schedule(name: &str) -> Result<Schedule, ScheduleError> {
    AnySchedule::parse(name, TIMESTEPS)?.schedule(TIMESTEPS)
}

fn grid(schedule: &Schedule, hops: usize) -> Result<Grid, GridError> {
    Grid::new(schedule, Spacing::Trailing, hops)
}
