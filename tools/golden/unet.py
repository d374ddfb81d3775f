"""Writes unet2d.json and unet2d.safetensors: whole outputs of diffusers' U-Net, element by element.

    pip install -r tools/golden/requirements.txt
    python tools/golden/unet.py crates/testing/golden/unet2d.json

Each case is a change of one small config. Weights and inputs follow the formulas below, so the
test can make the same ones without storing them. The networks run in float64; the sinusoids of the
timesteps are float32, as always in diffusers, and what comes out is rounded to float32.
"""

import sys
from pathlib import Path

import diffusers
import torch
from diffusers import UNet2DModel

import formulas

TIMESTEPS = [10, 500]
FOURIER_TIMESTEPS = [0.5, 3.0]
LABELS = {"class": [1, 3], "timestep": [7, 400]}

HEAD = {
    "source": "UNet2DModel",
    "versions": {"diffusers": diffusers.__version__, "torch": torch.__version__},
    "command": "python tools/golden/unet.py crates/testing/golden/unet2d.json",
}

FORMULAS = {
    "config": "base_config with `changes` put in and the keys of `without` taken out",
    "weights": formulas.WEIGHTS,
    "input": "shape (2, in_channels, height, width), element k: 1.2 sin(0.11 k + 0.5), in "
    "float64, rounded to float32",
    "labels": "kind class: indices; timestep: numbers as the timesteps; identity: shape "
    "(2, width of the time embedding), element k: 0.3 sin(0.2 k), in float64, rounded to float32",
    "output": "in the safetensors file, under the case's name; float64 throughout but for the "
    "sinusoids of the timesteps (positional) and the logarithm of the timesteps (fourier), which "
    "are float32; rounded to float32",
    "float32_error": "largest difference of diffusers' own float32 run, over the largest output",
    "layout": "the case in `layouts` that has the same names and shapes of parameters",
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


def blocks(*kinds):
    """Down blocks of these kinds, and up blocks that mirror them."""
    return {
        "down_block_types": [kind.replace("*", "Down") for kind in kinds],
        "up_block_types": [kind.replace("*", "Up") for kind in reversed(kinds)],
    }


RESNET_BLOCKS = {
    "down_block_types": ["ResnetDownsampleBlock2D", "AttnDownBlock2D"],
    "up_block_types": ["AttnUpBlock2D", "ResnetUpsampleBlock2D"],
}
ALL_RESNET_BLOCKS = {
    "down_block_types": ["ResnetDownsampleBlock2D"] * 2,
    "up_block_types": ["ResnetUpsampleBlock2D"] * 2,
}
ATTENTION = blocks("Attn*Block2D", "Attn*Block2D")
SKIP = blocks("Skip*Block2D", "Skip*Block2D")
SKIP_ATTN_SKIP = blocks("Skip*Block2D", "AttnSkip*Block2D")
ATTN_SKIP = blocks("AttnSkip*Block2D", "AttnSkip*Block2D")
FOURIER = {"time_embedding_type": "fourier"}
LEARNED = {"time_embedding_type": "learned", "num_train_timesteps": 1000}
SCALE_SHIFT = {"resnet_time_scale_shift": "scale_shift"}
RESNET_SAMPLING = {"downsample_type": "resnet", "upsample_type": "resnet"}
WIDE = {"block_out_channels": [32, 64]}
THREE = {
    "block_out_channels": [16, 16, 32],
    "layers_per_block": 2,
    **blocks("*Block2D", "Attn*Block2D", "*Block2D"),
}

LARGE = {
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
    "scale_shift": SCALE_SHIFT,
    "scale_shift_attn_groups": {**SCALE_SHIFT, "attn_norm_num_groups": 4},
    "attn_norm_groups": {"attn_norm_num_groups": 4},
    "resnet_sampling": RESNET_SAMPLING,
    "no_add_attention": {"add_attention": False},
    "mid_scale": {"mid_block_scale_factor": 1.4142135},
    "center_input": {"center_input_sample": True},
    "learned_variance_out6": {"out_channels": 6},
    "one_channel_rect": {"in_channels": 1, "out_channels": 1, "sample_size": [8, 16]},
    "class_embedding": {"num_class_embeds": 5},
    "class_timestep": {"class_embed_type": "timestep"},
    "class_identity": {"class_embed_type": "identity"},
    "learned_time": LEARNED,
    "fourier": FOURIER,
    "fourier_skip": {**FOURIER, **WIDE, **SKIP_ATTN_SKIP},
    "resnet_blocks": RESNET_BLOCKS,
    "three_levels": THREE,
    "act_gelu": {"act_fn": "gelu"},
}

SMALL = {
    "padding_0": {"downsample_padding": 0},
    "padding_0_rect": {"downsample_padding": 0, "sample_size": [8, 4], **ATTENTION},
    "padding_1_rect": {"downsample_padding": 1, "sample_size": [4, 8], **ATTENTION},
    "act_swish": {"act_fn": "swish"},
    "act_mish": {"act_fn": "mish"},
    "act_relu": {"act_fn": "relu"},
    "act_gelu_skip": {"act_fn": "gelu", **SKIP},
    "act_mish_scale_shift": {"act_fn": "mish", **SCALE_SHIFT},
    "norm_eps": {"norm_eps": 1e-2},
    "norm_eps_skip": {"norm_eps": 1e-2, **WIDE, **SKIP_ATTN_SKIP},
    "dropout": {"dropout": 0.3},
    "no_mid_block": {"mid_block_type": None},
    "no_mid_block_skip": {"mid_block_type": None, **SKIP},
    "mid_scale_scale_shift": {"mid_block_scale_factor": 2.0, **SCALE_SHIFT},
    "no_add_attention_scale_shift": {"add_attention": False, **SCALE_SHIFT},
    "attn_norm_groups_everywhere": {"attn_norm_num_groups": 2, **ATTENTION},
    "flip": {"flip_sin_to_cos": False},
    "freq_shift": {"freq_shift": 1},
    "odd_channels": {
        "block_out_channels": [15, 30],
        "norm_num_groups": 5,
        "attention_head_dim": 15,
    },
    "odd_channels_no_flip": {
        "block_out_channels": [15, 30],
        "norm_num_groups": 3,
        "attention_head_dim": None,
        "flip_sin_to_cos": False,
        "freq_shift": 1,
    },
    "time_dim": {"time_embedding_dim": 40},
    "time_dim_identity": {"time_embedding_dim": 24, "class_embed_type": "identity"},
    "time_dim_fourier": {"time_embedding_dim": 24, **FOURIER},
    "fourier_flip": {**FOURIER, "flip_sin_to_cos": True},
    "fourier_no_flip": {**FOURIER, "flip_sin_to_cos": False},
    "fourier_scale_shift": {**FOURIER, **SCALE_SHIFT},
    "fourier_odd_channels": {
        **FOURIER,
        "block_out_channels": [15, 30],
        "norm_num_groups": 5,
        "attention_head_dim": 15,
    },
    "learned_odd_channels": {
        **LEARNED,
        "block_out_channels": [15, 30],
        "norm_num_groups": 5,
        "attention_head_dim": 15,
    },
    "learned_501": {"time_embedding_type": "learned", "num_train_timesteps": 501},
    "class_embedding_scale_shift": {"num_class_embeds": 5, **SCALE_SHIFT},
    "class_timestep_num_class": {"class_embed_type": "timestep", "num_class_embeds": 5},
    "class_timestep_no_flip": {
        "class_embed_type": "timestep",
        "flip_sin_to_cos": False,
        "freq_shift": 1,
    },
    "class_timestep_fourier": {"class_embed_type": "timestep", **FOURIER},
    "class_timestep_learned": {"class_embed_type": "timestep", **LEARNED},
    "class_embedding_fourier_skip": {"num_class_embeds": 5, **FOURIER, **SKIP},
    "heads_null_64": {**WIDE, "attention_head_dim": None},
    "heads_absent_64": WIDE,
    "heads_8_64": {**WIDE, "attention_head_dim": 8},
    "heads_4_everywhere": {**ATTENTION, "attention_head_dim": 4},
    "heads_null_everywhere": {**ATTENTION, "attention_head_dim": None},
    "resnet_down_only": {**ATTENTION, "downsample_type": "resnet"},
    "resnet_up_only": {**ATTENTION, "upsample_type": "resnet", "sample_size": [4, 8]},
    "resnet_sampling_attn": {**ATTENTION, **RESNET_SAMPLING},
    "resnet_sampling_attn_scale_shift": {**ATTENTION, **RESNET_SAMPLING, **SCALE_SHIFT},
    "resnet_sampling_plain_blocks": {**blocks("*Block2D", "*Block2D"), **RESNET_SAMPLING},
    "resnet_blocks_all": ALL_RESNET_BLOCKS,
    "resnet_blocks_scale_shift": {**RESNET_BLOCKS, **SCALE_SHIFT},
    "resnet_blocks_deep": {**RESNET_BLOCKS, "layers_per_block": 2, "sample_size": [4, 8]},
    "resnet_blocks_sampling_scale_shift": {
        **ALL_RESNET_BLOCKS,
        **RESNET_SAMPLING,
        **SCALE_SHIFT,
    },
    "skip": SKIP,
    "skip_attn_skip": {**WIDE, **SKIP_ATTN_SKIP},
    "attn_skip": {**WIDE, **ATTN_SKIP},
    "attn_skip_heads_null": {**WIDE, **ATTN_SKIP, "attention_head_dim": None},
    "attn_skip_first": {**WIDE, **blocks("AttnSkip*Block2D", "Skip*Block2D")},
    "attn_skip_first_narrowing": {
        "block_out_channels": [32, 16],
        **blocks("AttnSkip*Block2D", "Skip*Block2D"),
    },
    "attn_skip_uneven": {"block_out_channels": [96, 32], **ATTN_SKIP},
    "skip_no_groups": {**SKIP, "norm_num_groups": None},
    "skip_attn_skip_no_groups": {**WIDE, **SKIP_ATTN_SKIP, "norm_num_groups": None},
    "skip_no_groups_capped": {
        "block_out_channels": [32, 160],
        "norm_num_groups": None,
        "attention_head_dim": 32,
        **SKIP,
    },
    "skip_deep": {**WIDE, **SKIP_ATTN_SKIP, "layers_per_block": 2},
    "skip_three_levels": {
        "block_out_channels": [32, 32, 64],
        "layers_per_block": 2,
        **blocks("Skip*Block2D", "AttnSkip*Block2D", "Skip*Block2D"),
    },
    "skip_scale_shift": {**WIDE, **SKIP_ATTN_SKIP, **SCALE_SHIFT},
    "skip_center_input": {**SKIP, "center_input_sample": True},
    "skip_rect_padding_0": {**SKIP, "sample_size": [8, 4], "downsample_padding": 0},
    "skip_mid_scale": {**SKIP, "mid_block_scale_factor": 1.4142135, "add_attention": False},
    "skip_then_attn": blocks("Skip*Block2D", "Attn*Block2D"),
    "skip_skip_plain": {
        "block_out_channels": [32, 32, 64],
        **blocks("Skip*Block2D", "AttnSkip*Block2D", "*Block2D"),
    },
    "skip_down_only": {
        "down_block_types": ["SkipDownBlock2D", "DownBlock2D"],
        "up_block_types": ["UpBlock2D", "UpBlock2D"],
    },
    "skip_up_only": {
        "down_block_types": ["DownBlock2D", "DownBlock2D"],
        "up_block_types": ["SkipUpBlock2D", "SkipUpBlock2D"],
    },
    "ncsnpp_style": {
        **FOURIER,
        "block_out_channels": [32, 32, 64],
        "layers_per_block": 2,
        "mid_block_scale_factor": 1.4142135623730951,
        "norm_num_groups": None,
        "attention_head_dim": None,
        **blocks("Skip*Block2D", "AttnSkip*Block2D", "Skip*Block2D"),
    },
    "one_level": {"block_out_channels": [16], **blocks("Attn*Block2D")},
    "one_level_skip": {"block_out_channels": [32], **blocks("AttnSkip*Block2D")},
    "four_levels": {
        "block_out_channels": [16, 16, 32, 32],
        **blocks("*Block2D", "Attn*Block2D", "*Block2D", "Attn*Block2D"),
    },
    "narrowing": {"block_out_channels": [32, 16]},
    "three_layers": {"layers_per_block": 3, **ATTENTION},
    "three_levels_scale_shift": {**THREE, **SCALE_SHIFT},
    "one_channel_out2": {"in_channels": 1, "out_channels": 2, "center_input_sample": True},
    "fractional_timesteps": {},
    "old_block_names": blocks("UNetRes*Block2D", "UNetResAttn*Block2D"),
}

WITHOUT = {"heads_absent_64": ["attention_head_dim"]}
FRACTIONAL = {"fractional_timesteps": [0.25, 500.75]}

CASES = LARGE | {name: {"sample_size": 8} | changes for name, changes in SMALL.items()}


def labels_of(config, width):
    """The kind of class labels that a config asks for, and labels."""
    kind = config.get("class_embed_type")
    if kind == "identity":
        return kind, formulas.wave((2, width), 0.3, 0.2, 0.0)
    if kind is None and "num_class_embeds" in config:
        kind = "class"
    if kind is None:
        return None, None
    # As sinusoids take them, unless they look rows up.
    whole = kind == "class" or config.get("time_embedding_type") == "learned"
    return kind, torch.tensor(LABELS[kind], dtype=torch.int64 if whole else torch.float32)


def case(name):
    config = BASE | CASES[name]
    for key in WITHOUT.get(name, []):
        del config[key]
    network = UNet2DModel(**config).eval()
    shapes = formulas.fill(network)
    size = config["sample_size"]
    height, width = size if isinstance(size, list) else (size, size)
    x = formulas.wave((2, config["in_channels"], height, width), 1.2, 0.11, 0.5)
    fourier = config.get("time_embedding_type") == "fourier"
    timesteps = FRACTIONAL.get(name, FOURIER_TIMESTEPS if fourier else TIMESTEPS)
    kind, labels = labels_of(config, network.time_embedding.linear_2.out_features)
    with torch.no_grad():
        float32 = network(x, torch.tensor(timesteps), class_labels=labels).sample
        network.double()
        if kind == "timestep":
            # Diffusers casts the sinusoids of timesteps to the network's precision, but not those
            # of labels.
            network.time_proj.register_forward_hook(lambda module, inputs, output: output.double())
        output = network(x.double(), torch.tensor(timesteps), class_labels=labels).sample
    error = ((float32 - output).abs().max() / output.abs().max()).item()
    assert error < 5e-6, f"{name} magnifies rounding: {error}"
    entry = {
        "changes": CASES[name],
        "without": WITHOUT.get(name, []),
        "timesteps": timesteps,
        "labels": kind and {"kind": kind, "values": LABELS.get(kind)},
        "parameters": network.num_parameters(),
        "shape": list(output.shape),
        "float32_error": float(f"{error:.1e}"),
    }
    return entry, shapes, output


def main(path):
    torch.set_num_threads(1)
    entries, layouts, arrays = {}, {}, {}
    for name in CASES:
        entry, shapes, output = case(name)
        first = next((first for first, layout in layouts.items() if layout == shapes), name)
        layouts[first] = shapes
        entries[name] = entry | {"layout": first}
        arrays[name] = output.float().numpy()
    head = HEAD | FORMULAS | {"base_config": BASE}
    formulas.write_index(path, head, cases=entries, layouts=layouts)
    formulas.write_arrays(path.with_suffix(".safetensors"), HEAD, arrays)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
