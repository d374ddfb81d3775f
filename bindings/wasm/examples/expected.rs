//! Calls of this module and what they give on this machine, as JSON: other machines repeat them and compare.
//!
//! Each has the name of a function, its arguments (those of 64 bits as texts), its input in hexadecimal, perhaps the
//! name of a file of the built-in model whose content follows, the number that it returned, its output, and how close
//! to that the output has to be.

use std::fmt::Write as _;

use ancestral::{AnySampler, AnySchedule, AnySpacing, Sampler as _};
use ancestral_wasm::exact::{denoise, gaussian, mixture, path, path_answer, path_poll, reference};
use ancestral_wasm::exchange::{give, taken};
use ancestral_wasm::held::release;
use ancestral_wasm::model::{file, folder, open, own_network, pixels, predict};
use ancestral_wasm::run::{answer, encode, poll, run, samples};
use ancestral_wasm::schedule::{
    grid, grid_points, names, schedule, schedule_levels, schedule_of_betas,
};
use ancestral_wasm::settings::{array, plan, plan_about, settings};
use serde_json::{Value, json};

/// The files of the built-in model.
const DIGITS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../crates/pipeline/models/digits");
const FILES: [&str; 5] = [
    "model_index.json",
    "ancestral.json",
    "scheduler/scheduler_config.json",
    "unet/config.json",
    "unet/diffusion_pytorch_model.safetensors",
];

/// The calls so far.
#[derive(Default)]
struct Transcript(Vec<Value>);

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a text takes all that is written");
        text
    })
}

/// Makes a call and notes it: `record!(transcript, close, function(arguments), input)`.
macro_rules! record {
    ($transcript:expr, $close:expr, $function:ident($($argument:expr),*), $input:expr) => {{
        let input = $input;
        let input: &[u8] = input.as_ref();
        give(input);
        let number = $function($($argument),*);
        let arguments: Vec<Value> = vec![$(json!($argument)),*];
        $transcript.note($close, stringify!($function), &arguments, (input, None), number)
    }};
}

impl Transcript {
    fn note(
        &mut self,
        close: &str,
        function: &str,
        arguments: &[Value],
        (input, file): (&[u8], Option<&str>),
        number: i32,
    ) -> u32 {
        let output = taken();
        assert!(number >= 0, "{function}: {}", String::from_utf8_lossy(&output));
        self.0.push(json!({
            "function": function, "arguments": arguments, "input": hex(input), "file": file,
            "number": number, "output": hex(&output), "close": close,
        }));
        u32::try_from(number).expect("it is not negative")
    }

    /// Polls an exact run to its end; with `clean` its calls are answered by that function of x.
    fn follow(&mut self, run: u32, clean: Option<fn(f64) -> f64>) {
        loop {
            match (record!(self, "ulp", path_poll(run), []), clean) {
                (0, _) => break,
                (1, _) => {}
                (_, Some(clean)) => {
                    let values = taken();
                    let values = values[16..].as_chunks().0.iter();
                    let x0 = values.flat_map(|x| clean(f64::from_le_bytes(*x)).to_le_bytes());
                    record!(self, "same", path_answer(run), x0.collect::<Vec<_>>());
                }
                (_, None) => unreachable!("its denoiser is here"),
            }
        }
        release(run);
        self.0
            .push(json!({"function": "release", "arguments": [run], "input": "", "close": "none"}));
    }

    /// Draws from a model and keeps what each step shows.
    fn draw(&mut self, model: u32, json: &str, arrays: &[(&str, &[f64])]) -> u32 {
        let settings = record!(self, "same", settings(), json);
        for (head, values) in arrays {
            let values = values.iter().flat_map(|value| value.to_le_bytes());
            let input: Vec<u8> = head.bytes().chain(values).collect();
            record!(self, "same", array(settings, head.len()), input);
        }
        let plan = record!(self, "same", plan(model, settings), []);
        record!(self, "same", plan_about(plan), []);
        record!(self, "same", run(plan), [])
    }
}

fn main() {
    let mut transcript = Transcript::default();
    theory(&mut transcript);
    exact(&mut transcript);
    digits(&mut transcript);
    own(&mut transcript);
    serde_json::to_writer(std::io::stdout(), &transcript.0).expect("standard output takes it");
}

fn theory(transcript: &mut Transcript) {
    record!(transcript, "same", names(), []);
    for family in AnySchedule::all() {
        let schedule = record!(transcript, "same", schedule(200, 0), family.info().name);
        record!(transcript, "ulp", schedule_levels(schedule), []);
    }
    let betas: Vec<u8> = [0.1_f64, 0.2, 0.4].iter().flat_map(|beta| beta.to_le_bytes()).collect();
    let own = record!(transcript, "same", schedule_of_betas(1), betas);
    record!(transcript, "ulp", schedule_levels(own), []);
    let linear = record!(transcript, "same", schedule(1000, 0), "linear");
    for spacing in AnySpacing::names() {
        let grid = record!(transcript, "same", grid(linear, 12), spacing);
        record!(transcript, "ulp", grid_points(grid), []);
    }
}

