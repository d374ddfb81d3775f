//! Whole runs of diffusers, replayed with its noise.

use ancestral::compat::{
    DdimOptions, DdimScheduler, DdpmScheduler, Scheduler, SchedulerRun, SchedulerStep, Visit,
};
use ancestral::noise::TorchNoise;
use ancestral::{Batch, Noise};
use ancestral_format::{Array, SchedulerClass, SchedulerConfig, UNetConfig, Weights, safetensors};
use ancestral_testing::unet::formula_weights;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::*;
use crate::network::BurnNetwork;

/// The output of `tools/golden/trajectories.py`; the head of the first file describes it.
const CASES: &[u8] = include_bytes!("../../../tests/golden/trajectories.json");
const RECORDS: &[u8] = include_bytes!("../../../tests/golden/trajectories.safetensors");
/// Whole pipelines of diffusers, measured apart from our own script.
const PIPELINES: &[u8] = include_bytes!("../../../tests/golden/reference_pipe.json");

#[derive(Deserialize)]
struct Golden {
    network_config: Map<String, Value>,
    batch: usize,
    cases: BTreeMap<String, Trajectory>,
}

#[derive(Deserialize)]
struct Trajectory {
    scheduler: Value,
    out_channels: usize,
    conv_out: f32,
    steps: Option<usize>,
    custom_timesteps: Option<Vec<usize>>,
    eta: Option<f64>,
    use_clipped_model_output: Option<bool>,
    generator: String,
    seed: u64,
    timesteps: Vec<f64>,
    recorded: Vec<usize>,
    largest: f32,
}

impl Trajectory {
    fn scheduler(&self) -> Box<dyn Scheduler> {
        let json = serde_json::to_vec(&self.scheduler).unwrap();
        let config = SchedulerConfig::from_json(&json).unwrap().config;
        if config.class == SchedulerClass::Ddpm {
            let steps = || Visit::Steps(self.steps.unwrap());
            let visit = self.custom_timesteps.clone().map_or_else(steps, Visit::List);
            let variance = config.variance_type.into();
            return Box::new(DdpmScheduler::new(config.compat(), variance, &visit).unwrap());
        }
        assert_eq!(config.class, SchedulerClass::Ddim);
        let options = DdimOptions {
            set_alpha_to_one: config.set_alpha_to_one,
            eta: self.eta.unwrap(),
            use_clipped_model_output: self.use_clipped_model_output.unwrap(),
        };
        Box::new(DdimScheduler::new(config.compat(), options, self.steps.unwrap()).unwrap())
    }

    fn noise(&self, rows: usize) -> TorchNoise {
        match self.generator.as_str() {
            "one" => TorchNoise::whole(self.seed),
            "list" => TorchNoise::each((0..rows as u64).map(|row| self.seed + row)),
            other => panic!("generator {other}"),
        }
    }
}

/// The network of `config`, with the weights of the formula and those of its last layer scaled.
fn network(config: &UNetConfig, scale: f32) -> BurnNetwork<UNet> {
    let network = UNet::new(config, &device::cpu()).unwrap();
    let weights = parameters::to_weights(&network);
    let shapes = weights.iter().map(|(name, array)| (name.clone(), array.shape().to_vec()));
    let scaled = |(name, array): (String, Array)| {
        let array = if name.starts_with("conv_out.") {
            let values: Vec<f32> = array.to_f32().into_iter().map(|x| x * scale).collect();
            Array::from_f32(array.shape().to_vec(), &values).unwrap()
        } else {
            array
        };
        (name, array)
    };
    let weights: Weights = formula_weights(&shapes.collect()).into_iter().map(scaled).collect();
    BurnNetwork::new(&parameters::load(network, &weights).unwrap())
}

fn run(
    scheduler: &dyn Scheduler,
    network: &mut BurnNetwork<UNet>,
    noise: &mut TorchNoise,
    rows: usize,
) -> Vec<SchedulerStep> {
    let shape = network.module().input_shape();
    let x = noise.draw(&Batch::zeros(rows, shape));
    SchedulerRun::new(scheduler, x, network, noise).map(Result::unwrap).collect()
}

/// Relative to the largest value of a run. A relative error of 1e-6 in the network's output, which is what
/// f32 leaves, changes no x by more than 3e-5 of it (`sensitivity` in the file).
const TOLERANCE: f32 = 1e-4;

