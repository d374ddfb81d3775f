"""How long a training step takes in PyTorch and in ours, turn by turn on the same machine.

    cargo build --release -p ancestral-learn --example steps
    python tools/bench/training.py [--bf16 | --memory] target/release/examples/steps FOLDER:BATCH ...

(torch 2.15.0, diffusers 0.42.1.) Each FOLDER is a model folder, its network is trained with BATCH
samples a step: noise is added, forward, backward, clipping by the global norm, AdamW, and the average
of the weights. Two threads each, or as many as ANCESTRAL_THREADS says. PyTorch computes with maps as
they are, with channels last, and by torch.compile. Prints the medians in milliseconds, and the ratio of
ours to the fastest of theirs; with ANCESTRAL_SECONDS=N it takes N seconds a network, in place of 40, after
warming up.

With --bf16, PyTorch's forward pass is under autocast to bf16, once with maps as they are and once with
channels last, and the faster of both counts; ours computes in bf16, and in f32 beside it.

With --memory, each makes four steps in a process of its own, and the most memory that it ever took is
printed in place of times, in MB, of f32.
"""

import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

import torch
from diffusers import DDPMScheduler, UNet2DModel

THREADS = int(os.environ.get("ANCESTRAL_THREADS", "2"))
# Steps of which memory is measured.
STEPS = 4
WARM_UP, SECONDS = 2, float(os.environ.get("ANCESTRAL_SECONDS", "40"))


def pytorch(folder, batch, bf16=False, layout=torch.contiguous_format, compiled=False):
    """One step of PyTorch's, as its users write it."""
    network = UNet2DModel.from_pretrained(folder, subfolder="unet").train().to(memory_format=layout)
    predict = torch.compile(network) if compiled else network
    average = [p.detach().clone() for p in network.parameters()]
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-4, weight_decay=1e-6)
    schedule = DDPMScheduler(num_train_timesteps=1000)
    config = network.config
    height, width = [config.sample_size] * 2 if isinstance(config.sample_size, int) else config.sample_size
    data = torch.randn(2 * batch, config.in_channels, height, width).to(memory_format=layout)

    def step():
        x = data[torch.randint(0, len(data), (batch,))]
        noise, t = torch.randn_like(x), torch.randint(0, 1000, (batch,))
        labels = {}
        if config.num_class_embeds:
            labels["class_labels"] = torch.randint(0, config.num_class_embeds, (batch,))
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
            predicted = predict(schedule.add_noise(x, noise, t), t, **labels).sample
            loss = torch.nn.functional.mse_loss(predicted, noise)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        with torch.no_grad():
            torch._foreach_lerp_(average, list(network.parameters()), 1e-4)

    def timed():
        start = time.perf_counter()
        step()
        return (time.perf_counter() - start) * 1e3

    return timed


class Ours:
    def __init__(self, binary, folder, batch, precision=()):
        environment = os.environ | {"RAYON_NUM_THREADS": str(THREADS)}
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            [binary, *precision, folder, str(batch)], stdin=pipe, stdout=pipe, text=True, env=environment
        )

    def __call__(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def compare(binary, folder, batch, bf16):
    ours = {"ours": Ours(binary, folder, batch)}
    steps = {
        "PyTorch": pytorch(folder, batch),
        "channels last": pytorch(folder, batch, layout=torch.channels_last),
        "torch.compile": pytorch(folder, batch, compiled=True),
    }
    if bf16:
        steps = {
            "PyTorch": pytorch(folder, batch, bf16=True),
            "channels last": pytorch(folder, batch, bf16=True, layout=torch.channels_last),
        }
        ours = {"ours": Ours(binary, folder, batch, ["bf16"]), "ours f32": Ours(binary, folder, batch)}
    steps |= ours
    for _ in range(WARM_UP):
        for step in steps.values():
            step()
    times = {who: [] for who in steps}
    begun = time.perf_counter()
    while time.perf_counter() - begun < SECONDS or len(times["ours"]) < 5:
        for who, step in steps.items():
            times[who].append(step())
    for process in ours.values():
        process.close()
    middle = {who: statistics.median(each) for who, each in times.items()}
    best = min(at for who, at in middle.items() if who not in ours)
    told = ", ".join(f"{who} {at:.1f} ms" for who, at in middle.items())
    rounds = len(times["ours"])
    print(f"{Path(folder).name}, batch {batch}: {told}, ratio {middle['ours'] / best:.2f} ({rounds} steps)", flush=True)


def memory(binary, folder, batch):
    """The most memory that each ever took, in MB."""
    threads = os.environ | {"RAYON_NUM_THREADS": str(THREADS)}
    ours = [binary, folder, str(batch)]
    # PyTorch's step in a process of its own, which holds the libraries too.
    theirs = [sys.executable, __file__, "--steps-of-pytorch", f"{folder}:{batch}"]

    def peak(command):
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=threads)
        process.stdin.write("\n" * STEPS)
        process.stdin.flush()
        for _ in range(STEPS):
            process.stdout.readline()
        # Not what the system tells of a process that has ended: that counts the time before its program ran.
        status = Path("/proc", str(process.pid), "status").read_text()
        process.stdin.close()
        process.wait()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1e3

    own, other = peak(ours), peak(theirs)
    print(f"{Path(folder).name}, batch {batch}: PyTorch {other:.0f} MB, ours {own:.0f} MB, ratio {own / other:.2f}", flush=True)


def main():
    flags = {argument for argument in sys.argv[1:] if argument.startswith("--")}
    arguments = [argument for argument in sys.argv[1:] if argument not in flags]
    torch.set_num_threads(THREADS)
    if "--steps-of-pytorch" in flags:
        folder, batch = arguments[0].rsplit(":", 1)
        step = pytorch(folder, int(batch))
        for _ in sys.stdin:
            print(step(), flush=True)
        return
    binary, *networks = arguments
    print(f"PyTorch {torch.__version__}, {THREADS} threads", flush=True)
    for network in networks:
        folder, batch = network.rsplit(":", 1)
        if "--memory" in flags:
            memory(binary, folder, int(batch))
        else:
            compare(binary, folder, int(batch), "--bf16" in flags)


main()
