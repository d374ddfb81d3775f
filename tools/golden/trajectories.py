"""Writes trajectories.json and trajectories.safetensors: whole sampling runs of diffusers.

    pip install -r tools/golden/requirements.txt
    python tools/golden/trajectories.py crates/nn/tests/golden/trajectories.json

Each case is a scheduler config, a list of timesteps and a seed, with one of two small U-Nets whose
weights follow a formula; everything is float32 on the CPU. The draws come from PyTorch's generator
in the order of diffusers' pipelines: x_T first, then one draw a step where the step has noise. Some
cases are run through the pipelines too, which must give the same pictures.

Two variance types give NaN in diffusers, which takes a logarithm for a variance. The subclass here
gives what was meant: the standard deviation of fixed_large for fixed_large_log, and the second half
of the network's output as a log-variance for learned. All else is diffusers' own: its DDIM goes
from t to t - T // n even where the list has another timestep next, and its DDPM adds noise on the
last step where that is not at timestep 0. `to` says where each step goes.
"""

import json
import sys
from itertools import product
from pathlib import Path

import diffusers
import numpy as np
import torch
from diffusers import DDIMPipeline, DDIMScheduler, DDPMPipeline, UNet2DModel
from diffusers.utils.torch_utils import randn_tensor

import formulas

HEAD = {
    "source": "DDPMScheduler and DDIMScheduler with UNet2DModel",
    "versions": {"diffusers": diffusers.__version__, "torch": torch.__version__},
    "command": "python tools/golden/trajectories.py crates/nn/tests/golden/trajectories.json",
}

NETWORK = {
    "sample_size": 8,
    "in_channels": 3,
    "layers_per_block": 1,
    "block_out_channels": [8, 16],
    "down_block_types": ["DownBlock2D", "AttnDownBlock2D"],
    "up_block_types": ["AttnUpBlock2D", "UpBlock2D"],
    "norm_num_groups": 4,
    "attention_head_dim": 8,
}
BATCH = 2

FORMULAS = {
    "network": f"network_config with the case's out_channels; batch {BATCH}",
    "weights": formulas.WEIGHTS
    + "; then conv_out.weight and conv_out.bias times the case's conv_out, in float32",
    "generator": "one: a generator of this seed for the batch; list: one of seed + i for row i",
    "to": "where each step goes in diffusers: a timestep, or -1 for the data",
    "recorded": "indices of the steps after which x is stored, in the safetensors file under the "
    "case's name: shape (recorded, batch, channels, height, width)",
    "sensitivity": "largest change of an x, over its largest element, in the worst of the steps: "
    "network, if the network's outputs are multiplied by 1 + 1e-6 z, z normal; coefficients, if "
    "the products of alphas are float64 instead of float32",
    "intended": "fixed_large_log has the standard deviation of fixed_large, and learned takes the "
    "second half of the output as a log-variance; both are NaN in diffusers",
}

STEPS = [10, 13, 16, 20, 27, 50]
VARIANCES = [
    "fixed_small",
    "fixed_small_log",
    "fixed_large",
    "fixed_large_log",
    "learned",
    "learned_range",
]
PREDICTIONS = ["epsilon", "sample", "v_prediction"]
SPACINGS = ["leading", "linspace", "trailing"]
TRAINED_BETAS = [round(1e-3 + 4e-6 * i * i + 2e-3 * (i % 3), 6) for i in range(100)]


class DDPMScheduler(diffusers.DDPMScheduler):
    """Diffusers' scheduler, whose step takes the square root of what this gives."""

    def _get_variance(self, t, predicted_variance=None, variance_type=None):
        if self.variance_type == "fixed_large_log":
            return super()._get_variance(t, variance_type="fixed_large")
        if self.variance_type == "learned":
            return predicted_variance.exp()
        return super()._get_variance(t, predicted_variance, variance_type)


def ddpm(steps, seed, generator="one", **config):
    return {
        "class": DDPMScheduler,
        "config": config,
        "steps": steps,
        "seed": seed,
        "generator": generator,
        "conv_out": 0.05,
        "step": {},
    }


