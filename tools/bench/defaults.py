"""Whether each default of training pictures still has its advantage.

    python tools/bench/defaults.py DATA ANCESTRAL [--steps 1200] [--seeds 3] [--only NAME …]
        [--out FOLDER]          (torch 2.15.0, safetensors 0.8.0)

DATA and the distance are those of quality.py. A small network (16, 32, 64 channels) is trained in
batches of 16, once as the defaults have it and once with each default replaced; the same seeds for
all, one thread each, two at a time. Prints means and standard errors over the seeds, and fails if a
default is worse than what it replaced by more than the standard error of their difference.
"""

import argparse
import math
import statistics
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import quality
import torch

COMMON = ["--width", "16,32,64"]
DEFAULT = "as the defaults have it"
# Flags of `train`, and of `sample`.
OTHERS = {
    "epsilon": (["--prediction", "epsilon"], []),
    "x0": (["--prediction", "x0"], []),
    "min-snr": (["--loss-weight", "min-snr"], []),
    "p2": (["--loss-weight", "p2"], []),
    "adamw": (["--optimizer", "adamw"], []),
    "linear betas": (["--schedule", "linear"], []),
    "half the rate": (["--lr", "1e-3"], []),
    "twice the rate": (["--lr", "4e-3"], []),
    "batches of 32, half of the steps": (["--batch", "32"], []),
    "labels hidden half of the times": (["--label-dropout", "0.5"], []),
    "samples of no class": (["--label-dropout", "0.5"], ["--class", "none"]),
    "no groups": (["--groups", "0"], []),
    "a fifth of the groups": (["--groups", "8"], []),
}
# Where data have classes there are no groups.
OF_GROUPS = {"no groups", "a fifth of the groups"}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("program")
    parser.add_argument("--steps", type=int, default=1200)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=OTHERS, default=list(OTHERS))
    parser.add_argument("--out", type=Path, default=Path("target/defaults"))
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    data = quality.Data(args.data, None, args.out)
    network = quality.classifier(data)
    held = quality.moments(network, data.held)

    def distance(job):
        number, name, (flags, of_samples), seed = job
        run = args.out / f"{number}-{seed}"
        program = [args.program, "train", data.path, *COMMON, *flags]
        steps = args.steps // 2 if "--batch" in flags else args.steps
        subprocess.run(
            [*program, "--steps", str(steps), "--seed", str(seed), "--threads", "1",
             "--preview-every", "0", "--quiet", "--force", "-o", run],
            check=True, stdout=subprocess.DEVNULL,
        )
        subprocess.run(
            [args.program, "sample", run, "-n", "2000", *quality.SAMPLER, *of_samples, "--threads", "1", "--quiet",
             "--force", "-o", run / "samples.npy"],
            check=True, stdout=subprocess.DEVNULL,
        )
        samples = torch.tensor(np.load(run / "samples.npy")).float()
        found = quality.frechet(quality.moments(network, samples), held)
        print(f"{name}, seed {seed}: {found:.2f}", flush=True)
        return found

    has_classes = (args.data / "train-labels-idx1-ubyte.gz").exists()
    names = [DEFAULT, *(name for name in args.only if not (has_classes and name in OF_GROUPS))]
    jobs = [
        (number, name, OTHERS.get(name, ([], [])), seed)
        for seed in range(args.seeds)
        for number, name in enumerate(names)
    ]
    torch.set_num_threads(1)
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(distance, jobs))
    by_name = {
        name: [value for (_, of, _, _), value in zip(jobs, found, strict=True) if of == name]
        for name in names
    }
    error = lambda values: statistics.stdev(values) / math.sqrt(len(values))
    lost = False
    for name, values in by_name.items():
        text = f"{name}: {statistics.mean(values):.2f}"
        if args.seeds > 1:
            # The same seeds: what they have in common falls out of the difference.
            gained = [b - a for a, b in zip(by_name[DEFAULT], values, strict=True)]
            text += f" ± {error(values):.2f}, {statistics.mean(gained):+.2f} ± {error(gained):.2f}"
            lost |= statistics.mean(gained) < -error(gained)
        print(text)
    return int(lost)


if __name__ == "__main__":
    sys.exit(main())
