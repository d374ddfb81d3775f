"""Writes crates/core/tests/golden/scheduler_steps.json: single steps of diffusers' schedulers.

    pip install torch==2.15.0 diffusers==0.42.1
    python tools/golden/scheduler_steps.py crates/core/tests/golden/scheduler_steps.json

Each case is a change of one config, one timestep of its list, and what a step gives for the sample,
the network's output and the noise that stand at the head of the file: all of them float32, written
as the hexadecimal digits of their bits, eight a value, so that a test can ask for equal bits.
Variance types, predictions and limits meet all others; curves, numbers of steps and timesteps are
drawn. Variance types for which diffusers gives NaN are left out, and so is every result that is not
finite. Also whole tables of alphas_cumprod.

PyTorch built with MKL takes square roots, logarithms and exponentials from there, and those are no
IEEE roundings: one square root in seven is a unit in the last place off, and which ones is not the
same everywhere. So cases and tables are made with these functions rounded to nearest; a sixth of
the cases has what untouched diffusers makes of them as well ("raw").
"""

import contextlib
import itertools
import json
import random
import sys
from unittest.mock import patch

import diffusers
import numpy as np
import torch
from diffusers import DDIMInverseScheduler, DDIMScheduler, DDPMScheduler
from diffusers.schedulers import scheduling_ddpm

COMMAND = "python tools/golden/scheduler_steps.py crates/core/tests/golden/scheduler_steps.json"

SHAPE = (2, 3, 2)