fn exact(transcript: &mut Transcript) {
    let schedule = record!(transcript, "same", schedule(1000, 0), "cosine");
    let grid = record!(transcript, "same", grid(schedule, 8), "trailing");
    let normal = record!(transcript, "same", gaussian(0.5, 0.25), []);
    let blobs = record!(transcript, "same", reference(), "blobs");
    // Two components of a line: means, standard deviations, weights.
    let line = [-1.0_f64, 1.0, 0.1, 0.2, 1.0, 3.0].map(f64::to_le_bytes).concat();
    let line = record!(transcript, "same", mixture(2), line);
    let x = [-3.0_f64, -0.2, 0.0, 0.7].map(f64::to_le_bytes).concat();
    record!(transcript, "ulp", denoise(line, 1, -0.5), &x);
    record!(transcript, "ulp", denoise(blobs, 2, 1.5), &x);
    for sampler in AnySampler::all() {
        let name = sampler.info().name;
        let seed = json!("7");
        for (exact, length) in [(normal, 3), (blobs, 2), (0, 2)] {
            give(name.as_bytes());
            let number = path(exact, grid, 2, length, 7, 0);
            let arguments =
                vec![json!(exact), json!(grid), json!(2), json!(length), seed.clone(), json!("0")];
            let run = transcript.note("same", "path", &arguments, (name.as_bytes(), None), number);
            transcript.follow(run, (exact == 0).then_some(|x| x / 2.0));
        }
    }
}

fn digits(transcript: &mut Transcript) {
    let folder = record!(transcript, "same", folder(), []);
    for name in FILES {
        let content =
            std::fs::read(format!("{DIGITS}/{name}")).expect("the built-in model is here");
        give(&[name.as_bytes(), &content].concat());
        let number = file(folder, name.len());
        let arguments = vec![json!(folder), json!(name.len())];
        transcript.note("same", "file", &arguments, (name.as_bytes(), Some(name)), number);
    }
    let model = record!(transcript, "same", open(folder, 0, 0), "digits");
    let x = [0.25_f32; 128].map(f32::to_le_bytes).concat();
    let labelled = [[3_u32, 4].map(u32::to_le_bytes).concat(), x].concat();
    record!(transcript, "floats", predict(model, 2, 500.0, 1), labelled);
    for settings in [
        r#"{"count": 4, "steps": 5, "seed": 7}"#,
        r#"{"count": 3, "steps": 8, "sampler": "dpmpp-sde", "spacing": "karras", "class": "3"}"#,
        r#"{"count": 2, "steps": 4, "class": "8", "guidance": 2.5, "sampler": "ddim"}"#,
        r#"{"count": 3, "steps": 3, "batch": 2, "rng": "torch-each", "sampler": "dpmpp-2m"}"#,
        r#"{"count": 2, "steps": 4, "sampler": "ddim", "compat": "diffusers"}"#,
    ] {
        let run = transcript.draw(model, settings, &[]);
        while record!(transcript, "step", poll(run), []) != 0 {}
        record!(transcript, "floats", samples(run), []);
        record!(transcript, "none", encode(run), "png");
    }
    let shape = |name: &str| format!(r#"{{"name": "{name}", "shape": [1, 1, 8, 8]}}"#);
    let (known, mask) = (shape("inpaint"), shape("mask"));
    let half: Vec<f64> = (0..64).map(|pixel| f64::from(u8::from(pixel < 32))).collect();
    let run = transcript.draw(
        model,
        r#"{"count": 2, "steps": 4, "sampler": "ddim"}"#,
        &[(&known, &[-1.0; 64]), (&mask, &half)],
    );
    while record!(transcript, "step", poll(run), []) != 0 {}
    let picture = [-1.0_f32, 0.0, 0.5, 2.0].map(f32::to_le_bytes).concat();
    record!(transcript, "same", pixels(1, 2, 2), picture);
}

/// A network of the host, which predicts half of its input.
fn own(transcript: &mut Transcript) {
    let own = r#"{"shape": [2, 1, 1], "scheduler": {"prediction_type": "v_prediction", "clip_sample": false}}"#;
    let model = record!(transcript, "same", own_network(), own);
    let run = transcript.draw(model, r#"{"count": 3, "steps": 4, "sampler": "heun"}"#, &[]);
    loop {
        match record!(transcript, "step", poll(run), []) {
            0 => break,
            1 => {}
            _ => {
                let call = taken();
                let x = call[16 + 3 * 8..].as_chunks().0.iter();
                let half = x.flat_map(|x| (f32::from_le_bytes(*x) / 2.0).to_le_bytes());
                record!(transcript, "same", answer(run), half.collect::<Vec<_>>());
            }
        }
    }
    record!(transcript, "floats", samples(run), []);
}
