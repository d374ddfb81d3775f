"""How fast PyTorch is on a card: forward passes and training steps of model folders.

    python tools/bench/gpu.py [--device cuda] [--seconds 10] FOLDER:BATCH ...

(torch 2.15.0, diffusers 0.42.1.) Ways: eager in f32, eager with products in tf32, channels last under
autocast to bf16, and that compiled by `torch.compile(mode="max-autotune")`. For each it prints the median
milliseconds of a pass and rows a second, by how much the output is off that of f32, over its largest
value, and the median of a training step (forward, backward, clipping, AdamW, average of the weights). The
time to compile is printed by itself. Without a card `--device cpu` tries the script, and nothing more.
"""

import argparse
import statistics
import time

import numpy as np
import torch
from diffusers import DDPMScheduler, UNet2DModel

WARM_UP = 3


class Network(torch.nn.Module):
    """A network that takes what it is given in bf16, if it is to."""

    def __init__(self, folder, device, layout, bf16):
        super().__init__()
        unet = UNet2DModel.from_pretrained(folder, subfolder="unet", low_cpu_mem_usage=False)
        self.unet, self.config = unet.to(device, memory_format=layout), unet.config
        self.kind, self.layout, self.bf16 = torch.device(device).type, layout, bf16

    def forward(self, x, t, labels):
        with torch.autocast(self.kind, dtype=torch.bfloat16, enabled=self.bf16):
            x = x.to(memory_format=self.layout)
            return self.unet(x, t, class_labels=labels, return_dict=False)[0].float()


def inputs(config, batch, device):
    size = config.sample_size
    height, width = size if isinstance(size, (list, tuple)) else (size, size)
    random = np.random.default_rng(0)
    x = random.standard_normal((batch, config.in_channels, height, width), np.float32)
    t = random.integers(0, 1000, batch)
    classes = config.num_class_embeds
    labels = torch.arange(batch, device=device) % classes if classes else None
    return torch.from_numpy(x).to(device), torch.from_numpy(t).to(device), labels


def median(work, device, seconds):
    """Milliseconds of a call: the first ones do not count, which choose kernels."""

    def timed():
        begun = time.perf_counter()
        work()
        if torch.device(device).type == "cuda":
            torch.cuda.synchronize()
        return (time.perf_counter() - begun) * 1e3

    for _ in range(WARM_UP):
        timed()
    times, until = [], time.perf_counter() + seconds
    while time.perf_counter() < until or len(times) < 5:
        times.append(timed())
    return statistics.median(times)


def training(network, compiled, x, t, labels):
    """A step as its users write it."""
    average = [p.detach().clone() for p in network.parameters()]
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-4, weight_decay=1e-6)
    schedule = DDPMScheduler(num_train_timesteps=1000)

    def step():
        noise = torch.randn_like(x)
        predicted = compiled(schedule.add_noise(x, noise, t), t, labels)
        torch.nn.functional.mse_loss(predicted[:, : x.shape[1]], noise).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        with torch.no_grad():
            torch._foreach_lerp_(average, list(network.parameters()), 1e-4)

    return step


def measure(folder, batch, device, seconds):
    plain, last = torch.contiguous_format, torch.channels_last
    ways = {
        "eager f32": (plain, False, False, False),
        "eager tf32": (plain, False, True, False),
        "channels last bf16": (last, True, True, False),
        "compiled bf16": (last, True, True, True),
    }
    exact = None
    for way, (layout, bf16, tf32, compiles) in ways.items():
        torch.manual_seed(0)
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = tf32
        network = Network(folder, device, layout, bf16)
        given = inputs(network.config, batch, device)
        called = torch.compile(network, mode="max-autotune") if compiles else network
        begun = time.perf_counter()
        with torch.no_grad():
            output = called(*given).clone()
            first = time.perf_counter() - begun
            exact = output if exact is None else exact
            error = ((output - exact).abs().max() / exact.abs().max()).item()
            a_pass = median(lambda: called(*given), device, seconds)
        a_step = median(training(network, called, *given), device, seconds)
        print(
            f"{way:18}  {a_pass:8.2f} ms a pass  {1e3 * batch / a_pass:9.1f} rows/s  off by {error:.1e}  "
            f"{a_step:8.2f} ms a training step  first pass {first:.1f} s",
            flush=True,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("networks", nargs="+", metavar="FOLDER:BATCH")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--seconds", type=float, default=10)
    arguments = parser.parse_args()
    name = torch.cuda.get_device_name() if arguments.device.startswith("cuda") else arguments.device
    print(f"PyTorch {torch.__version__} on {name}", flush=True)
    for network in arguments.networks:
        folder, batch = network.rsplit(":", 1)
        print(f"{folder}, batch {batch}", flush=True)
        measure(folder, int(batch), arguments.device, arguments.seconds)


main()
