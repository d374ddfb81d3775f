"""Trains the small network whose features `ancestral eval --features small` compares.

    python tools/features/train.py FASHION EMOJI crates/metrics/src/small/weights.bin

FASHION is a folder with the IDX files of Fashion-MNIST, EMOJI one with the pictures of
emoji-datasource-google (`ancestral train emoji` says where to get it). Needs torch, torchvision is not
needed; Pillow and scikit-learn are. Four convolutions learn three tasks at once: the ten classes of
Fashion-MNIST, the ten digits, and by which quarter turns an emoji is rotated and from which block of
Unicode it comes. Pictures of 28 to 64 pixels are seen, in grey and in colour, so that features mean
something for both. The file holds, in float32 and little-endian, weights [out, in, 3, 3] and biases of
the four convolutions. Last run with torch 2.15, on two cores in about two minutes.
"""

import gzip
import pathlib
import sys

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from sklearn.datasets import load_digits

CHANNELS = [3, 16, 32, 64, 64]
STRIDES = [1, 2, 2, 1]
STEPS = 1200
BATCH = 64
SIZES = [28, 32, 36, 48]


def idx(path):
    data = gzip.open(path).read() if path.suffix == ".gz" else path.read_bytes()
    axes = [int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(data[3])]
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(axes)


def fashion(folder, part):
    files = {path.name.removesuffix(".gz"): path for path in pathlib.Path(folder).iterdir()}
    pictures = idx(files[f"{part}-images-idx3-ubyte"])
    labels = idx(files[f"{part}-labels-idx1-ubyte"])
    return torch.tensor(pictures / 127.5 - 1, dtype=torch.float32)[:, None], torch.tensor(labels).long()


def emoji(folder):
    pictures, blocks = [], []
    for path in sorted(pathlib.Path(folder).glob("*.png")):
        picture = Image.open(path).convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        white.alpha_composite(picture)
        pictures.append(np.asarray(white.convert("RGB").resize((64, 64)), np.float32) / 127.5 - 1)
        blocks.append(int(path.stem.split("-")[0], 16) >> 7)
    names = sorted(set(blocks))
    labels = torch.tensor([names.index(block) for block in blocks])
    return torch.tensor(np.stack(pictures)).permute(0, 3, 1, 2), labels, len(names)


class Network(torch.nn.Module):
    def __init__(self, blocks):
        super().__init__()
        pairs = zip(CHANNELS, CHANNELS[1:], STRIDES)
        self.layers = torch.nn.ModuleList(
            torch.nn.Conv2d(a, b, 3, stride, padding=1) for a, b, stride in pairs
        )
        self.heads = torch.nn.ModuleDict(
            {"fashion": torch.nn.Linear(64, 10), "digits": torch.nn.Linear(64, 10),
             "turns": torch.nn.Linear(64, 4), "blocks": torch.nn.Linear(64, blocks)}
        )

    def features(self, x):
        x = x.expand(-1, 3, -1, -1)
        for layer in self.layers:
            x = F.relu(layer(x))
        return x.mean((2, 3))


def main(fashion_folder, emoji_folder, output):
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(1)
    clothes, clothes_labels = fashion(fashion_folder, "train")
    emojis, emoji_blocks, blocks = emoji(emoji_folder)
    digits = load_digits()
    numbers = torch.tensor(digits.images / 8 - 1, dtype=torch.float32)[:, None]
    number_labels = torch.tensor(digits.target).long()
    network = Network(blocks)
    optimizer = torch.optim.AdamW(network.parameters(), 2e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)

    def some(count):
        return torch.randint(count, (BATCH,), generator=generator)

    for step in range(STEPS):
        size = SIZES[step % len(SIZES)]
        at = some(len(clothes))
        x = F.interpolate(clothes[at], size=size, mode="bilinear") if size != 28 else clothes[at]
        loss = F.cross_entropy(network.heads["fashion"](network.features(x)), clothes_labels[at])
        at = some(len(numbers))
        x = F.interpolate(numbers[at], size=28 if size > 32 else size, mode="bilinear")
        loss = loss + F.cross_entropy(network.heads["digits"](network.features(x)), number_labels[at])
        at, turn = some(len(emojis)), int(torch.randint(4, (1,), generator=generator))
        x = torch.rot90(F.interpolate(emojis[at], size=size, mode="area"), turn, (2, 3))
        found = network.features(x)
        turns = torch.full((BATCH,), turn)
        loss = loss + 0.5 * F.cross_entropy(network.heads["turns"](found), turns)
        loss = loss + 0.5 * F.cross_entropy(network.heads["blocks"](found), emoji_blocks[at])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 200 == 0:
            print(step, round(loss.item(), 3), flush=True)
    with torch.no_grad():
        test, labels = fashion(fashion_folder, "t10k")
        found = torch.cat([network.heads["fashion"](network.features(x)) for x in test.split(500)])
        print("accuracy on Fashion-MNIST:", (found.argmax(1) == labels).float().mean().item())
        parts = [p for layer in network.layers for p in (layer.weight, layer.bias)]
        values = np.concatenate([part.numpy().ravel() for part in parts])
    pathlib.Path(output).write_bytes(values.astype("<f4").tobytes())
    print(len(values), "values")


if __name__ == "__main__":
    main(*sys.argv[1:])
