//! A request from the flags of a command line, and vice versa.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use ancestral::AnySchedule;
use ancestral_format::{NetworkConfig, SchedulerConfig, joined};
use ancestral_learn::{Decay, LearningRate, NetworkSize, Reading, Recipe, Request, Settings};

use ancestral_run::ReadingChoices;

use crate::args::{
    BudgetArgs, Choice as _, ComputeArgs, ReadingArgs, SavingArgs, ScheduleArgs, TrainArgs,
};

/// The choices of the flags. There is no `..` here and below, so that no flag is forgotten.
#[expect(clippy::too_many_lines, reason = "one line per flag")]
pub fn recipe(args: &TrainArgs) -> Recipe {
    let TrainArgs {
        data: _,
        output: _,
        resume: _,
        force: _,
        show: _,
        budget: BudgetArgs { steps, time: _, stop_at: _ },
        batch,
        accumulate,
        lr,
        constant_lr,
        prediction,
        variance,
        loss,
        loss_weight,
        timestep_sampler,
        optimizer,
        schedule: ScheduleArgs { schedule, timesteps, zero_snr },
        width,
        layers,
        ema,
        label_dropout,
        holdout,
        groups,
        seed,
        reading:
            ReadingArgs {
                channels: _,
                size: _,
                fit: _,
                background: _,
                classes: _,
                flip,
                skip_bad: _,
                columns: _,
                missing: _,
                keep_ids: _,
                points: _,
                memory: _,
            },
        saving: SavingArgs { preview_every, checkpoint_every, keep },
        compute: ComputeArgs { device: _, precision, threads: _, quiet: _ },
        ranks: _,
    } = args;
    Recipe {
        steps: *steps,
        precision: precision.unwrap_or_default(),
        batch: *batch,
        accumulate: *accumulate,
        learning_rate: *lr,
        constant_rate: *constant_lr,
        prediction: *prediction,
        variance: variance.as_deref().and_then(|name| name.parse().ok()),
        loss: *loss,
        loss_weight: *loss_weight,
        timestep_sampler: timestep_sampler.unwrap_or_default(),
        optimizer: *optimizer,
        schedule: schedule.clone(),
        timesteps: *timesteps,
        zero_snr: *zero_snr,
        width: width.clone(),
        size: NetworkSize::default(),
        layers: *layers,
        ema: *ema,
        label_dropout: *label_dropout,
        hold_out: holdout.unwrap_or_default(),
        groups: groups.map(usize::from),
        flip: *flip,
        seed: seed.unwrap_or_default(),
        preview_every: *preview_every,
        checkpoint_every: *checkpoint_every,
        keep: *keep,
    }
}

