"""What a budget of training buys, beside other programs: how near samples are to pictures not seen.

    python tools/bench/quality.py DATA ANCESTRAL [--minutes 3 10] [--seeds 3] [--who ours diffusers ddp]
        [--widths 16,32,64 …] [--samples 2000] [--few 300] [--out FOLDER]
        (torch 2.15.0, diffusers 0.42.1, denoising-diffusion-pytorch 2.3.4, safetensors 0.8.0)

DATA is a folder with Fashion-MNIST as IDX files, or one with pictures, of which every tenth is held
out; pictures are made 32 x 32 on white. --few trains on so many of them alone. ANCESTRAL is the
program, on two threads as the others. Each way to train has the same minutes, from the start of its
process to the last update; all are then sampled by the program's `dpmpp-2m` in 25 calls, but for ddp
(denoising-diffusion-pytorch), whose network it does not know: by its own DDIM in 50.

- ours: `ancestral train DATA --time SECONDS`, nothing else said; a mean and a spread over seeds
- diffusers: diffusers' UNet2DModel in three widths, with the settings of its script for unconditional
  training: AdamW with rate 1e-4 and decay 1e-6, warm-up 500 and a cosine, batch 16, linear betas,
  noise predicted, EMA with power 3/4; in fp32, and in bf16 by autocast
- ddp: denoising-diffusion-pytorch, dim 32, multipliers 1, 2, 4, with the settings of its README

**The distance** is Frechet's in the 64 features of a small classifier, trained here on the classes of
the data (Fashion-MNIST's; the groups of an emoji's place in Unicode), to the pictures held out.
"""

import argparse
import gzip
import json
import math
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "2")

import numpy as np
import torch
from torch import nn
from torch.nn import functional

SAMPLER = ["--sampler", "dpmpp-2m", "--steps", "25"]
WIDTHS = [(16, 32, 64), (32, 64, 128), (64, 128, 128)]
SIDE = 32


# Data ------------------------------------------------------------------------------------------------


def idx(path):
    raw = gzip.open(path).read()
    shape = np.frombuffer(raw, ">u4", raw[3], 4)
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * raw[3]).reshape(shape)


