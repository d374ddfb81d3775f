"""Writes crates/core/tests/golden/generator.json: what PyTorch's CPU generator gives, bit by bit.

    pip install torch==2.15.0 diffusers==0.42.1
    python tools/golden/generator.py crates/core/tests/golden/generator.json

Needs x86-64 with AVX2 or AVX-512: elsewhere PyTorch's float32 normals have other last bits. Each
value is written as its bits in hexadecimal, 8 digits of float32 and 16 of float64, the values of a
tensor one after the other in row-major order.
"""

import json
import sys

import diffusers
import torch
from diffusers.utils.torch_utils import randn_tensor

COMMAND = "python tools/golden/generator.py crates/core/tests/golden/generator.json"

SEEDS = [0, 1, 42, 2**32 + 5, 2**63, 2**64 - 1]

DTYPES = {"f32": (torch.float32, torch.int32, 4), "f64": (torch.float64, torch.int64, 8)}

# Every length of the scalar path, of one block with a tail and of two; a generator each.
LENGTHS = {
    "f32": {0: [*range(1, 41), 192, 768, 1000, 3072], 2**32 + 5: [*range(1, 41), 192]},
    "f64": {0: [*range(1, 34), 100], 2**63: [1, 15, 16, 17, 48]},
}

# Calls to one generator, one after the other: a normal is kept across calls, types and blocks.
SEQUENCES = [
    ["normal f32 3", "normal f32 3", "normal f32 16", "normal f32 1", "uniform f32 2"],
    ["normal f32 1", "normal f64 16", "normal f64 1", "normal f32 40", "uniform f64 2"],
    ["normal f64 5", "uniform f32 1", "normal f32 2", "normal f64 23", "normal f64 15"],
    ["uniform f64 8", "uniform f32 8", "normal f32 15", "normal f32 17", "normal f64 1"],
]

# Two draws each: as many seeds as rows, or one for all rows.
BATCHES = [
    ("f32", [0, 1], [2, 3, 8, 8]),
    ("f32", [2**32 + 5], [2, 3, 8, 8]),
    ("f32", [3, 2**63, 42], [3, 3, 3, 2]),
    ("f32", [7], [3, 1, 5, 7]),
    ("f32", [5, 4], [2, 1, 1, 3]),
    ("f32", [5], [2, 1, 1, 3]),
    ("f64", [0, 1], [2, 1, 5, 5]),
    ("f64", [9], [3, 1, 3, 2]),
]


def generator(seed):
    # PyTorch takes a seed of 64 bits with or without sign.
    return torch.Generator("cpu").manual_seed(seed)


def hexadecimal(tensor, dtype):
    _, integer, size = DTYPES[dtype]
    words = tensor.contiguous().view(integer).flatten().tolist()
    return "".join(f"{word % 2 ** (8 * size):0{2 * size}x}" for word in words)


def call(text, source):
    kind, dtype, count = text.split()
    draw = {"normal": torch.randn, "uniform": torch.rand}[kind]
    return hexadecimal(draw(int(count), generator=source, dtype=DTYPES[dtype][0]), dtype)


def lengths():
    for dtype, seeds in LENGTHS.items():
        for seed, counts in seeds.items():
            for count in counts:
                yield [seed, [f"normal {dtype} {count}"]]


def sequence(seed, calls):
    source = generator(seed)
    return {"seed": seed, "calls": [[text, call(text, source)] for text in calls]}


def batch(dtype, seeds, shape):
    sources = [generator(seed) for seed in seeds]
    draw = lambda: randn_tensor(tuple(shape), generator=sources, dtype=DTYPES[dtype][0])
    draws = [hexadecimal(draw(), dtype) for _ in range(2)]
    return {"dtype": dtype, "seeds": seeds, "shape": shape, "draws": draws}


def main(path):
    capability = torch.backends.cpu.get_cpu_capability()
    if capability not in ("AVX2", "AVX512"):
        sys.exit(f"error: PyTorch uses {capability} here; AVX2 or AVX512 is needed")
    head = {
        "source": "torch.randn, torch.rand, randn_tensor",
        "versions": {"diffusers": diffusers.__version__, "torch": torch.__version__},
        "capability": capability,
        "command": COMMAND,
    }
    calls = [*lengths(), *([seed, calls] for seed in SEEDS for calls in SEQUENCES)]
    lists = {
        "sequences": [sequence(seed, texts) for seed, texts in calls],
        "batches": [batch(*case) for case in BATCHES],
    }
    with open(path, "w") as file:
        file.write(json.dumps(head)[:-1])
        for name, cases in lists.items():
            lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
            file.write(f',\n"{name}":[\n{lines}\n]')
        file.write("}\n")


if __name__ == "__main__":
    main(sys.argv[1])
