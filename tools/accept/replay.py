"""What diffusers draws, makes and says, for 13-replays-diffusers.sh and 14-cifar10-size.sh.

    replay.py pictures FOLDER                     small pictures to train on
    replay.py model FOLDER KIND                   a model of diffusers with random weights
    replay.py layouts FOLDER OUT                  the same model in every layout, in folders below OUT
    replay.py draw FOLDER OUT.npy KEY=VALUE …     what its pipeline draws, in [-1, 1]
    replay.py differ OURS.npy THEIRS.npy           the largest difference, ours cut to [-1, 1]
    replay.py same FOLDER CLEAN DTYPE             whether CLEAN has the tensors of FOLDER as DTYPE
    replay.py damage FOLDER KIND                  spoils its weights, or its configs
"""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import torch
from diffusers import DDIMPipeline, DDIMScheduler, DDPMPipeline, DDPMScheduler, UNet2DModel
from PIL import Image
from safetensors.torch import load, load_file, save_file

torch.set_num_threads(2)
WEIGHTS = "diffusion_pytorch_model.safetensors"
OLD = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}

SMALL = {
    "sample_size": 8,
    "block_out_channels": (16, 32),
    "layers_per_block": 1,
    "norm_num_groups": 8,
    "down_block_types": ("DownBlock2D", "AttnDownBlock2D"),
    "up_block_types": ("AttnUpBlock2D", "UpBlock2D"),
}
# What a kind changes of the network, its scheduler, and the config of that.
KINDS = {
    "plain": ({}, DDPMScheduler, {}),
    "old-ddpm": (
        {"downsample_padding": 0, "flip_sin_to_cos": False, "freq_shift": 1, "norm_eps": 1e-6,
         "attention_head_dim": None},
        DDPMScheduler,
        {"variance_type": "fixed_large"},
    ),
    "learned": ({"out_channels": 6}, DDPMScheduler, {"variance_type": "learned_range"}),
    "v": (
        {},
        DDPMScheduler,
        {"prediction_type": "v_prediction", "rescale_betas_zero_snr": True,
         "timestep_spacing": "trailing"},
    ),
    "x0": ({}, DDPMScheduler, {"prediction_type": "sample", "beta_schedule": "sigmoid"}),
    "threshold": (
        {"resnet_time_scale_shift": "scale_shift"},
        DDPMScheduler,
        {"thresholding": True, "sample_max_value": 2.0},
    ),
    "ddim": (
        {"act_fn": "gelu", "sample_size": (8, 16)},
        DDIMScheduler,
        {"set_alpha_to_one": False, "steps_offset": 1, "beta_schedule": "scaled_linear"},
    ),
    "skip": (
        {"down_block_types": ("SkipDownBlock2D",) * 2, "up_block_types": ("SkipUpBlock2D",) * 2,
         "center_input_sample": True},
        DDPMScheduler,
        {"beta_schedule": "squaredcos_cap_v2"},
    ),
    "cifar10": (
        {"sample_size": 32, "block_out_channels": (128, 256, 256, 256), "layers_per_block": 2,
         "norm_num_groups": 32, "norm_eps": 1e-6, "downsample_padding": 0,
         "flip_sin_to_cos": False, "freq_shift": 1, "attention_head_dim": None,
         "down_block_types": ("DownBlock2D", "AttnDownBlock2D", "DownBlock2D", "DownBlock2D"),
         "up_block_types": ("UpBlock2D", "UpBlock2D", "AttnUpBlock2D", "UpBlock2D")},
        DDPMScheduler,
        {"variance_type": "fixed_large"},
    ),
}


def pictures(folder):
    Path(folder).mkdir()
    random = np.random.default_rng(0)
    for i in range(64):
        picture = np.zeros((8, 8, 3), np.uint8)
        top, left = random.integers(0, 5, 2)
        picture[top : top + 3, left : left + 3] = random.integers(64, 256, 3)
        Image.fromarray(picture).save(f"{folder}/{i:02}.png")


def model(folder, kind):
    changes, scheduler, config = KINDS[kind]
    torch.manual_seed(0)
    network = UNet2DModel(**(SMALL | changes)).eval()
    # Tame, so that rounding is not magnified on the way.
    network.conv_out.weight.data *= 0.05
    pipeline = DDIMPipeline if scheduler is DDIMScheduler else DDPMPipeline
    pipeline(network, scheduler(**config)).save_pretrained(folder)


def layouts(folder, out):
    folder, out = Path(folder), Path(out)
    network = UNet2DModel.from_pretrained(folder / "unet")
    tensors = load_file(folder / "unet" / WEIGHTS)

    def copy(name):
        shutil.copytree(folder, out / name)
        (out / name / "unet" / WEIGHTS).unlink()
        return out / name / "unet"

    root = out / "root"
    root.mkdir(parents=True)
    for source in ["model_index.json", "scheduler/scheduler_config.json", "unet/config.json",
                   f"unet/{WEIGHTS}"]:
        shutil.copy(folder / source, root)
    shutil.copytree(folder / "unet", out / "bare")
    network.save_pretrained(copy("sharded"), max_shard_size="100KB")
    network.save_pretrained(copy("sharded-variant"), max_shard_size="100KB", variant="fp32")
    for name, dtype in [("f16", torch.float16), ("bf16", torch.bfloat16), ("f64", torch.float64)]:
        path = copy(name)
        save_file({k: v.to(dtype) for k, v in tensors.items()}, path / WEIGHTS)
    shutil.copytree(folder, out / "variant")
    (out / "variant/unet" / WEIGHTS).rename(
        out / "variant/unet/diffusion_pytorch_model.fp16.safetensors"
    )
    for name, squeeze in [("old-names", False), ("old-convolutions", True)]:
        renamed = {}
        for key, value in tensors.items():
            new = next((new for new in OLD if f".{new}." in key), None)
            if new and squeeze and value.ndim == 2:
                value = value[:, :, None, None].contiguous()
            renamed[key.replace(new, OLD[new]) if new else key] = value
        save_file(renamed, copy(name) / WEIGHTS)
    old = out / "old-config"
    shutil.copytree(folder, old)
    path = old / "scheduler/scheduler_config.json"
    path.write_text(json.dumps({
        "_class_name": "DDPMScheduler", "_diffusers_version": "0.1.1", "beta_start": 0.0001,
        "beta_end": 0.02, "beta_schedule": "linear", "clip_sample": True,
        "num_train_timesteps": 1000, "tensor_format": "pt", "timestep_values": None,
        "trained_betas": None, "variance_type": "fixed_small",
    }))


