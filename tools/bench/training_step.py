"""How long PyTorch takes for one training step of the digits network, beside ours.

    python tools/bench/training_step.py        (torch 2.15.0, diffusers 0.42.1)

Prints the best and the median of 30 steps in milliseconds: forward, backward, clipping by the global
norm, AdamW; batch 64, the network of the built-in model. Run `cargo bench -p ancestral-nn` on the
same idle machine for ours.
"""

import time
from pathlib import Path

import torch
from diffusers import UNet2DModel

CONFIG = Path(__file__).parents[2] / "crates/cli/models/digits/unet"
BATCH = 64


def main():
    network = UNet2DModel.from_config(UNet2DModel.load_config(CONFIG)).train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-4, weight_decay=1e-6)
    x, noise = torch.randn(2, BATCH, 1, 8, 8)
    labels = torch.randint(0, 11, (BATCH,))

    def step():
        t = torch.randint(0, 1000, (BATCH,))
        loss = (network(x, t, class_labels=labels).sample - noise).square().mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()

    times = []
    for _ in range(33):
        start = time.perf_counter()
        step()
        times.append((time.perf_counter() - start) * 1e3)
    times = sorted(times[3:])
    weights = sum(p.numel() for p in network.parameters())
    print(f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads, {weights} weights")
    print(f"training step: best {times[0]:.1f} ms, median {times[len(times) // 2]:.1f} ms")


main()