def ddim(steps, seed, eta=0.0, clipped=False, generator="one", **config):
    step = {"eta": eta, "use_clipped_model_output": clipped}
    case = ddpm(steps, seed, generator, **config) | {"class": DDIMScheduler, "step": step}
    if not (eta or clipped) and config.get("prediction_type", "epsilon") == "epsilon":
        # Such an x soon is small, and the network's norms magnify what then changes.
        case["conv_out"] = 0.01
    return case


def grid():
    """Every variance type, prediction and spacing of DDPM; DDIM without and with noise."""
    for (v, variance), (p, prediction), (s, spacing) in product(
        enumerate(VARIANCES), enumerate(PREDICTIONS), enumerate(SPACINGS)
    ):
        yield f"ddpm-{variance}-{prediction}-{spacing}", ddpm(
            STEPS[(v + 2 * p + s) % 6],
            seed=100 + 9 * v + 3 * p + s,
            variance_type=variance,
            prediction_type=prediction,
            timestep_spacing=spacing,
        )
    for eta, clipped, (p, prediction), (s, spacing) in product(
        [0, 1], [0, 1], enumerate(PREDICTIONS), enumerate(SPACINGS)
    ):
        name = f"ddim-eta{eta}-{prediction}-{spacing}" + "-clipped" * clipped
        yield name, ddim(
            STEPS[(eta + 3 * clipped + 2 * p + s) % 6],
            seed=200 + 18 * eta + 9 * clipped + 3 * p + s,
            eta=float(eta),
            clipped=bool(clipped),
            prediction_type=prediction,
            timestep_spacing=spacing,
        )