def draw(folder, out, *settings):
    """Settings: steps, n, seed, each, and any key of the scheduler; eta and use_clipped_model_output
    make it a DDIMPipeline."""
    told = dict(setting.split("=", 1) for setting in settings)
    rows, seed = int(told.pop("n")), int(told.pop("seed", "0"))
    steps, each = int(told.pop("steps")), told.pop("each", "") == "yes"
    named = {"num_inference_steps": steps, "batch_size": rows, "output_type": "np"}
    pipeline = DDPMPipeline.from_pretrained(folder, local_files_only=True)
    ddim = {"eta", "use_clipped_model_output"} & told.keys()
    if ddim or isinstance(pipeline.scheduler, DDIMScheduler):
        named["eta"] = float(told.pop("eta", "0"))
        named["use_clipped_model_output"] = told.pop("use_clipped_model_output", "") == "true"
        scheduler = DDIMScheduler.from_config(pipeline.scheduler.config, **told)
        pipeline = DDIMPipeline(pipeline.unet, scheduler)
    else:
        pipeline.scheduler = DDPMScheduler.from_config(pipeline.scheduler.config, **told)
    pipeline.set_progress_bar_config(disable=True)
    seeded = torch.Generator().manual_seed
    if each:
        named["generator"] = [torch.Generator().manual_seed(seed + row) for row in range(rows)]
    else:
        named["generator"] = seeded(seed)
    images = pipeline(**named).images  # (n, height, width, channels) in [0, 1]
    np.save(out, images.transpose(0, 3, 1, 2) * 2 - 1)


def differ(ours, theirs):
    ours, theirs = np.load(ours).clip(-1, 1), np.load(theirs)
    print(f"{np.abs(ours - theirs).max():.1e}" if ours.shape == theirs.shape else "shapes")


def same(folder, clean, dtype):
    original = UNet2DModel.from_pretrained(folder)
    named = {"f32": torch.float32, "f16": torch.float16}[dtype]
    loaded, info = UNet2DModel.from_pretrained(
        f"{clean}/unet", torch_dtype=named, output_loading_info=True, local_files_only=True
    )
    assert not any(info.values()), info
    found, expected = loaded.state_dict(), original.state_dict()
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        assert torch.equal(found[name], tensor.to(named)), name
    DDPMPipeline.from_pretrained(clean, local_files_only=True)


def damage(folder, kind):
    unet, scheduler = Path(folder, "unet"), Path(folder, "scheduler/scheduler_config.json")
    weights = unet / WEIGHTS
    whole = weights.read_bytes()
    if kind == "bin":
        weights.unlink()
        UNet2DModel.from_config(json.loads((unet / "config.json").read_text())).save_pretrained(
            unet, safe_serialization=False
        )
    elif kind == "shards-of-bin":
        weights.unlink()
        UNet2DModel.from_config(json.loads((unet / "config.json").read_text())).save_pretrained(
            unet, safe_serialization=False, max_shard_size="100KB"
        )
    elif kind == "lfs":
        weights.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")
    elif kind == "html":
        weights.write_text("<!DOCTYPE html><html><body>Not Found</body></html>")
    elif kind == "truncated":
        weights.write_bytes(whole[: len(whole) // 2])
    elif kind == "zip":
        torch.save(load(whole), weights)
    elif kind == "no-scheduler":
        scheduler.unlink()
    elif kind == "other-network":
        config = json.loads((unet / "config.json").read_text())
        (unet / "config.json").write_text(json.dumps(config | {"_class_name": "UNet2DConditionModel"}))
    else:
        key, value = kind.split("=", 1)
        config = json.loads(scheduler.read_text())
        scheduler.write_text(json.dumps(config | {key: json.loads(value)}))


def forward(folder, trajectory):
    """The largest difference between our clean estimate at x_T and that of diffusers' network, over
    the largest output: what DDIM without a clip has in one step."""
    x, x0 = (torch.from_numpy(part) for part in np.load(trajectory)[[0, -1]])
    pipeline = DDPMPipeline.from_pretrained(folder, local_files_only=True)
    alpha_bar = pipeline.scheduler.alphas_cumprod.double()[-1]
    with torch.no_grad():
        output = pipeline.unet(x, len(pipeline.scheduler.alphas_cumprod) - 1).sample.double()
    ours = (x.double() - alpha_bar.sqrt() * x0.double()) / (1 - alpha_bar).sqrt()
    print(f"{((ours - output).abs().max() / output.abs().max()).item():.1e}")


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    globals()[command](*arguments)
