"""Writes crates/core/tests/golden/scheduler_runs.json: whole runs of diffusers' other schedulers.

    pip install torch==2.15.0 diffusers==0.42.1
    python tools/golden/scheduler_runs.py crates/core/tests/golden/scheduler_runs.json

Each case is a class, a change of its config, a number of steps and, for some, options of its step;
"defaults" has the configs with nothing said. A run starts from PyTorch's generator with the seed of
the case, which the steps that add noise draw from as well, as a pipeline does it. "x" has the sample
after every call of the network, float32 as the hexadecimal digits of their bits, eight a value.

The network is a formula of what it is shown, the timestep and the place in the row, of sums,
products and quotients in float32 alone, which every machine rounds alike. Square roots, logarithms
and exponentials are rounded to nearest, as in scheduler_steps.py; "apart" says how far the
untouched diffusers is from that, over the largest value of the run.
"""

import inspect
import json
import sys

import diffusers
import numpy as np
import torch

from scheduler_steps import rounding_to_nearest, text

COMMAND = "python tools/golden/scheduler_runs.py crates/core/tests/golden/scheduler_runs.json"
NETWORK = "((0.3 + t/1000) x + 0.05 i - 0.2)/(1 + |x|/4) of element i of a row, in float32"
SHAPE = (2, 2, 4)