def scaled(pictures):
    """Bytes [n, h, w, c] as [n, c, h, w] in [-1, 1]."""
    return torch.tensor(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1


class Data:
    """Pictures to learn and pictures held out, in [-1, 1], and a class of each."""

    def __init__(self, folder, few, scratch):
        self.path = folder
        if (folder / "train-images-idx3-ubyte.gz").exists():
            read = lambda part: (
                scaled(idx(folder / f"{part}-images-idx3-ubyte.gz")[..., None]),
                torch.tensor(idx(folder / f"{part}-labels-idx1-ubyte.gz").astype(np.int64)),
            )
            (self.train, self.labels), (self.held, self.held_labels) = read("train"), read("t10k")
        else:
            self.pictures(folder, scratch)
        self.all, self.all_labels = self.train, self.labels
        if few:
            self.path, self.train = self.some(few, scratch)

    def pictures(self, folder, scratch):
        from PIL import Image

        files = sorted(folder.glob("*.png"))
        read = lambda file: Image.open(file).convert("RGBA")
        white = lambda p: Image.alpha_composite(Image.new("RGBA", p.size, "white"), p).convert("RGB")
        pictures = np.stack(
            [np.asarray(white(read(file)).resize((SIDE, SIDE), Image.BOX)) for file in files]
        )
        # Neighbours in Unicode are alike: a block of 256 code points is a class.
        blocks = [file.name.split("-")[0].split(".")[0][:-2] for file in files]
        names = sorted(set(blocks))
        labels = torch.tensor([names.index(block) for block in blocks])
        held = np.arange(len(files)) % 10 == 0
        self.train, self.held = scaled(pictures[~held]), scaled(pictures[held])
        self.labels, self.held_labels = labels[~held], labels[held]
        self.path = scratch / "train"
        write(pictures[~held], self.path)

    def some(self, few, scratch):
        chosen = np.random.default_rng(0).permutation(len(self.train))[:few]
        some = self.train[chosen]
        path = scratch / f"{few}"
        write(((some.permute(0, 2, 3, 1) + 1) * 127.5).round().byte().numpy(), path)
        return path, some


def write(pictures, folder):
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    for i, picture in enumerate(pictures):
        picture = picture[..., 0] if picture.shape[-1] == 1 else picture
        Image.fromarray(picture).save(folder / f"{i:06}.png")


# The distance ----------------------------------------------------------------------------------------


class Classifier(nn.Module):
    def __init__(self, channels, side, classes):
        super().__init__()
        self.first = nn.Conv2d(channels, 32, 3, padding=1)
        self.second = nn.Conv2d(32, 64, 3, padding=1)
        self.features = nn.Linear(64 * (side // 4) ** 2, 64)
        self.last = nn.Linear(64, classes)

    def embed(self, x):
        for layer in (self.first, self.second):
            x = functional.max_pool2d(functional.relu(layer(x)), 2)
        return functional.relu(self.features(x.flatten(1)))

    def forward(self, x):
        return self.last(self.embed(x))


def classifier(data):
    """Trained on all pictures that are not held out, about 11 000 updates of 16 or 3 passes."""
    torch.manual_seed(0)
    classes = int(max(data.all_labels.max(), data.held_labels.max())) + 1
    network = Classifier(data.all.shape[1], data.all.shape[2], classes)
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    epochs = max(3, 180_000 // len(data.all))
    for _ in range(epochs):
        for rows in torch.randperm(len(data.all)).split(128):
            loss = functional.cross_entropy(network(data.all[rows]), data.all_labels[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        right = (network(data.held).argmax(1) == data.held_labels).float().mean()
    print(f"classifier: {right:.3f} of the pictures held out", flush=True)
    return network


def moments(network, pictures):
    with torch.no_grad():
        features = [network.embed(part.clamp(-1, 1)) for part in pictures.split(500)]
    features = torch.cat(features).double().numpy()
    return features.mean(0), np.cov(features, rowvar=False)


def frechet(first, second):
    (m, s), (n, t) = first, second
    values, vectors = np.linalg.eigh(s)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    cross = np.sqrt(np.linalg.eigvalsh(root @ t @ root).clip(0)).sum()
    return ((m - n) ** 2).sum() + np.trace(s) + np.trace(t) - 2 * cross


# Who trains ------------------------------------------------------------------------------------------


def sampled(program, model, count, out):
    subprocess.run(
        [program, "sample", model, "-n", str(count), *SAMPLER, "--quiet", "--force", "-o", out],
        check=True,
    )
    return torch.tensor(np.load(out))


def ours(data, args, minutes, seed):
    run = args.out / f"ours-{minutes}-{seed}"
    subprocess.run(
        [args.program, "train", data.path, "--time", str(60 * minutes), "--seed", str(seed),
         "--threads", "2", "--quiet", "--force", "-o", run],
        check=True,
    )
    steps = json.loads((run / "ancestral.json").read_text())["training"]["steps"]
    return sampled(args.program, run, args.samples, run / "samples.npy"), steps


def diffusers(data, args, minutes, widths, bf16):
    from diffusers import DDPMPipeline, DDPMScheduler, UNet2DModel
    from diffusers.optimization import get_cosine_schedule_with_warmup

    began = time.monotonic()
    torch.manual_seed(0)
    channels, side = data.train.shape[1], data.train.shape[2]
    network = UNet2DModel(
        sample_size=side, in_channels=channels, out_channels=channels, layers_per_block=1,
        block_out_channels=widths, norm_num_groups=8,
        down_block_types=("DownBlock2D", "DownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "UpBlock2D", "UpBlock2D"),
    )
    scheduler = DDPMScheduler(1000)
    optimizer = torch.optim.AdamW(
        network.parameters(), 1e-4, betas=(0.95, 0.999), weight_decay=1e-6, eps=1e-8
    )
    average = [p.detach().clone() for p in network.parameters()]

    def step(number):
        rows = torch.randint(len(data.train), (16,))
        clean, noise = data.train[rows], torch.randn(16, *data.train.shape[1:])
        times = torch.randint(1000, (16,))
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            found = network(scheduler.add_noise(clean, noise, times), times).sample
        loss = functional.mse_loss(found.float(), noise)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        decay = min(0.9999, 1 - (1 + number) ** -0.75)
        with torch.no_grad():
            torch._foreach_lerp_(average, list(network.parameters()), 1 - decay)

    # How many updates the cosine is to span is known once their speed is.
    for number in range(3):
        step(number)
    start = time.monotonic()
    for number in range(3, 13):
        step(number)
    speed = (time.monotonic() - start) / 10
    total = max(20, int((60 * minutes - (start - began)) / speed))
    plan = get_cosine_schedule_with_warmup(optimizer, min(500, total // 5), total)
    number = 13
    while number < total and time.monotonic() - began < 60 * minutes:
        step(number)
        plan.step()
        number += 1
    with torch.no_grad():
        for parameter, value in zip(network.parameters(), average, strict=True):
            parameter.copy_(value)
    name = "-".join(map(str, widths)) + ("-bf16" if bf16 else "")
    folder = args.out / f"diffusers-{minutes}-{name}"
    DDPMPipeline(network, scheduler).save_pretrained(folder)
    return sampled(args.program, folder, args.samples, folder / "samples.npy"), number


def ddp(data, args, minutes):
    from denoising_diffusion_pytorch import GaussianDiffusion, Unet

    began = time.monotonic()
    torch.manual_seed(0)
    side = data.train.shape[2]
    network = Unet(dim=32, dim_mults=(1, 2, 4), channels=data.train.shape[1])
    process = GaussianDiffusion(network, image_size=side, timesteps=1000, sampling_timesteps=50)
    optimizer = torch.optim.Adam(network.parameters(), 8e-5, betas=(0.9, 0.99))
    average = [p.detach().clone() for p in network.parameters()]
    number = 0
    while time.monotonic() - began < 60 * minutes:
        rows = torch.randint(len(data.train), (16,))
        process((data.train[rows] + 1) / 2).backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        number += 1
        with torch.no_grad():
            torch._foreach_lerp_(average, list(network.parameters()), 0.005 if number > 100 else 1.0)
    with torch.no_grad():
        for parameter, value in zip(network.parameters(), average, strict=True):
            parameter.copy_(value)
        parts = [process.sample(batch_size=100) for _ in range(math.ceil(args.samples / 100))]
    return torch.cat(parts)[: args.samples] * 2 - 1, number


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("program")
    parser.add_argument("--minutes", type=float, nargs="+", default=[3, 10])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--who", nargs="+", default=["ours", "diffusers", "ddp"])
    widths = lambda text: tuple(map(int, text.split(",")))
    parser.add_argument("--widths", type=widths, nargs="+", default=WIDTHS)
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--few", type=int)
    parser.add_argument("--out", type=Path, default=Path("target/quality"))
    args = parser.parse_args()
    args.program = str(Path(args.program).resolve())
    args.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(2)
    data = Data(args.data, args.few, args.out)
    network = classifier(data)
    held = moments(network, data.held)
    halves = [moments(network, data.held[part::2]) for part in (0, 1)]
    print(f"two halves of the pictures held out: {frechet(*halves):.2f}", flush=True)

    def judge(name, result):
        pictures, steps = result
        distance = frechet(moments(network, pictures.float()), held)
        print(f"{name}: {distance:.2f} after {steps} updates", flush=True)
        return distance

    for minutes in args.minutes:
        if "ours" in args.who:
            found = [
                judge(f"ours, {minutes:g} min, seed {seed}", ours(data, args, minutes, seed))
                for seed in range(args.seeds)
            ]
            spread = statistics.stdev(found) if len(found) > 1 else math.nan
            print(f"ours, {minutes:g} min: {statistics.mean(found):.2f}, spread {spread:.2f}")
        if "diffusers" in args.who:
            for widths in args.widths:
                for bf16 in (False, True):
                    name = f"diffusers {widths}{' bf16' if bf16 else ''}, {minutes:g} min"
                    judge(name, diffusers(data, args, minutes, widths, bf16))
        if "ddp" in args.who:
            judge(f"denoising-diffusion-pytorch, {minutes:g} min", ddp(data, args, minutes))


if __name__ == "__main__":
    sys.exit(main())
