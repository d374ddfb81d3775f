"""Compares what two runs wrote; exits with 1 and says where they differ.

    python same.py row A.npy INDEX B.npy    one row of A, and B, which is that row alone
    python same.py pixels A B               pixels of two PNG files, or of all in two folders
    python same.py rounded A.npy FOLDER     an array, and single pictures of its rows
    python same.py losses A.jsonl B.jsonl   the losses of two trainings, step by step
"""

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image


def row(a, index, b):
    whole, one = np.load(a), np.load(b)
    same(whole[int(index)][None], one, f"row {index} of {a} and {b}")


def pixels(a, b):
    a, b = Path(a), Path(b)
    if a.is_file():
        return same(picture(a), picture(b), f"{a} and {b}")
    names = sorted(file.name for file in a.glob("*.png"))
    others = sorted(file.name for file in b.glob("*.png"))
    if not names or names != others:
        sys.exit(f"{a} holds {names}, {b} holds {others}")
    for name in names:
        same(picture(a / name), picture(b / name), f"{name} of {a} and {b}")


def rounded(array, folder):
    x = np.load(array)  # [n, 1, height, width], float32
    files = sorted(Path(folder).glob("*.png"))
    if len(files) != len(x):
        sys.exit(f"{folder} holds {len(files)} pictures, {array} {len(x)}")
    # round(255 (x/2 + 1/2)), halves upwards, in float32 up to the rounding
    scaled = (x / np.float32(2) + np.float32(0.5)) * np.float32(255)
    bytes_ = np.clip(np.floor(scaled.astype(np.float64) + 0.5), 0, 255).astype(np.uint8)
    for file, expected in zip(files, bytes_):
        same(picture(file), expected[0], f"{file} and {array}")


def losses(a, b):
    of = lambda path: [
        (entry["step"], entry["loss"])
        for entry in map(json.loads, Path(path).read_text().splitlines())
        if "loss" in entry
    ]
    first, second = of(a), of(b)
    if not first:
        sys.exit(f"{a} has no losses")
    if first != second:
        place = next((i for i, (x, y) in enumerate(zip(first, second)) if x != y), "their ends")
        sys.exit(f"the losses of {a} and {b} differ at {place}")


def picture(path):
    return np.asarray(Image.open(path))


def same(a, b, what):
    if a.shape != b.shape or a.dtype != b.dtype:
        sys.exit(f"{what}: {a.shape} {a.dtype} and {b.shape} {b.dtype}")
    # Bytes, so that −0 and 0 differ and NaN equals itself.
    differing = np.count_nonzero(
        np.frombuffer(a.tobytes(), np.uint8) != np.frombuffer(b.tobytes(), np.uint8)
    )
    if differing:
        sys.exit(f"{what} differ in {differing} bytes")


if __name__ == "__main__":
    commands = {"row": row, "pixels": pixels, "rounded": rounded, "losses": losses}
    if len(sys.argv) < 2 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    commands[sys.argv[1]](*sys.argv[2:])