V = {"prediction_type": "v_prediction"}
SAMPLE = {"prediction_type": "sample"}
KARRAS = {"use_karras_sigmas": True}
EXPONENTIAL = {"use_exponential_sigmas": True}
BETA = {"use_beta_sigmas": True}
SPREADS = [KARRAS, EXPONENTIAL, BETA]
LU = {"use_lu_lambdas": True}
LEADING = {"timestep_spacing": "leading", "steps_offset": 1}
TRAILING = {"timestep_spacing": "trailing"}
LINSPACE = {"timestep_spacing": "linspace"}
SIGMA_MIN = {"final_sigmas_type": "sigma_min"}
SCALED = {"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012}
FEW = {"num_train_timesteps": 100, "beta_start": 0.00085, "beta_end": 0.012}
COSINE = {"beta_schedule": "squaredcos_cap_v2"}
BETAS = {"trained_betas": [round(0.01 + 0.0005 * i * i, 6) for i in range(20)]}
BETAS |= {"num_train_timesteps": 20}
ZERO_SNR = {"rescale_betas_zero_snr": True, **V, **TRAILING}
THRESHOLD = {"thresholding": True, "dynamic_thresholding_ratio": 0.8, "sample_max_value": 1.5}
HEUN = {"solver_type": "heun"}


def order(order):
    return {"solver_order": order}


def algorithm(name):
    return {"algorithm_type": name, **({} if name.endswith("++") else SIGMA_MIN)}


def dpm(names, orders):
    """What both DPM-Solvers have."""
    for name in names:
        for n in orders:
            if name == "sde-dpmsolver" and n == 3:
                continue
            yield algorithm(name) | order(n), 10
            if n > 1:
                yield algorithm(name) | order(n) | HEUN | SCALED, 11
    yield SIGMA_MIN | order(3) | SAMPLE, 10
    yield SIGMA_MIN | order(2) | V, 16
    for spread in SPREADS:
        yield spread | SCALED, 10
        yield spread | SIGMA_MIN | order(3) | V, 9
    yield {"lower_order_final": False} | order(3), 9
    yield {"lower_order_final": True} | order(3), 9
    yield THRESHOLD | V, 10
    yield {"lambda_min_clipped": -3.0} | COSINE | V, 10
    yield BETAS | V, 7
    yield {}, 1
    yield {}, 2


MULTISTEP = [
    *dpm(["dpmsolver++", "dpmsolver", "sde-dpmsolver++", "sde-dpmsolver"], [1, 2, 3]),
    (order(3) | SIGMA_MIN | LEADING | V, 17),
    (order(3) | LEADING | {"lower_order_final": False}, 10),
    (TRAILING | SCALED, 13),
    ({"euler_at_final": True, "lower_order_final": False} | SIGMA_MIN, 10),
    (LU | V | SCALED, 10),
    (LU | COSINE | V, 10),
    (EXPONENTIAL | FEW | V | SIGMA_MIN, 8),
    (ZERO_SNR, 10),
    (THRESHOLD | algorithm("dpmsolver"), 10),
    (KARRAS | SIGMA_MIN | {"lower_order_final": False}, 10),
]
SINGLESTEP = [
    *dpm(["dpmsolver++", "dpmsolver", "sde-dpmsolver++"], [1, 2, 3]),
    (order(2) | SIGMA_MIN, 9),
    (order(3) | SIGMA_MIN | V, 8),
    (order(3) | SIGMA_MIN | HEUN | V, 7),
    (order(2) | SIGMA_MIN | {"lower_order_final": True}, 10),
]
UNIPC = [
    *((order(n) | kind | SIGMA_MIN, 10) for n in (1, 2, 3) for kind in ({"solver_type": "bh1"}, {})),
    *((order(n), 10) for n in (1, 2, 3, 4)),
    *((order(n) | {"predict_x0": False} | SIGMA_MIN | V, 10) for n in (1, 2, 3)),
    (order(2) | {"lower_order_final": False} | SIGMA_MIN, 10),
    (order(3) | {"disable_corrector": [0, 3]} | SIGMA_MIN, 10),
    *((spread | SCALED, 10) for spread in SPREADS),
    *((spread | SIGMA_MIN | order(3) | SCALED | V, 9) for spread in SPREADS),
    (SAMPLE | THRESHOLD, 10),
    (LEADING | order(3), 11),
    (TRAILING | V, 13),
    (ZERO_SNR, 10),
    (BETAS | V | order(3), 7),
    ({}, 1),
]
DEIS = [
    *((order(n) | change, 10) for n in (1, 2, 3) for change in ({}, V | LEADING, SAMPLE | TRAILING)),
    *((spread | SCALED, 10) for spread in SPREADS),
    (order(3) | {"lower_order_final": False}, 10),
    (order(3), 16),
    (order(3) | BETA, 50),
    (THRESHOLD, 10),
    (COSINE | V, 10),
    (BETAS | order(3), 7),
    ({}, 1),
]
SIGMA_FAMILY = [({}, 10), (V | LEADING, 10), (TRAILING | SCALED, 13), (BETAS, 7), ({}, 1), (COSINE | V, 9)]
SPREAD_FAMILY = [*((spread | SCALED, 10) for spread in SPREADS), (KARRAS | V | LEADING, 8)]
CHURN = {"s_churn": 4.0, "s_tmin": 0.05, "s_tmax": 40.0, "s_noise": 1.003}
EULER = [
    *SIGMA_FAMILY,
    *SPREAD_FAMILY,
    (SAMPLE, 10),
    (SIGMA_MIN, 10),
    (KARRAS | {"sigma_min": 0.1, "sigma_max": 20.0}, 10),
    ({"interpolation_type": "log_linear"} | V, 10),
    ({"interpolation_type": "log_linear"} | KARRAS, 9),
    ({"timestep_type": "continuous"} | V, 10),
    (ZERO_SNR, 10),
    ({}, 10, CHURN),
    (V | KARRAS, 10, CHURN),
    ({"interpolation_type": "log_linear"} | V, 10, CHURN),
    (KARRAS | V, 31, {"s_churn": 7.3}),
]
PNDM = [
    ({}, 10),
    (V, 13),
    ({"skip_prk_steps": True}, 10),
    ({"skip_prk_steps": True} | SCALED | LEADING | V, 13),
    ({"set_alpha_to_one": True}, 10),
    (TRAILING, 10),
    (LINSPACE | V, 7),
    ({}, 4),
    ({"skip_prk_steps": True, "set_alpha_to_one": True}, 1),
    (BETAS, 10),
]
LCM = [
    ({}, 4),
    (V, 8),
    (SAMPLE | {"clip_sample": True, "clip_sample_range": 0.5}, 4),
    (THRESHOLD, 5),
    ({"original_inference_steps": 100, "timestep_scaling": 5.0}, 7),
    (V, 40),
    ({"rescale_betas_zero_snr": True} | V, 4),
    (BETAS | {"original_inference_steps": 10}, 3),
    ({}, 1),
]
CASES = {
    "DPMSolverMultistepScheduler": MULTISTEP,
    "DPMSolverSinglestepScheduler": SINGLESTEP,
    "UniPCMultistepScheduler": UNIPC,
    "DEISMultistepScheduler": DEIS,
    "EulerDiscreteScheduler": EULER,
    "EulerAncestralDiscreteScheduler": [*SIGMA_FAMILY, (ZERO_SNR, 10)],
    "HeunDiscreteScheduler": [
        *SIGMA_FAMILY,
        *SPREAD_FAMILY,
        (SAMPLE | {"clip_sample": True, "clip_sample_range": 0.7}, 10),
    ],
    "KDPM2DiscreteScheduler": [*SIGMA_FAMILY, *SPREAD_FAMILY],
    "KDPM2AncestralDiscreteScheduler": [*SIGMA_FAMILY[:-1], *SPREAD_FAMILY],
    "LMSDiscreteScheduler": [*SIGMA_FAMILY, *SPREAD_FAMILY, (SAMPLE, 10)],
    "PNDMScheduler": PNDM,
    "LCMScheduler": LCM,
}

# Runs that fail or give NaN, and what our refusal says.
AGAIN, NO_NUMBER, NONE = "comes there again", "has no number", " has "
REFUSED = [
    ("DPMSolverMultistepScheduler", COSINE | KARRAS | V, 10, AGAIN),
    ("DPMSolverMultistepScheduler", KARRAS | SIGMA_MIN | HEUN | {"lower_order_final": False}, 10, NO_NUMBER),
    ("DPMSolverMultistepScheduler", algorithm("sde-dpmsolver") | order(3), 10, NONE),
    ("DPMSolverMultistepScheduler", {"algorithm_type": "dpmsolver"}, 10, NONE),
    ("DPMSolverMultistepScheduler", {"timestep_spacing": "leading"}, 1000, AGAIN),
    ("DPMSolverSinglestepScheduler", COSINE | BETA, 14, AGAIN),
    ("DEISMultistepScheduler", COSINE | KARRAS, 8, AGAIN),
    ("DEISMultistepScheduler", SCALED, 1000, NO_NUMBER),
    ("UniPCMultistepScheduler", COSINE | BETA | V, 9, AGAIN),
    ("UniPCMultistepScheduler", {"predict_x0": False}, 10, NONE),
    ("UniPCMultistepScheduler", {"lower_order_final": False}, 10, NONE),
    ("EulerDiscreteScheduler", SCALED | BETA | {"sigma_max": 20.0, "sigma_min": 0.1}, 5, AGAIN),
    ("KDPM2AncestralDiscreteScheduler", COSINE | V, 9, NO_NUMBER),
    ("KDPM2DiscreteScheduler", COSINE | KARRAS | V, 61, AGAIN),
    ("PNDMScheduler", {}, 3, "at least 4"),
    ("LCMScheduler", {}, 51, "51 steps"),
]


def network(x, timestep):
    single = torch.float32
    t = torch.tensor(float(timestep), dtype=single) / torch.tensor(1000.0)
    place = torch.arange(8, dtype=single).reshape(SHAPE[1:]) * torch.tensor(0.05)
    above = (torch.tensor(0.3) + t) * x + place - torch.tensor(0.2)
    return above / (1 + x.abs() / 4)


def run(name, config, steps, options, seed):
    """The scheduler, and x after every call."""
    scheduler = getattr(diffusers, name)(**config)
    scheduler.set_timesteps(steps)
    generator = torch.Generator().manual_seed(seed)
    options = dict(options)
    if "generator" in inspect.signature(scheduler.step).parameters:
        options["generator"] = generator
    x = torch.randn(SHAPE, generator=generator) * scheduler.init_noise_sigma
    xs = []
    for timestep in scheduler.timesteps:
        output = network(scheduler.scale_model_input(x, timestep), timestep)
        x = scheduler.step(output, timestep, x, **options).prev_sample
        xs.append(x)
    return scheduler, torch.stack(xs)


def record(name, config, steps, options, seed):
    _, raw = run(name, config, steps, options, seed)
    with rounding_to_nearest():
        scheduler, xs = run(name, config, steps, options, seed)
    assert xs.isfinite().all(), (name, config, steps)
    largest = xs.abs().max().item()
    apart = (raw - xs).abs().max().item() / largest
    case = {"class": name, "config": config, "steps": steps, "options": options, "seed": seed}
    timesteps = [float(f"{t:.9g}") for t in scheduler.timesteps.tolist()]
    case |= {"timesteps": timesteps, "x": text(xs), "apart": float(f"{apart:.1e}")}
    return case


def check_refused(name, config, steps, refusal):
    """Makes sure that diffusers has no such run."""
    try:
        _, xs = run(name, config, steps, {}, 0)
    except (AssertionError, IndexError, RuntimeError, TypeError, UnboundLocalError, ValueError):
        pass
    else:
        assert not xs.isfinite().all(), (name, config, steps)
    return {"class": name, "config": config, "steps": steps, "options": {}, "refusal": refusal}


def main(path):
    torch.set_num_threads(1)
    diffusers.utils.logging.set_verbosity_error()
    cases = []
    for name, runs in CASES.items():
        for index, (config, steps, *options) in enumerate(runs):
            cases.append(record(name, config, steps, *(options or [{}]), index))
            print(f"{cases[-1]['apart']:.1e} {name} {config} {steps}")
    refused = [check_refused(*case) for case in REFUSED]
    head = {
        "source": list(CASES),
        "versions": {"diffusers": diffusers.__version__, "torch": torch.__version__},
        "command": COMMAND,
        "network": NETWORK,
        "shape": SHAPE,
        "refused": refused,
    }
    defaults = {name: dict(getattr(diffusers, name)().config) for name in CASES}
    # JSON has no infinity.
    for config in defaults.values():
        if "lambda_min_clipped" in config:
            config["lambda_min_clipped"] = None
        config.pop("_use_default_values", None)
    compact = {"separators": (",", ":")}
    with open(path, "w") as file:
        file.write(json.dumps(head, **compact)[:-1] + ',"defaults":{\n')
        lines = (f'"{name}":{json.dumps(config, **compact)}' for name, config in defaults.items())
        file.write(",\n".join(lines) + '},"cases":[\n')
        file.write(",\n".join(json.dumps(case, **compact) for case in cases) + "\n]}\n")


if __name__ == "__main__":
    main(sys.argv[1])
