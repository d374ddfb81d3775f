"""Writes crates/nn/tests/golden/unet2d.json: whole outputs of the peer's U-Net, element by element.

    pip install torch==2.15.0 diffusers==0.42.1
    python tools/golden/unet.py crates/nn/tests/golden/unet2d.json

Each case is a change of one small config. Weights and inputs follow the formulas below, so the
test can make the same ones without storing them. The network runs in float64 (its sinusoids are
float32, as always in the peer); what comes out is rounded to float32 and written with as many
digits as tell it from its neighbours.
"""

import json
import sys

import diffusers
import numpy as np
import torch
from diffusers import UNet2DModel

COMMAND = "python tools/golden/unet.py crates/nn/tests/golden/unet2d.json"

TIMESTEPS = [10, 500]
LABELS = [1, 3]

FORMULAS = {
    "weights": "parameters sorted by name; element k of parameter j, both from 0: "
    "s = sin(0.37 k + 1.3 j + 0.1); of two axes or more: 1.5 / sqrt(count / shape[0]) * s; "
    "of one axis: '*weight' 1 + 0.2 s, others 0.1 s; in float64, rounded to float32",
    "input": "shape (2, in_channels, height, width), element k: 1.2 sin(0.11 k + 0.5), in "
    f"float64, rounded to float32; timesteps {TIMESTEPS}; labels, if any, {LABELS}",
    "output": "float64 throughout but for the sinusoids of the timesteps; rounded to float32",
}

BASE = {
    "sample_size": 16,
    "in_channels": 3,
    "out_channels": 3,
    "layers_per_block": 1,
    "block_out_channels": [16, 32],
    "down_block_types": ["DownBlock2D", "AttnDownBlock2D"],
    "up_block_types": ["AttnUpBlock2D", "UpBlock2D"],
    "norm_num_groups": 8,
    "attention_head_dim": 8,
}

CASES = {
    "base": {},
    "ddpm_style": {
        "downsample_padding": 0,
        "flip_sin_to_cos": False,
        "freq_shift": 1,
        "norm_eps": 1e-6,
        "attention_head_dim": None,
        "layers_per_block": 2,
    },
    "heads16": {"attention_head_dim": 16},
    "attn_norm_groups": {"attn_norm_num_groups": 4},
    "no_add_attention": {"add_attention": False},
    "mid_scale": {"mid_block_scale_factor": 1.4142135},
    "center_input": {"center_input_sample": True},
    "learned_variance_out6": {"out_channels": 6},
    "one_channel_rect": {"in_channels": 1, "out_channels": 1, "sample_size": [8, 16]},
    "class_embedding": {"num_class_embeds": 5},
    "three_levels": {
        "block_out_channels": [16, 16, 32],
        "down_block_types": ["DownBlock2D", "AttnDownBlock2D", "DownBlock2D"],
        "up_block_types": ["UpBlock2D", "AttnUpBlock2D", "UpBlock2D"],
        "layers_per_block": 2,
    },
}


def weight(name, j, shape):
    count = int(np.prod(shape))
    s = np.sin(0.37 * np.arange(count) + 1.3 * j + 0.1)
    if len(shape) >= 2:
        values = 1.5 / np.sqrt(count / shape[0]) * s
    elif name.endswith("weight"):
        values = 1.0 + 0.2 * s
    else:
        values = 0.1 * s
    return torch.from_numpy(values.astype(np.float32).reshape(shape))


def case(changes):
    config = BASE | changes
    network = UNet2DModel(**config).eval()
    shapes = {name: list(value.shape) for name, value in sorted(network.state_dict().items())}
    network.load_state_dict(
        {name: weight(name, j, shape) for j, (name, shape) in enumerate(shapes.items())}
    )
    size = config["sample_size"]
    height, width = size if isinstance(size, list) else (size, size)
    shape = (2, config["in_channels"], height, width)
    x = 1.2 * np.sin(0.11 * np.arange(np.prod(shape)) + 0.5)
    x = torch.from_numpy(x.astype(np.float32).reshape(shape)).double()
    labels = torch.tensor(LABELS) if "num_class_embeds" in config else None
    with torch.no_grad():
        output = network.double()(x, torch.tensor(TIMESTEPS), class_labels=labels).sample
    return {
        "changes": changes,
        "parameters": network.num_parameters(),
        "shape": list(output.shape),
        "output": [float(str(value)) for value in output.float().numpy().ravel()],
        "keys": shapes,
    }


def main(path):
    head = {
        "source": "UNet2DModel",
        "versions": {"diffusers": diffusers.__version__, "torch": torch.__version__},
        "command": COMMAND,
        **FORMULAS,
        "base_config": BASE,
    }
    compact = {"separators": (",", ":")}
    cases = [f'"{name}":{json.dumps(case(changes), **compact)}' for name, changes in CASES.items()]
    with open(path, "w") as file:
        file.write(json.dumps(head, **compact)[:-1] + ',"cases":{\n')
        file.write(",\n".join(cases) + "\n}}\n")


if __name__ == "__main__":
    main(sys.argv[1])