#[test]
fn runs_of_diffusers_are_replayed() {
    let Golden { network_config, batch, cases } = serde_json::from_slice(CASES).unwrap();
    let records = safetensors::from_bytes(RECORDS).unwrap();
    assert!(cases.len() > 130);
    for (name, case) in cases {
        let changes = Map::from_iter([("out_channels".to_owned(), case.out_channels.into())]);
        let mut network = network(&config(&network_config, &changes, &[]), case.conv_out);
        let scheduler = case.scheduler();
        assert_eq!(scheduler.timesteps(), case.timesteps, "{name}");
        let steps = run(&*scheduler, &mut network, &mut case.noise(batch), batch);
        assert_eq!(steps.len(), case.timesteps.len(), "{name}");
        let records = records.get(&name).unwrap().to_f32();
        let records = records.chunks_exact(steps[0].x.data().len());
        assert_eq!(records.len(), case.recorded.len(), "{name}");
        for (expected, &step) in records.zip(&case.recorded) {
            for (found, expected) in steps[step].x.data().iter().zip(expected) {
                let error = (found - expected).abs();
                assert!(error <= TOLERANCE * case.largest, "{name} {step}: {found} {expected}");
                // What is promised of the end.
                assert!(error <= 1e-3, "{name} {step}: {found} {expected}");
            }
        }
    }
}

#[test]
fn pipelines_of_diffusers_are_replayed() {
    let unets: Value = serde_json::from_slice(REFERENCE).unwrap();
    let base = config(unets["base_config"].as_object().unwrap(), &Map::new(), &[]);
    let mut network = network(&base, 0.05);
    let pipelines: Value = serde_json::from_slice(PIPELINES).unwrap();
    let ddpm = |keys: &str| {
        let json = format!(r#"{{"_class_name":"DDPMScheduler"{keys}}}"#);
        let config = SchedulerConfig::from_json(json.as_bytes()).unwrap().config;
        let variance = config.variance_type.into();
        Box::new(DdpmScheduler::new(config.compat(), variance, &Visit::Steps(5)).unwrap()) as Box<_>
    };
    let ddim = |eta| {
        let config = SchedulerConfig::default().as_class(SchedulerClass::Ddim).compat();
        let options = DdimOptions { eta, ..DdimOptions::default() };
        Box::new(DdimScheduler::new(config, options, 5).unwrap()) as Box<_>
    };
    let trailing = r#","timestep_spacing":"trailing","variance_type":"fixed_large""#;
    let cases: [(&str, Box<dyn Scheduler>, TorchNoise); 6] = [
        ("ddpm5_seed0", ddpm(""), TorchNoise::whole(0)),
        ("ddpm5_generators_0_1", ddpm(""), TorchNoise::each([0, 1])),
        ("ddpm5_seed1_batch1", ddpm(""), TorchNoise::whole(1)),
        ("ddpm5_trailing_fixed_large", ddpm(trailing), TorchNoise::whole(0)),
        ("ddim5_seed0", ddim(0.0), TorchNoise::whole(0)),
        ("ddim5_eta1", ddim(1.0), TorchNoise::whole(0)),
    ];
    for (name, scheduler, mut noise) in cases {
        let expected = &pipelines["pipelines"][name];
        let rows = usize::try_from(expected["batch"].as_u64().unwrap()).unwrap();
        let steps = run(&*scheduler, &mut network, &mut noise, rows);
        let pictures = channels_last(&steps.last().unwrap().x);
        let numbers =
            |key: &str| serde_json::from_value::<Vec<f32>>(expected[key].clone()).unwrap();
        let ends = pictures[..6].iter().chain(&pictures[pictures.len() - 3..]);
        for (found, expected) in ends.zip(numbers("first6").iter().chain(&numbers("last3"))) {
            assert!((found - expected).abs() <= 2e-5, "{name}: {found} {expected}");
        }
        let sum: f64 = pictures.iter().copied().map(f64::from).sum();
        let expected = expected["sum"].as_f64().unwrap();
        assert!((sum - expected).abs() <= 2e-5 * pictures.len() as f64, "{name}: {sum} {expected}");
    }
}

/// `[batch, height, width, channels]` in [0, 1], as the pipelines give pictures.
fn channels_last(x: &Batch) -> Vec<f32> {
    let positions = x.row_len() / x.row_shape()[0];
    let row = |row: &[f32]| {
        let at = |i: usize| row[i % x.row_shape()[0] * positions + i / x.row_shape()[0]];
        (0..row.len()).map(|i| (at(i) / 2.0 + 0.5).clamp(0.0, 1.0)).collect::<Vec<_>>()
    };
    x.iter_rows().flat_map(row).collect()
}