PREDICTIONS = ["epsilon", "sample", "v_prediction"]
SPACINGS = ["leading", "trailing", "linspace"]
CURVES = [
    {"beta_schedule": "linear"},
    {"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012},
    {"beta_schedule": "squaredcos_cap_v2"},
    {"beta_schedule": "sigmoid"},
    {"beta_schedule": "laplace"},
]
LIMITS = [
    {"clip_sample": False},
    {"clip_sample": True, "clip_sample_range": 0.7},
    {"thresholding": True, "dynamic_thresholding_ratio": 0.87, "sample_max_value": 1.5},
]
STEPS = [10, 13, 50, 7, 61, 1000, 3]


def bits(tensor):
    return tensor.contiguous().numpy().astype("<f4").view("<u4").ravel()


def text(tensor):
    return "".join(f"{value:08x}" for value in bits(tensor))


def tensors():
    normal = np.random.default_rng(7).normal
    draw = lambda std: torch.from_numpy((std * normal(size=SHAPE)).astype(np.float32))
    return {"x": draw(1.2), "output": draw(0.9), "half": draw(0.5), "noise": draw(1.0)}


def nearest(function):
    def rounded(tensor):
        values = tensor.detach().numpy()
        return torch.from_numpy(np.asarray(function(values.astype(np.float64)), values.dtype))

    return rounded


@contextlib.contextmanager
def rounding_to_nearest():
    """sqrt, exp, expm1 and log in float64, rounded once."""
    names = ["sqrt", "exp", "expm1", "log"]
    rounded = {name: nearest(getattr(np, name)) for name in names}
    power, root = torch.Tensor.__pow__, rounded["sqrt"]
    own = {"__pow__": lambda x, y: root(x) if y == 0.5 else power(x, y)}
    with patch.multiple(torch.Tensor, **own, **rounded), patch.multiple(torch, **rounded):
        yield


def step(scheduler, timestep, data, options, doubled):
    output = torch.cat([data["output"], data["half"]], dim=1) if doubled else data["output"]
    return scheduler.step(output, timestep, data["x"], **options)


def cases(data):
    """Yields class, config, steps or list, options of the step, timestep, result."""
    scheduling_ddpm.randn_tensor = lambda *_, **__: data["noise"]
    chance = random.Random(7)
    pick, rarely = chance.choice, lambda: chance.random() < 0.3

    def visited(scheduler):
        timesteps = scheduler.timesteps.tolist()
        ends_and_between = [timesteps[0], pick(timesteps), timesteps[-1]]
        return dict.fromkeys(chance.sample(ends_and_between, 2))

    types = ["fixed_small", "fixed_small_log", "fixed_large", "learned_range"]
    for kind, prediction, limit, spacing in itertools.product(types, PREDICTIONS, LIMITS, SPACINGS):
        config = {"variance_type": kind, "prediction_type": prediction, **limit, **pick(CURVES)}
        config |= {"timestep_spacing": spacing}
        if prediction != "epsilon" and rarely():
            config |= {"rescale_betas_zero_snr": True}
        steps = pick(STEPS)
        scheduler = DDPMScheduler(**config)
        scheduler.set_timesteps(steps)
        for timestep in visited(scheduler):
            result = step(scheduler, timestep, data, {}, kind == "learned_range")
            yield "DDPMScheduler", config, steps, {}, timestep, result
    for visit in (None, [100, 87, 50, 1, 0], [999, 500]):
        scheduler = DDPMScheduler()
        if visit:
            scheduler.set_timesteps(timesteps=visit)
        for timestep in visited(scheduler):
            result = step(scheduler, timestep, data, {}, False)
            yield "DDPMScheduler", {}, visit, {}, timestep, result
    truth = [False, True]
    for eta, clipped, one, prediction, limit in itertools.product(
        [0.0, 0.5, 1.0], truth, truth, PREDICTIONS, LIMITS
    ):
        config = {"set_alpha_to_one": one, "prediction_type": prediction, **limit}
        config |= {**pick(CURVES[:3]), "timestep_spacing": pick(SPACINGS)}
        if config["timestep_spacing"] == "leading" and rarely():
            config |= {"steps_offset": 1}
        if prediction != "epsilon" and rarely():
            config |= {"rescale_betas_zero_snr": True}
        steps = pick(STEPS[:5])
        options = {"eta": eta, "use_clipped_model_output": clipped}
        scheduler = DDIMScheduler(**config)
        scheduler.set_timesteps(steps)
        for timestep in visited(scheduler):
            given = options | ({"variance_noise": data["noise"]} if eta > 0 else {})
            yield "DDIMScheduler", config, steps, options, timestep, step(
                scheduler, timestep, data, given, False
            )
    for one, prediction, limit, spacing in itertools.product(
        truth, PREDICTIONS, LIMITS[:2], SPACINGS[:2]
    ):
        if one and prediction == "sample":
            continue
        config = {"set_alpha_to_one": one, "prediction_type": prediction, **limit}
        config |= {**pick(CURVES[:3]), "timestep_spacing": spacing}
        steps = pick(STEPS[:5])
        scheduler = DDIMInverseScheduler(**config)
        scheduler.set_timesteps(steps)
        for timestep in visited(scheduler):
            result = step(scheduler, timestep, data, {}, False)
            yield "DDIMInverseScheduler", config, steps, {}, timestep, result


def tables():
    rescaled = {"rescale_betas_zero_snr": True}
    for config in [*CURVES, rescaled, CURVES[2] | rescaled]:
        for timesteps in (1000, 37):
            config = config | {"num_train_timesteps": timesteps}
            scheduler = DDPMScheduler(**config)
            yield {"config": config, "alphas_cumprod": text(scheduler.alphas_cumprod)}


def main(path):
    data = tensors()
    head = {
        "source": "DDPMScheduler, DDIMScheduler, DDIMInverseScheduler",
        "versions": {"diffusers": diffusers.__version__, "torch": torch.__version__},
        "command": COMMAND,
        "about": "float32 bits; learned_range is given output and half, one after the other along "
        "axis 1; steps is a number, a list, or null for all; t is the timestep",
        "shape": SHAPE,
        **{name: text(value) for name, value in data.items()},
    }
    compact = {"separators": (",", ":")}
    with rounding_to_nearest():
        near, all_tables = list(cases(data)), list(tables())
    lines, apart = [], 0.0
    for count, (case, raw) in enumerate(zip(near, cases(data), strict=True)):
        name, config, steps, options, timestep, result = case
        assert raw[:-1] == case[:-1]
        x, x0, untouched = result.prev_sample, result.pred_original_sample, raw[-1].prev_sample
        if not all(torch.isfinite(values).all() for values in (x, x0, untouched)):
            print("not finite, left out:", name, config, steps, options, timestep)
            continue
        line = {"class": name, "config": config, "steps": steps, "options": options}
        line |= {"t": timestep, "x": text(x), "x0": text(x0)}
        if count % 6 == 0:
            line |= {"raw": text(untouched)}
        lines.append(json.dumps(line, **compact))
        size = max(1.0, x.abs().max().item(), x0.abs().max().item())
        apart = max(apart, ((untouched - x).abs().max() / size).item())
    print(f"{len(lines)} cases; untouched at most {apart:.2e} apart, over max(1, |x|, |x0|)")
    with open(path, "w") as file:
        file.write(json.dumps(head, **compact)[:-1] + ',"tables":[\n')
        file.write(",\n".join(json.dumps(table, **compact) for table in all_tables))
        file.write('],"cases":[\n' + ",\n".join(lines) + "\n]}\n")


if __name__ == "__main__":
    main(sys.argv[1])