/// A flag as written, and its value; `None` for a flag without a value.
pub type Flag = (&'static str, Option<String>);

/// The flags that train the same weights again, with every setting written out.
#[expect(clippy::too_many_lines, reason = "one line per flag")]
pub fn flags(request: &Request) -> Vec<Flag> {
    let Request { source, network, scheduler, training, saving: _ } = request;
    let Settings {
        steps,
        precision,
        batch,
        accumulate,
        loss,
        loss_weight,
        timestep_sampler,
        optimizer,
        learning_rate: LearningRate { peak, warmup: _, decay },
        betas: _,
        epsilon: _,
        weight_decay: _,
        clip_norm: _,
        ema_decay,
        label_dropout,
        hold_out,
        groups,
        flip,
        seed,
    } = training;
    let (width, layers) = match network {
        NetworkConfig::UNet(config) => {
            (joined(&config.block_out_channels, ","), config.layers_per_block)
        }
        NetworkConfig::Mlp(config) => (config.width.to_string(), config.blocks),
    };
    let valued = [
        ("--steps", steps.to_string()),
        ("--batch", batch.to_string()),
        ("--accumulate", accumulate.to_string()),
        ("--lr", peak.to_string()),
        ("--prediction", scheduler.prediction().name().to_owned()),
        ("--variance", scheduler.variance().to_string()),
        ("--loss", loss.to_string()),
        ("--loss-weight", loss_weight.to_string()),
        ("--timestep-sampler", timestep_sampler.to_string()),
        ("--optimizer", optimizer.to_string()),
        ("--schedule", schedule(scheduler)),
        ("--timesteps", scheduler.num_train_timesteps.to_string()),
        ("--width", width),
        ("--layers", layers.to_string()),
        ("--ema", ema_decay.to_string()),
        ("--label-dropout", label_dropout.to_string()),
        ("--holdout", hold_out.to_string()),
        ("--seed", seed.to_string()),
        ("--precision", precision.to_string()),
    ];
    let mut flags: Vec<Flag> = valued.map(|(flag, value)| (flag, Some(value))).into();
    if matches!(network, NetworkConfig::UNet(config) if *groups > 0 || config.num_class_embeds.is_none())
    {
        flags.push(("--groups", Some(groups.to_string())));
    }
    flags.extend(flags_of_reading(&source.reading));
    for (flag, is_set) in [
        ("--flip", *flip),
        ("--constant-lr", *decay == Decay::Constant),
        ("--zero-snr", scheduler.rescale_betas_zero_snr),
    ] {
        flags.extend(is_set.then_some((flag, None)));
    }
    flags
}

/// How data are read, from the flags.
pub fn reading(flags: &ReadingArgs) -> ReadingChoices {
    let ReadingArgs {
        channels,
        size,
        fit,
        background,
        classes,
        flip: _,
        skip_bad,
        columns,
        missing,
        keep_ids,
        points,
        memory,
    } = flags;
    ReadingChoices {
        channels: channels.and_then(|channels| channels.0),
        size: size.map(|size| size.0),
        fit: *fit,
        background: background.map(|colour| colour.0),
        classes: *classes,
        skip_bad: *skip_bad,
        columns: columns.clone(),
        missing: *missing,
        keep_ids: *keep_ids,
        points: *points,
        memory: *memory,
    }
}

/// The flags on how data are read.
fn flags_of_reading(reading: &Reading) -> Vec<Flag> {
    let set = |flag, is_set: bool| is_set.then_some((flag, None));
    let (valued, switches) = match *reading {
        Reading::Plain => (Vec::new(), Vec::new()),
        Reading::Table { ref schema, missing, keep_ids } => {
            let schema = schema.as_ref().map(|schema| ("--columns", schema.name.clone()));
            let missing = ("--missing", missing.name().to_owned());
            (schema.into_iter().chain([missing]).collect(), vec![set("--keep-ids", keep_ids)])
        }
        Reading::Points { count, classes } => {
            (vec![("--points", count.to_string())], vec![set("--classes", classes)])
        }
        Reading::Pictures { channels, size, fit, background, classes, skip_bad } => (
            vec![
                ("--channels", channels.to_string()),
                ("--size", joined(&size, "x")),
                ("--fit", fit.name().to_owned()),
                ("--background", colour(background)),
            ],
            vec![set("--classes", classes), set("--skip-bad", skip_bad)],
        ),
    };
    let valued = valued.into_iter().map(|(flag, value)| (flag, Some(value)));
    valued.chain(switches.into_iter().flatten()).collect()
}

/// The shell command that trains the same weights again, those after `done` steps.
pub fn command(request: &Request, done: u64) -> String {
    let mut flags = flags(request);
    if done < request.training.steps {
        flags.push(("--stop-at", Some(done.to_string())));
    }
    let words = flags.into_iter().flat_map(|(flag, value)| [Some(flag.to_owned()), value]);
    let words = words.flatten().map(OsString::from);
    let data = operand(request.source.name.as_ref());
    shell(&["train".into(), data].into_iter().chain(words).collect::<Vec<_>>())
}

/// A path as an argument that cannot be taken for a flag.
pub fn operand(path: &Path) -> OsString {
    let is_flag = path.as_os_str().as_encoded_bytes().starts_with(b"-");
    if is_flag { Path::new(".").join(path) } else { path.to_owned() }.into()
}

/// The shell command of the program with these arguments.
pub fn shell(arguments: &[OsString]) -> String {
    let words = arguments.iter().map(|argument| word(argument));
    std::iter::once("ancestral".to_owned()).chain(words).collect::<Vec<_>>().join(" ")
}

fn word(argument: &OsStr) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./,:=+@%".contains(c);
    match argument.to_str() {
        Some(text) if !text.is_empty() && text.chars().all(is_plain) => text.to_owned(),
        Some(text) if !text.contains(char::is_control) => {
            format!("'{}'", text.replace('\'', r"'\''"))
        }
        // In the quoting of bash, zsh and ksh.
        Some(_) | None => format!("$'{}'", argument.as_encoded_bytes().escape_ascii()),
    }
}

/// The schedule of a config: a name, with options where they differ from the default.
pub fn schedule(scheduler: &SchedulerConfig) -> String {
    let family = scheduler.family();
    let name = family.info().name;
    let by_default = AnySchedule::parse(name, scheduler.num_train_timesteps);
    if by_default.as_ref() == Ok(&family) { name.to_owned() } else { family.to_string() }
}

/// A colour, as written on the command line.
pub fn colour([red, green, blue]: [u8; 3]) -> String {
    format!("{red:02x}{green:02x}{blue:02x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_written_as_a_shell_reads_them() {
        let words = ["train", "my photos/it's", "--width", "8,16", ""].map(OsString::from);
        assert_eq!(shell(&words), r"ancestral train 'my photos/it'\''s' --width 8,16 ''");
        let words = ["a\nb's", "\u{1b}é"].map(OsString::from);
        assert_eq!(shell(&words), r"ancestral $'a\nb\'s' $'\x1b\xc3\xa9'");
    }

    #[test]
    fn paths_are_no_flags() {
        let operands = ["-x", "--", "./-x", "a/-x", "digits"].map(|path| operand(Path::new(path)));
        assert_eq!(operands, ["./-x", "./--", "./-x", "a/-x", "digits"]);
    }

    #[test]
    fn schedules_have_options_where_they_differ_from_the_default() {
        use ancestral::{Prediction, Spacing, Variance};

        let text = |text: &str, timesteps| {
            let family = AnySchedule::parse(text, timesteps).unwrap();
            let (small, trailing) = (Variance::FixedSmall, Spacing::Trailing);
            let epsilon = Prediction::Epsilon;
            schedule(&SchedulerConfig::of(&family, timesteps, epsilon, small, trailing).unwrap())
        };
        for name in ["linear", "scaled-linear", "sigmoid", "cosine", "laplace"] {
            assert_eq!(text(name, 1000), name);
            assert_eq!(text(name, 50), name);
        }
        let own = "linear:start=0.001,end=0.03";
        assert_eq!(text(own, 15), own);
        assert_eq!(text("linear:end=0.03", 1000), "linear:start=0.0001,end=0.03");
    }
}