V = {"prediction_type": "v_prediction"}
SAMPLE = {"prediction_type": "sample"}
LINSPACE = {"timestep_spacing": "linspace"}
TRAILING = {"timestep_spacing": "trailing"}
ZERO_SNR = {"rescale_betas_zero_snr": True, **V, **TRAILING}
THRESHOLD = {"thresholding": True, "dynamic_thresholding_ratio": 0.9, "sample_max_value": 1.5}
SCALED = {"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012}
COSINE = {"beta_schedule": "squaredcos_cap_v2"}
TRAINED = {"trained_betas": TRAINED_BETAS, "num_train_timesteps": len(TRAINED_BETAS)}
LARGE = {"variance_type": "fixed_large"}
RANGE = {"variance_type": "learned_range"}
LIST_TO_5 = [999, 850, 700, 600, 500, 400, 300, 200, 150, 100, 50, 20, 5]
LIST_TO_0 = [400, 360, 320, 280, 240, 200, 160, 120, 80, 40, 20, 10, 3, 2, 1, 0]

SINGLE = {
    "ddpm-scaled_linear": ddpm(16, 301, **SCALED),
    "ddpm-cosine": ddpm(20, 302, **COSINE, **V),
    "ddpm-cosine-learned_range": ddpm(13, 303, **COSINE, **RANGE, **LINSPACE),
    "ddpm-sigmoid": ddpm(16, 304, beta_schedule="sigmoid", **LARGE),
    "ddpm-laplace": ddpm(16, 305, beta_schedule="laplace"),
    "ddpm-trained_betas": ddpm(16, 306, **TRAINED, **LARGE),
    "ddpm-200_timesteps": ddpm(27, 307, num_train_timesteps=200, **LINSPACE),
    "ddpm-other_betas": ddpm(13, 308, beta_start=5e-4, beta_end=0.03, **TRAILING),
    "ddpm-zero_snr": ddpm(20, 309, **ZERO_SNR),
    "ddpm-zero_snr-fixed_large": ddpm(13, 310, **ZERO_SNR, **LARGE),
    "ddpm-zero_snr-learned_range": ddpm(10, 311, **ZERO_SNR, **RANGE),
    "ddpm-offset": ddpm(13, 312, steps_offset=1),
    "ddpm-offset-fixed_large": ddpm(10, 313, steps_offset=1, **LARGE, **V),
    "ddpm-list-to_5": ddpm(LIST_TO_5, 314),
    "ddpm-list-to_5-fixed_large": ddpm(LIST_TO_5, 315, **LARGE, **V),
    "ddpm-list-to_0": ddpm(LIST_TO_0, 316),
    "ddpm-list-to_0-learned_range": ddpm(LIST_TO_0, 317, **RANGE),
    "ddpm-threshold": ddpm(16, 318, **THRESHOLD),
    "ddpm-threshold-v": ddpm(13, 319, **THRESHOLD, **V, **TRAILING, **LARGE),
    "ddpm-clip_range": ddpm(13, 320, clip_sample_range=0.4),
    "ddpm-no_clip": ddpm(LIST_TO_0, 321, clip_sample=False),
    "ddpm-no_clip-sample": ddpm(20, 322, clip_sample=False, **SAMPLE),
    "ddpm-no_clip-v": ddpm(13, 323, clip_sample=False, **V, **TRAILING),
    "ddpm-generators": ddpm(13, 324, "list"),
    "ddpm-generators-learned": ddpm(10, 325, "list", variance_type="learned", **TRAILING),
    "ddpm-seed-of-33-bits": ddpm(10, 2**32 + 326),
    "ddpm-one-step": ddpm(1, 327, **TRAILING),
    "ddim-eta0.5": ddim(20, 401, 0.5),
    "ddim-eta0.5-clipped-trailing": ddim(13, 402, 0.5, True, **V, **TRAILING),
    "ddim-final_alpha": ddim(13, 403, set_alpha_to_one=False),
    "ddim-final_alpha-eta1": ddim(16, 404, 1.0, set_alpha_to_one=False, **V, **LINSPACE),
    "ddim-final_alpha-offset": ddim(13, 405, set_alpha_to_one=False, steps_offset=1),
    "ddim-offset-eta1": ddim(20, 406, 1.0, True, steps_offset=1),
    "ddim-scaled_linear": ddim(27, 407, **SCALED),
    "ddim-cosine": ddim(20, 408, 1.0, **COSINE, **V),
    "ddim-cosine-clipped": ddim(13, 409, 0.0, True, **COSINE, **SAMPLE, **TRAILING),
    "ddim-trained_betas": ddim(16, 410, 1.0, **TRAINED),
    "ddim-zero_snr": ddim(20, 411, **ZERO_SNR),
    "ddim-zero_snr-eta1": ddim(13, 412, 1.0, **ZERO_SNR),
    "ddim-threshold": ddim(16, 413, **THRESHOLD),
    "ddim-threshold-clipped-eta1": ddim(13, 414, 1.0, True, **THRESHOLD, **LINSPACE),
    "ddim-no_clip-v": ddim(20, 415, clip_sample=False, **V),
    "ddim-no_clip-sample-eta1": ddim(13, 416, 1.0, clip_sample=False, **SAMPLE, **TRAILING),
    "ddim-clip_range": ddim(13, 417, 0.0, True, clip_sample_range=0.4),
    "ddim-generators": ddim(13, 418, generator="list"),
    "ddim-generators-eta1": ddim(16, 419, 1.0, generator="list", **V),
    "ddim-one-step": ddim(1, 420, **TRAILING),
}

CASES = dict(grid()) | SINGLE

IN_PIPELINES = [
    "ddpm-fixed_small-epsilon-leading",
    "ddpm-fixed_large_log-v_prediction-trailing",
    "ddpm-learned_range-sample-linspace",
    "ddpm-generators-learned",
    "ddim-eta0-epsilon-leading",
    "ddim-eta1-v_prediction-linspace-clipped",
    "ddim-generators-eta1",
]


def out_channels(case):
    return 6 if case["config"].get("variance_type", "").startswith("learned") else 3


def network_of(case):
    network = UNet2DModel(**NETWORK, out_channels=out_channels(case)).eval()
    formulas.fill(network)
    network.conv_out.weight.mul_(case["conv_out"])
    network.conv_out.bias.mul_(case["conv_out"])
    return network


def generator_of(case):
    generators = [torch.Generator().manual_seed(case["seed"] + i) for i in range(BATCH)]
    return generators if case["generator"] == "list" else generators[0]


def scheduler_of(case):
    scheduler = case["class"](**case["config"])
    if isinstance(case["steps"], list):
        scheduler.set_timesteps(timesteps=case["steps"])
    else:
        scheduler.set_timesteps(case["steps"])
    return scheduler


def sample(case, scheduler, change=lambda output: output):
    """x after every step."""
    network, generator = network_of(case), generator_of(case)
    x = randn_tensor((BATCH, 3, 8, 8), generator=generator)
    xs = []
    for t in scheduler.timesteps:
        output = change(network(x, t).sample)
        x = scheduler.step(output, t, x, generator=generator, **case["step"]).prev_sample
        xs.append(x)
    return torch.stack(xs)


def steps_to(case, scheduler):
    timesteps = scheduler.timesteps.tolist()
    if case["class"] is DDIMScheduler:
        hop = scheduler.config.num_train_timesteps // len(timesteps)
        return [max(t - hop, -1) for t in timesteps]
    return [int(scheduler.previous_timestep(t)) for t in timesteps]


def sensitivity(case, xs):
    noise = torch.Generator().manual_seed(1)

    def perturbed(output):
        return output * (1 + 1e-6 * torch.randn(output.shape, generator=noise))

    precise = scheduler_of(case)
    precise.alphas_cumprod = torch.cumprod(1 - precise.betas.double(), dim=0)
    if case["class"] is DDIMScheduler and not precise.config.set_alpha_to_one:
        precise.final_alpha_cumprod = precise.alphas_cumprod[0]
    others = {
        "network": sample(case, scheduler_of(case), perturbed),
        "coefficients": sample(case, precise),
    }
    largest = xs.abs().amax((1, 2, 3, 4))
    changes = {
        key: ((other - xs).abs().amax((1, 2, 3, 4)) / largest).max()
        for key, other in others.items()
    }
    assert changes["network"] < 5e-5, f"{case} magnifies changes of the network's output"
    return {key: float(f"{value:.1e}") for key, value in changes.items()}


def check_pipeline(case, x):
    kind = DDIMPipeline if case["class"] is DDIMScheduler else DDPMPipeline
    pipeline = kind(network_of(case), case["class"](**case["config"]))
    pipeline.set_progress_bar_config(disable=True)
    images = pipeline(
        batch_size=BATCH,
        generator=generator_of(case),
        num_inference_steps=case["steps"],
        output_type="np",
        **case["step"],
    ).images
    expected = (x / 2 + 0.5).clamp(0, 1).permute(0, 2, 3, 1).numpy()
    assert np.array_equal(images, expected), case


def record(name):
    case = CASES[name]
    scheduler = scheduler_of(case)
    xs = sample(case, scheduler)
    assert xs.isfinite().all(), name
    if name in IN_PIPELINES:
        check_pipeline(case, xs[-1])
    last = len(xs) - 1
    recorded = sorted({0, *range(4, last, 5), max(last - 1, 0), last})
    entry = {
        "scheduler": json.loads(scheduler.to_json_string()),
        "out_channels": out_channels(case),
        "conv_out": case["conv_out"],
        "steps": len(xs) if isinstance(case["steps"], int) else None,
        "custom_timesteps": case["steps"] if isinstance(case["steps"], list) else None,
        "eta": case["step"].get("eta"),
        "use_clipped_model_output": case["step"].get("use_clipped_model_output"),
        "generator": case["generator"],
        "seed": case["seed"],
        "intended": scheduler.config.get("variance_type") in ("fixed_large_log", "learned"),
        "timesteps": scheduler.timesteps.tolist(),
        "to": steps_to(case, scheduler),
        "recorded": recorded,
        "largest": float(f"{xs.abs().max():.3g}"),
        "sensitivity": sensitivity(case, xs),
    }
    return entry, xs[recorded].numpy()


@torch.no_grad()
def main(path):
    torch.set_num_threads(1)
    records = {name: record(name) for name in CASES}
    head = HEAD | FORMULAS | {"network_config": NETWORK, "batch": BATCH}
    formulas.write_index(path, head, cases={name: entry for name, (entry, _) in records.items()})
    arrays = {name: xs for name, (_, xs) in records.items()}
    formulas.write_arrays(path.with_suffix(".safetensors"), HEAD, arrays)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
