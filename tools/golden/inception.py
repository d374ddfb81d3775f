"""Features of InceptionV3 in PyTorch, with weights by a formula.

The network is pytorch-fid 0.3.0's (inception.py: InceptionV3 with use_fid_inception), written again
with torch's functions; resizing is that of pytorch-fid (torch's bilinear) and of clean-fid 0.1.35
(PIL's bicubic on float planes; scaled by 128).

    python tools/golden/inception.py crates/metrics/tests/golden/inception.json
"""

import json
import sys

import numpy as np
import PIL
import torch
import torch.nn.functional as F
from PIL import Image

FORMULA = (
    "value k of tensor j (names sorted, from 0): h = 2654435761 k + 40503 (j + 1) in 32-bit integers "
    "that wrap; h ^= h >> 15; h *= 2246822519; h ^= h >> 13; u = 2 h / 2^32 - 1; conv.weight: "
    "sqrt(6 / fan_in) u; bn.weight, running_var: 1 + u / 5; others: u / 10; in float64, rounded to "
    "float32. Pictures: u as of j = 1000, j = 1001, ..."
)


def uniform(j, count):
    mask = np.uint64(0xFFFFFFFF)
    h = (np.arange(count, dtype=np.uint64) * np.uint64(2654435761) + np.uint64(40503 * (j + 1))) & mask
    h ^= h >> np.uint64(15)
    h = (h * np.uint64(2246822519)) & mask
    h ^= h >> np.uint64(13)
    return 2 * (h.astype(np.float64) / 2.0**32) - 1


def picture(j, height, width):
    values = uniform(j, 3 * height * width).astype(np.float32)
    return torch.from_numpy(values.reshape(1, 3, height, width))


class Network:
    """Runs once to learn the names and shapes, then with the weights of the formula."""

    def __init__(self):
        self.shapes = {}
        self.weights = None

    def conv(self, x, name, to, size=1, stride=1, padding=0):
        size = (size, size) if isinstance(size, int) else size
        shape = [to, x.shape[1], *size]
        if self.weights is None:
            self.shapes[f"{name}.conv.weight"] = shape
            for part in ["weight", "bias", "running_mean", "running_var"]:
                self.shapes[f"{name}.bn.{part}"] = [to]
            y = F.conv2d(x, torch.zeros(shape), stride=stride, padding=padding)
            return y
        w = self.weights
        x = F.conv2d(x, w[f"{name}.conv.weight"], stride=stride, padding=padding)
        norm = [w[f"{name}.bn.{part}"] for part in ["running_mean", "running_var", "weight", "bias"]]
        return F.relu(F.batch_norm(x, *norm, training=False, eps=0.001))

    def chain(self, x, block, *layers):
        for name, to, *rest in layers:
            x = self.conv(x, f"{block}.branch{name}", to, *rest)
        return x

    def a(self, x, b, pool):
        mean = F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)
        return torch.cat([
            self.chain(x, b, ("1x1", 64)),
            self.chain(x, b, ("5x5_1", 48), ("5x5_2", 64, 5, 1, 2)),
            self.chain(x, b, ("3x3dbl_1", 64), ("3x3dbl_2", 96, 3, 1, 1), ("3x3dbl_3", 96, 3, 1, 1)),
            self.chain(mean, b, ("_pool", pool)),
        ], 1)

    def b(self, x, b):
        return torch.cat([
            self.chain(x, b, ("3x3", 384, 3, 2)),
            self.chain(x, b, ("3x3dbl_1", 64), ("3x3dbl_2", 96, 3, 1, 1), ("3x3dbl_3", 96, 3, 2)),
            F.max_pool2d(x, 3, 2),
        ], 1)

    def c(self, x, b, c):
        flat, tall = ((1, 7), 1, (0, 3)), ((7, 1), 1, (3, 0))
        mean = F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)
        return torch.cat([
            self.chain(x, b, ("1x1", 192)),
            self.chain(x, b, ("7x7_1", c), ("7x7_2", c, *flat), ("7x7_3", 192, *tall)),
            self.chain(x, b, ("7x7dbl_1", c), ("7x7dbl_2", c, *tall), ("7x7dbl_3", c, *flat),
                       ("7x7dbl_4", c, *tall), ("7x7dbl_5", 192, *flat)),
            self.chain(mean, b, ("_pool", 192)),
        ], 1)

    def d(self, x, b):
        flat, tall = ((1, 7), 1, (0, 3)), ((7, 1), 1, (3, 0))
        return torch.cat([
            self.chain(x, b, ("3x3_1", 192), ("3x3_2", 320, 3, 2)),
            self.chain(x, b, ("7x7x3_1", 192), ("7x7x3_2", 192, *flat), ("7x7x3_3", 192, *tall),
                       ("7x7x3_4", 192, 3, 2)),
            F.max_pool2d(x, 3, 2),
        ], 1)

    def e(self, x, b, pooled):
        flat, tall = ((1, 3), 1, (0, 1)), ((3, 1), 1, (1, 0))
        one = self.chain(x, b, ("3x3_1", 384))
        two = self.chain(x, b, ("3x3dbl_1", 448), ("3x3dbl_2", 384, 3, 1, 1))
        return torch.cat([
            self.chain(x, b, ("1x1", 320)),
            self.chain(one, b, ("3x3_2a", 384, *flat)),
            self.chain(one, b, ("3x3_2b", 384, *tall)),
            self.chain(two, b, ("3x3dbl_3a", 384, *flat)),
            self.chain(two, b, ("3x3dbl_3b", 384, *tall)),
            self.chain(pooled, b, ("_pool", 192)),
        ], 1)

    def __call__(self, x):
        x = self.conv(x, "Conv2d_1a_3x3", 32, 3, 2)
        x = self.conv(x, "Conv2d_2a_3x3", 32, 3)
        x = F.max_pool2d(self.conv(x, "Conv2d_2b_3x3", 64, 3, 1, 1), 3, 2)
        x = self.conv(x, "Conv2d_3b_1x1", 80)
        x = F.max_pool2d(self.conv(x, "Conv2d_4a_3x3", 192, 3), 3, 2)
        x = self.a(x, "Mixed_5b", 32)
        x = self.a(x, "Mixed_5c", 64)
        x = self.b(self.a(x, "Mixed_5d", 64), "Mixed_6a")
        for block, channels in [("6b", 128), ("6c", 160), ("6d", 160), ("6e", 192)]:
            x = self.c(x, f"Mixed_{block}", channels)
        x = self.d(x, "Mixed_7a")
        x = self.e(x, "Mixed_7b", F.avg_pool2d(x, 3, 1, 1, count_include_pad=False))
        x = self.e(x, "Mixed_7c", F.max_pool2d(x, 3, 1, 1))
        return x.mean(dim=(2, 3))

    def fill(self):
        self.weights = {}
        for j, (name, shape) in enumerate(sorted(self.shapes.items())):
            u = uniform(j, int(np.prod(shape)))
            if name.endswith("conv.weight"):
                values = np.sqrt(6 / np.prod(shape[1:])) * u
            elif name.endswith("bn.weight") or name.endswith("running_var"):
                values = 1 + u / 5
            else:
                values = u / 10
            self.weights[name] = torch.from_numpy(values.astype(np.float32).reshape(shape))


