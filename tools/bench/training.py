"""How long a training step takes in PyTorch and in ours, turn by turn on the same machine.

    cargo build --release -p ancestral-learn --example steps
    python tools/bench/training.py target/release/examples/steps FOLDER:BATCH ...

(torch 2.15.0, diffusers 0.42.1.) Each FOLDER is a model folder, its network is trained with BATCH
samples a step: noise is added, forward, backward, clipping by the global norm, AdamW, and the average
of the weights. Two threads each, or as many as ANCESTRAL_THREADS says. Prints the medians in
milliseconds and their ratio.
"""

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import torch
from diffusers import DDPMScheduler, UNet2DModel

THREADS = int(os.environ.get("ANCESTRAL_THREADS", "2"))
WARM_UP, SECONDS = 2, 40


def peer(folder, batch):
    """One step of PyTorch's, as its users write it."""
    network = UNet2DModel.from_pretrained(folder, subfolder="unet").train()
    average = [p.detach().clone() for p in network.parameters()]
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-4, weight_decay=1e-6)
    schedule = DDPMScheduler(num_train_timesteps=1000)
    config = network.config
    height, width = [config.sample_size] * 2 if isinstance(config.sample_size, int) else config.sample_size
    data = torch.randn(2 * batch, config.in_channels, height, width)

    def step():
        x = data[torch.randint(0, len(data), (batch,))]
        noise, t = torch.randn_like(x), torch.randint(0, 1000, (batch,))
        labels = {}
        if config.num_class_embeds:
            labels["class_labels"] = torch.randint(0, config.num_class_embeds, (batch,))
        predicted = network(schedule.add_noise(x, noise, t), t, **labels).sample
        torch.nn.functional.mse_loss(predicted, noise).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        with torch.no_grad():
            torch._foreach_lerp_(average, list(network.parameters()), 1e-4)

    return step


class Ours:
    def __init__(self, binary, folder, batch):
        environment = os.environ | {"RAYON_NUM_THREADS": str(THREADS)}
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            [binary, folder, str(batch)], stdin=pipe, stdout=pipe, text=True, env=environment
        )

    def step(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def compare(binary, folder, batch):
    step, ours = peer(folder, batch), Ours(binary, folder, batch)
    times = {"PyTorch": [], "ours": []}
    begun = time.perf_counter()
    while time.perf_counter() - begun < SECONDS or len(times["ours"]) < WARM_UP + 5:
        start = time.perf_counter()
        step()
        times["PyTorch"].append((time.perf_counter() - start) * 1e3)
        times["ours"].append(ours.step())
    ours.close()
    theirs, own = (statistics.median(times[who][WARM_UP:]) for who in ("PyTorch", "ours"))
    name = Path(folder).name
    rounds = len(times["ours"]) - WARM_UP
    print(f"{name}, batch {batch}: PyTorch {theirs:.1f} ms, ours {own:.1f} ms, ratio {own / theirs:.2f} ({rounds} steps)")


def main():
    binary, *networks = sys.argv[1:]
    torch.set_num_threads(THREADS)
    print(f"PyTorch {torch.__version__}, {THREADS} threads")
    for network in networks:
        folder, batch = network.rsplit(":", 1)
        compare(binary, folder, int(batch))


main()
