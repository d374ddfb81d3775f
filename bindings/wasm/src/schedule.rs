//! Schedules, grids, and the names that there are.

use ancestral::{AnySampler, AnySchedule, AnySpacing, Grid, Level, Sampler as _, Schedule};

use crate::exchange::{Failure, doubles, put_doubles, reply, text};
use crate::held::{get, hold, with};

/// Holds the schedule that the input names, perhaps with options, of so many timesteps; `rescaled` to end in
/// pure noise if that is not 0.
#[cfg_attr(target_family = "wasm", unsafe(no_mangle))]
pub extern "C" fn schedule(timesteps: usize, rescaled: u32) -> i32 {
    reply(|input, _| {
        let name = text("schedule", input)?;
        let family = AnySchedule::parse(&name, timesteps);
        let family = family.map_err(|error| Failure::chain("schedule", &error))?;
        let schedule = family.schedule(timesteps);
        let schedule = schedule.map_err(|error| Failure::chain("timesteps", &error))?;
        hold(rescaled_if(schedule, rescaled)?)
    })
}

/// Holds the schedule of the betas in the input.
#[cfg_attr(target_family = "wasm", unsafe(no_mangle))]
pub extern "C" fn schedule_of_betas(rescaled: u32) -> i32 {
    reply(|input, _| {
        let schedule = Schedule::from_betas(&doubles(&input));
        let schedule = schedule.map_err(|error| Failure::chain("betas", &error))?;
        hold(rescaled_if(schedule, rescaled)?)
    })
}

fn rescaled_if(schedule: Schedule, rescaled: u32) -> Result<Schedule, Failure> {
    if rescaled == 0 {
        return Ok(schedule);
    }
    let rescaled = schedule.rescale_zero_terminal_snr();
    rescaled.map_err(|error| Failure::chain("zeroSnr", &error))
}

/// λ of each timestep of a schedule, then all α, all σ and all β.
#[cfg_attr(target_family = "wasm", unsafe(no_mangle))]
pub extern "C" fn schedule_levels(schedule: u32) -> i32 {
    reply(|_, output| {
        with(schedule, |schedule: &mut Schedule| {
            put_levels(output, schedule.levels());
            put_doubles(output, &(0..schedule.len()).map(|t| schedule.beta(t)).collect::<Vec<_>>());
            Ok(0)
        })
    })
}

fn put_levels(output: &mut Vec<u8>, levels: &[Level]) {
    for part in [Level::lambda, Level::alpha, Level::sigma] {
        put_doubles(output, &levels.iter().copied().map(part).collect::<Vec<_>>());
    }
}

/// Holds the points that a run of so many steps visits, spaced as the input says.
#[cfg_attr(target_family = "wasm", unsafe(no_mangle))]
pub extern "C" fn grid(schedule: u32, steps: usize) -> i32 {
    reply(|input, _| {
        let schedule: Schedule = get(schedule)?;
        let spacing = text("spacing", input)?.parse::<AnySpacing>();
        let spacing = spacing.map_err(|error| Failure::chain("spacing", &error))?;
        let grid = Grid::new(&schedule, spacing, steps);
        hold(grid.map_err(|error| Failure::chain("steps", &error))?)
    })
}

/// λ of each point of a grid, the noisiest first, then all α, all σ, and all timesteps, NaN where a point has
/// none.
#[cfg_attr(target_family = "wasm", unsafe(no_mangle))]
pub extern "C" fn grid_points(grid: u32) -> i32 {
    reply(|_, output| {
        with(grid, |grid: &mut Grid| {
            let points = grid.points().iter();
            put_levels(output, &points.clone().map(|point| point.level).collect::<Vec<_>>());
            let timesteps = points.map(|point| point.timestep.unwrap_or(f64::NAN));
            put_doubles(output, &timesteps.collect::<Vec<_>>());
            Ok(0)
        })
    })
}

/// The names of all samplers, schedules and spacings, a line each: its kind, its name, and what it is, with tabs
/// between.
#[cfg_attr(target_family = "wasm", unsafe(no_mangle))]
pub extern "C" fn names() -> i32 {
    reply(|_, output| {
        let mut line = |kind: &str, name: &str, about: &str| {
            output.extend(format!("{kind}\t{name}\t{about}\n").as_bytes());
        };
        for sampler in AnySampler::all() {
            line("sampler", sampler.info().name, sampler.info().about);
        }
        for schedule in AnySchedule::all() {
            line("schedule", schedule.info().name, schedule.info().about);
        }
        for name in AnySpacing::names() {
            line("spacing", name, "");
        }
        Ok(0)
    })
}
