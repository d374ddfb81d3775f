"""Features of the small built-in network (crates/metrics/src/small.rs), by PyTorch.

    python tools/golden/small.py > crates/metrics/tests/golden/small.json

Last run with torch 2.15. The pictures are x[c, y, x] = sin(0.9 c + 0.31 y + 0.17 x), 32 high and 28 wide,
and the same in grey.
"""

import json
import pathlib

import numpy as np
import torch
import torch.nn.functional as F

CHANNELS = [3, 16, 32, 64, 64]
STRIDES = [1, 2, 2, 1]
ROOT = pathlib.Path(__file__).resolve().parents[2]


def main():
    values = np.frombuffer((ROOT / "crates/metrics/src/small/weights.bin").read_bytes(), "<f4")
    c, y, x = np.meshgrid(np.arange(3), np.arange(32), np.arange(28), indexing="ij")
    colour = np.sin(0.9 * c + 0.31 * y + 0.17 * x)
    found = torch.tensor(np.stack([colour, np.repeat(colour[:1], 3, 0)]).astype(np.float32))
    at = 0
    for a, b, stride in zip(CHANNELS, CHANNELS[1:], STRIDES):
        weight = torch.tensor(values[at : at + 9 * a * b].reshape(b, a, 3, 3).copy())
        at += 9 * a * b
        bias = torch.tensor(values[at : at + b].copy())
        at += b
        found = F.relu(F.conv2d(found, weight, bias, stride, padding=1))
    assert at == len(values)
    print(json.dumps({"features": found.mean((2, 3)).double().numpy().round(7).tolist()}))


main()
