"""Values of three reference implementations, computed again in float64 with numpy and scipy.

Own code after the definitions in
- pytorch-fid 0.3.0, fid_score.py, calculate_frechet_distance (Heusel et al. 2017, arXiv:1706.08500);
- torch-fidelity 0.3.0, metric_kid.py, polynomial_mmd with degree 3, gamma 1/d, coef0 1
  (Binkowski et al. 2018, arXiv:1801.01401);
- prdc 0.2, prdc.py, compute_prdc (Naeem et al. 2020, arXiv:2002.09797).

    python tools/golden/metrics.py crates/metrics/tests/golden/metrics.json
"""

import json
import sys

import numpy as np
import scipy
from scipy import linalg

ROWS = (
    "value k of a set, in 32-bit integers that wrap: h = 2654435761 k + seed; h ^= h >> 15; "
    "h *= 2246822519; h ^= h >> 13; scale * (h / 2^32 - 0.5) + shift in float64, rounded to float32"
)


def rows(spec):
    k = np.arange(spec["rows"] * spec["row_len"], dtype=np.uint64)
    mask = np.uint64(0xFFFFFFFF)
    h = (k * np.uint64(2654435761) + np.uint64(spec["seed"])) & mask
    h ^= h >> np.uint64(15)
    h = (h * np.uint64(2246822519)) & mask
    h ^= h >> np.uint64(13)
    values = spec["scale"] * (h.astype(np.float64) / 2.0**32 - 0.5) + spec["shift"]
    return values.astype(np.float32).astype(np.float64).reshape(spec["rows"], spec["row_len"])


def frechet(a, b):
    means = a.mean(axis=0) - b.mean(axis=0)
    first, second = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    # pytorch-fid takes sqrtm of the product, which fails for singular ones; this is the same trace.
    left, right = root(first), root(second)
    trace = linalg.svdvals(left @ right).sum()
    if len(a) > a.shape[1] and len(b) > a.shape[1]:
        product = linalg.sqrtm(first @ second)
        assert abs(np.trace(product).real - trace) < 1e-9 * trace
    return means @ means + np.trace(first) + np.trace(second) - 2 * trace


def root(matrix):
    values, vectors = linalg.eigh(matrix)
    return (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T


def polynomial_mmd(x, y):
    def kernel(x, y):
        return (x @ y.T / x.shape[1] + 1) ** 3

    m = len(x)
    xx, yy, xy = kernel(x, x), kernel(y, y), kernel(x, y)
    within = xx.sum() - np.trace(xx) + yy.sum() - np.trace(yy)
    return within / (m * (m - 1)) - 2 * xy.sum() / (m * m)


def distances(x, y):
    return np.sqrt(((x[:, None] - y[None]) ** 2).sum(axis=2))


def prdc(real, drawn, k):
    def radii(x):
        # The nearest of all is the row itself.
        return np.sort(distances(x, x), axis=1)[:, k]

    between = distances(real, drawn)
    of_real, of_drawn = radii(real), radii(drawn)
    return {
        "precision": (between < of_real[:, None]).any(axis=0).mean(),
        "recall": (between < of_drawn[None]).any(axis=1).mean(),
        "density": (between < of_real[:, None]).sum(axis=0).mean() / k,
        "coverage": (between.min(axis=1) < of_real).mean(),
    }


def case(name, real, drawn, neighbours):
    a, b = rows(real), rows(drawn)
    m = min(len(a), len(b))
    return {
        "name": name,
        "real": real,
        "drawn": drawn,
        "frechet": frechet(a, b),
        "kernel": polynomial_mmd(a[:m], b[:m]),
        "prdc": [{"k": k, **prdc(a, b, k)} for k in neighbours],
    }


def spec(rows, row_len, seed, scale, shift):
    return {"rows": rows, "row_len": row_len, "seed": seed, "scale": scale, "shift": shift}


def main():
    cases = [
        case("near", spec(300, 8, 1, 2.0, 0.0), spec(240, 8, 5001, 1.7, 0.1), [3, 5]),
        case("far", spec(90, 5, 2, 1.0, 0.0), spec(120, 5, 7002, 3.0, 0.4), [1, 5]),
        case("features", spec(150, 40, 3, 1.0, 0.5), spec(100, 40, 9003, 1.1, 0.45), [5]),
        case("fewer rows than values", spec(12, 30, 4, 2.0, 0.0), spec(9, 30, 11004, 2.0, 0.2), [3]),
    ]
    head = {
        "command": "python tools/golden/metrics.py crates/metrics/tests/golden/metrics.json",
        "versions": {"numpy": np.__version__, "scipy": scipy.__version__},
        "rows": ROWS,
    }
    with open(sys.argv[1], "w") as file:
        json.dump({**head, "cases": cases}, file, indent=1)
        file.write("\n")


main()
