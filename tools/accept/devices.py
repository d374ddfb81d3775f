"""Compares what two devices made of the same.

    python devices.py samples A.npy B.npy    the largest difference
    python devices.py losses A B             the largest difference of the losses of a step of two run folders,
                                             over the loss; fails if a gradient is not finite
"""

import json
import math
import sys
from pathlib import Path

import numpy as np


def samples(a, b):
    a, b = np.load(a), np.load(b)
    assert a.shape == b.shape and np.isfinite(a).all() and np.isfinite(b).all()
    print(f"{np.abs(a - b).max():.2e}")


def losses(a, b):
    a, b = ([json.loads(line) for line in (Path(run) / "log.jsonl").open()] for run in (a, b))
    assert len(a) == len(b) > 0, "steps of both"
    for step in a + b:
        assert math.isfinite(step["gradient_norm"]) and step["gradient_norm"] > 0, step
    print(f"{max(abs(x['loss'] - y['loss']) / x['loss'] for x, y in zip(a, b)):.2e}")


if __name__ == "__main__":
    {"samples": samples, "losses": losses}[sys.argv[1]](*sys.argv[2:])
