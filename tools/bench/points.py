"""How long PyTorch takes to draw 10 000 points by a residual MLP in 100 DDPM steps, beside ours.

    python tools/bench/points.py FOLDER ANCESTRAL [--rounds 5]
        (torch 2.15.0, diffusers 0.42.1, safetensors 0.8.0)

FOLDER is a model of points of the plane, as `ancestral train moons` leaves it, ANCESTRAL the
program. Each runs in turn on two threads: PyTorch's network with diffusers' DDPMScheduler, in
memory; ours as the whole command, which reads the model and writes the points. A third turn, `ddim`,
draws no noise: what it takes less is the share of the noise. Prints the medians in seconds, and the
ratio of ours to PyTorch's.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "2"

import torch
from diffusers import DDPMScheduler
from diffusers.models.embeddings import get_timestep_embedding
from safetensors.torch import load_file
from torch.nn.functional import linear, silu

POINTS, STEPS = 10_000, 100


class Mlp:
    def __init__(self, folder):
        self.config = json.loads((folder / "mlp/config.json").read_text())
        self.weights = load_file(folder / "mlp/diffusion_pytorch_model.safetensors")

    def linear(self, name, x):
        return linear(x, self.weights[f"{name}.weight"], self.weights[f"{name}.bias"])

    def __call__(self, x, t):
        c = self.config
        time = get_timestep_embedding(
            t, c["time_embed_dim"], flip_sin_to_cos=c["flip_sin_to_cos"],
            downscale_freq_shift=c["freq_shift"],
        )
        time = silu(self.linear("time_embedding.linear_1", time))
        time = silu(self.linear("time_embedding.linear_2", time))
        h = self.linear("linear_in", x)
        for block in (f"blocks.{i}" for i in range(c["blocks"])):
            inner = self.linear(f"{block}.linear_1", silu(h))
            inner = inner + self.linear(f"{block}.time_emb_proj", time)
            h = h + self.linear(f"{block}.linear_2", silu(inner))
        return self.linear("linear_out", silu(h))


@torch.no_grad()
def pytorch(folder):
    network = Mlp(folder)
    scheduler = DDPMScheduler.from_pretrained(folder / "scheduler")
    scheduler.set_timesteps(STEPS)
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(POINTS, network.config["columns"], generator=generator)
    for t in scheduler.timesteps:
        epsilon = network(x, t[None])
        x = scheduler.step(epsilon, t, x, generator=generator).prev_sample
    return x


def ours(folder, program, sampler):
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run(
            [program, "sample", folder, "-n", str(POINTS), "--batch", str(POINTS), "--steps",
             str(STEPS), "--sampler", sampler, "--threads", "2", "--quiet", "-o",
             f"{scratch}/x.npy"],
            check=True,
        )


def clock(run):
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("program")
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    torch.set_num_threads(2)
    runs = {
        "PyTorch": lambda: pytorch(args.folder),
        "ours": lambda: ours(args.folder, args.program, "ddpm"),
        "ours without noise": lambda: ours(args.folder, args.program, "ddim"),
    }
    times = {name: [] for name in runs}
    for _ in range(args.rounds):
        for name, run in runs.items():
            times[name].append(clock(run))
    for name, seconds in times.items():
        spread = max(seconds) - min(seconds)
        print(f"{name}: {statistics.median(seconds):.3f} s, spread {spread:.3f}", file=sys.stderr)
    medians = {name: statistics.median(seconds) for name, seconds in times.items()}
    print(f"{medians['ours'] / medians['PyTorch']:.3f}")


main()
