"""What 22-evaluation.sh measures with: the definitions of the papers in NumPy, in f64.

    evaluation.py real OUT.npy                       every second of the digits, in model space
    evaluation.py compare REAL DRAWN REPORT.json     differences between a report and the definitions
    evaluation.py large OUT.npz COUNT                random pictures of 32 x 32 in colour, as ADM keeps them
"""

import json
import sys

import numpy as np


def real(path):
    from sklearn.datasets import load_digits

    pictures = (load_digits().images[::2] / 8 - 1).astype(np.float32)
    np.save(path, pictures[:, None])


def frechet(a, b):
    """Dowson and Landau 1982; the root by eigenvalues of symmetric matrices."""
    ca, cb = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    values, vectors = np.linalg.eigh(ca)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    cross = np.sqrt(np.linalg.eigvalsh(root @ cb @ root).clip(0)).sum()
    return ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(ca) + np.trace(cb) - 2 * cross


def distances(a, b):
    return np.sqrt(((a[:, None] - b[None]) ** 2).sum(2))


def manifold(real, drawn, k):
    """Kynkäänniemi et al. 2019, Naeem et al. 2020."""
    def radii(rows):
        return np.sort(distances(rows, rows), axis=1)[:, k]  # the first is the row itself

    across = distances(drawn, real)
    in_real = across <= radii(real)[None]
    return {
        "precision": in_real.any(1).mean(),
        "recall": (across <= radii(drawn)[:, None]).any(0).mean(),
        "density": in_real.sum(1).mean() / k,
        "coverage": (across.min(0) <= radii(real)).mean(),
    }


def two_sample(real, drawn):
    """Leave-one-out accuracy of a nearest neighbour, of both sets alike; ties count a half."""
    def recognised(own, other):
        within = distances(own, own)
        np.fill_diagonal(within, np.inf)
        within, across = within.min(1), distances(own, other).min(1)
        return np.where(within < across, 1.0, np.where(within == across, 0.5, 0.0)).mean()

    return (recognised(real, drawn) + recognised(drawn, real)) / 2


def compare(real_path, drawn_path, report_path):
    real, drawn = (np.load(path).astype(np.float64) for path in (real_path, drawn_path))
    real, drawn = real.reshape(len(real), -1), drawn.reshape(len(drawn), -1)
    measures = {measure["name"]: measure["value"] for measure in json.load(open(report_path))["measures"]}
    assert len(real) == len(drawn), "with as many rows as samples all real ones are compared"
    near = real
    expected = {
        "frechet_distance": frechet(real, drawn),
        **manifold(near, drawn, 5),
        "two_sample_accuracy": two_sample(near, drawn),
    }
    for name, value in expected.items():
        print(name, f"{abs(measures[name] - value) / max(abs(value), 1e-9):.3g}")


def large(path, count):
    rng = np.random.default_rng(int(count))
    np.savez(path, arr_0=rng.integers(0, 256, size=(int(count), 32, 32, 3), dtype=np.uint8))


if __name__ == "__main__":
    {"real": real, "compare": compare, "large": large}[sys.argv[1]](*sys.argv[2:])