def clean(x):
    planes = [Image.fromarray(plane.numpy(), mode="F") for plane in x[0]]
    planes = [np.asarray(plane.resize((299, 299), Image.BICUBIC)) for plane in planes]
    # In bytes this is (byte - 128) / 128.
    return (127.5 * torch.from_numpy(np.stack(planes))[None] - 0.5) / 128


def pytorch(x):
    return F.interpolate(x, size=(299, 299), mode="bilinear", align_corners=False)


def numbers(x):
    return [float(np.float32(value)) for value in x.flatten().tolist()]


def main():
    torch.set_num_threads(1)
    network = Network()
    size = [107, 83]
    x = picture(1000, *size)
    network(x)
    network.fill()
    resized = []
    for j, (height, width) in enumerate([(32, 40), (330, 310)]):
        small = picture(1001 + j, height, width)
        places = [(c, y, z) for c in range(3) for y in (0, 1, 150, 298) for z in (0, 77, 297, 298)]
        entry = {"picture": 1001 + j, "size": [height, width], "places": places}
        for name, of in [("clean", clean), ("pytorch", pytorch)]:
            found = of(small)[0]
            entry[name] = [float(found[place]) for place in places]
        resized.append(entry)
    head = {
        "command": "python tools/golden/inception.py crates/metrics/tests/golden/inception.json",
        "versions": {"numpy": np.__version__, "pillow": PIL.__version__, "torch": torch.__version__},
        "formula": FORMULA,
        "shapes": dict(sorted(network.shapes.items())),
        "size": size,
        "features": numbers(network(x)),
        "resized": resized,
    }
    with open(sys.argv[1], "w") as file:
        json.dump(head, file, separators=(",", ":"))
        file.write("\n")


main()
