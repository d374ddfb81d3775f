"""Writes crates/cli/tests/golden/digits.json: samples of the built-in model, drawn by diffusers.

    pip install -r tools/golden/requirements.txt
    python tools/golden/digits.py crates/cli/tests/golden/digits.json

Each case has the flags of `ancestral sample` that say the same. The model is of digits with classes,
which no pipeline of diffusers passes on, so its scheduler is run step by step: x_T first, then a step
a timestep, from the same generators.
"""

import json
import sys
from pathlib import Path

import diffusers
import torch
from diffusers import DDIMScheduler, DDPMScheduler, UNet2DModel
from diffusers.utils.torch_utils import randn_tensor

COMMAND = "python tools/golden/digits.py crates/cli/tests/golden/digits.json"
MODEL = Path("crates/pipeline/models/digits")
NO_LABEL = 10

# flags, scheduler, what its config is changed by, what is set, what its step is told, rows, label
CASES = [
    ("--steps 20", DDPMScheduler, {}, {"num_inference_steps": 20}, {}, 3, NO_LABEL),
    (
        "--steps 13 --spacing leading --variance fixed-large --class 7",
        DDPMScheduler,
        {"timestep_spacing": "leading", "variance_type": "fixed_large"},
        {"num_inference_steps": 13},
        {},
        3,
        7,
    ),
    (
        "--visit 950,700,450,200,90,7 --no-clip",
        DDPMScheduler,
        {"clip_sample": False},
        {"timesteps": [950, 700, 450, 200, 90, 7]},
        {},
        2,
        NO_LABEL,
    ),
    ("--steps 16 --sampler ddim", DDIMScheduler, {}, {"num_inference_steps": 16}, {}, 3, NO_LABEL),
    (
        "--steps 10 --eta 1 --spacing linspace",
        DDIMScheduler,
        {"timestep_spacing": "linspace"},
        {"num_inference_steps": 10},
        {"eta": 1.0},
        3,
        NO_LABEL,
    ),
    (
        "--steps 13 --sampler ddim:eta=0.5,use_clipped_model_output=true",
        DDIMScheduler,
        {},
        {"num_inference_steps": 13},
        {"eta": 0.5, "use_clipped_model_output": True},
        3,
        NO_LABEL,
    ),
]


def generators(seed, rows, each):
    if each:
        return [torch.Generator().manual_seed(seed + row) for row in range(rows)]
    return torch.Generator().manual_seed(seed)


@torch.no_grad()
def sample(network, scheduler, rows, label, generator, told):
    labels = torch.full((rows,), label)
    x = randn_tensor((rows, 1, 8, 8), generator=generator)
    for t in scheduler.timesteps:
        output = network(x, t, class_labels=labels).sample
        x = scheduler.step(output, t, x, generator=generator, **told).prev_sample
    return x


def main(path):
    torch.set_num_threads(1)
    network = UNet2DModel.from_pretrained(MODEL / "unet").eval()
    config = DDPMScheduler.from_pretrained(MODEL / "scheduler").config
    cases = []
    for index, (flags, kind, changes, visited, told, rows, label) in enumerate(CASES):
        for source, each in [("torch", False), ("torch-each", True)]:
            scheduler = kind.from_config(config, **changes)
            scheduler.set_timesteps(**visited)
            generator = generators(index, rows, each)
            x = sample(network, scheduler, rows, label, generator, told)
            flags_of_case = f"{flags} --rng {source} --seed {index} -n {rows}"
            cases.append({"flags": flags_of_case, "x": [float(v) for v in x.flatten()]})
    head = {
        "source": "the built-in model, run by diffusers",
        "versions": {"diffusers": diffusers.__version__, "torch": torch.__version__},
        "command": COMMAND,
        "x": "shape (rows, 1, 8, 8), float32",
    }
    lines = [json.dumps(case) for case in cases]
    text = json.dumps(head)[:-1] + ', "cases": [\n' + ",\n".join(lines) + "\n]}\n"
    Path(path).write_text(text)


main(*sys.argv[1:])
