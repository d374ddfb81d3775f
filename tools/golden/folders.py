"""Has diffusers write folders in all its layouts, ours read each and write it again, and compares.

    pip install torch==2.15.0 diffusers==0.42.1
    python tools/golden/folders.py

Every tensor must come back bit for bit, and diffusers must load what we wrote. Folders with pickles
alone must be refused. Takes half a minute and leaves nothing behind.
"""

import json
import os
import subprocess
import sys
import tempfile

import torch
from diffusers import DDIMPipeline, DDPMPipeline, DDPMScheduler, UNet2DModel
from safetensors.torch import load_file, save_file

WEIGHTS = "diffusion_pytorch_model.safetensors"
OLD = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}


def unet():
    torch.manual_seed(0)
    return UNet2DModel(
        sample_size=8,
        in_channels=1,
        out_channels=1,
        block_out_channels=(32, 32),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "UpBlock2D"),
    )


def old_names(state, convolutions):
    """The state under the names of diffusers' 0.13; matrices as 1 x 1 convolutions, if wanted."""
    renamed = {}
    for name, tensor in state.items():
        for modern, old in OLD.items():
            if f".{modern}." in name:
                name = name.replace(f".{modern}.", f".{old}.")
                if convolutions and tensor.ndim == 2:
                    tensor = tensor[:, :, None, None].contiguous()
        renamed[name] = tensor
    return renamed


def folders(root):
    """Yields: folder, variant to ask for or None, the tensors that we must find (None: refusal)."""
    net, half = unet(), unet().half()
    full, halves = net.state_dict(), half.state_dict()

    def path(name):
        return os.path.join(root, name)

    def pipeline(name, **options):
        DDPMPipeline(net, DDPMScheduler()).save_pretrained(path(name), **options)
        return path(name)

    yield pipeline("pipeline"), None, full
    yield pipeline("variant", variant="fp16"), "fp16", full
    yield path("variant"), None, full
    for kind, module, state in ("f32", net, full), ("f16", half, halves):
        for options in {}, {"variant": "fp16"}, {"max_shard_size": "200KB"}, {
            "max_shard_size": "200KB",
            "variant": "fp16",
        }:
            name = "-".join(["bare", kind, *options])
            module.save_pretrained(path(name), **options)
            yield path(name), options.get("variant"), state

    root_layout = path("root")
    net.save_pretrained(root_layout)
    DDPMScheduler().save_pretrained(root_layout)
    index = {"_class_name": "DDPMPipeline", "_diffusers_version": "0.1.1"}
    index |= {"scheduler": ["diffusers", "DDPMScheduler"], "unet": ["diffusers", "UNet2DModel"]}
    with open(os.path.join(root_layout, "model_index.json"), "w") as file:
        json.dump(index, file)
    yield root_layout, None, full

    for convolutions in False, True:
        folder = pipeline(f"old-{convolutions}")
        save_file(old_names(full, convolutions), os.path.join(folder, "unet", WEIGHTS))
        yield folder, None, full

    yield pipeline("pickle", safe_serialization=False), None, None
    yield pipeline("pickles", safe_serialization=False, max_shard_size="200KB"), None, None


def check(folder, variant, expected, to):
    command = ["cargo", "run", "--quiet", "-p", "ancestral-format", "--example", "rewrite", "--"]
    command += [folder, to] + ([variant] if variant else [])
    run = subprocess.run(command, capture_output=True, text=True)
    if expected is None:
        return run.returncode != 0 and "pickles are never executed" in run.stderr
    if run.returncode != 0:
        print(run.stderr)
        return False
    found = load_file(os.path.join(to, "unet", WEIGHTS))
    same = found.keys() == expected.keys() and all(
        found[name].dtype == tensor.dtype and torch.equal(found[name], tensor)
        for name, tensor in expected.items()
    )
    again = DDPMPipeline.from_pretrained(to).unet.state_dict()
    DDIMPipeline.from_pretrained(to)
    return same and all(torch.equal(again[name], t.float()) for name, t in expected.items())


def main():
    failed = 0
    with tempfile.TemporaryDirectory() as root:
        for i, (folder, variant, expected) in enumerate(folders(root)):
            good = check(folder, variant, expected, os.path.join(root, f"ours-{i}"))
            failed += not good
            name = os.path.basename(folder)
            print("ok  " if good else "BAD ", name, f"(variant {variant})" if variant else "")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
