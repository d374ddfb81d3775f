"""Measures samples of digits against the real ones.

    python digits.py distance X.npy      Fréchet distance to all 1797 digits
    python digits.py neighbours X.npy    1-NN two-sample accuracy against as many real ones
    python digits.py classes X.npy       share of each class, as a classifier sees it
    python digits.py share X.npy CLASS   share that the classifier calls CLASS
    python digits.py halves              distances between random halves of the real digits

X.npy: float32 [n, 1, 8, 8], paper −1 and ink 1. Values are taken as written, not clipped.
"""

import sys

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.svm import SVC

PIXELS = 64


def read(path):
    x = np.load(path)
    assert x.ndim == 4 and x.shape[1:] == (1, 8, 8), f"{path} has shape {x.shape}"
    assert x.dtype == np.float32 and np.isfinite(x).all(), f"{path} is not finite float32"
    return x.reshape(-1, PIXELS).astype(np.float64)  # [n, 64]


def real():
    digits = load_digits()
    return digits.data / 8 - 1, digits.target  # [1797, 64] in [−1, 1], [1797]


def distance(a, b):
    """|m_a − m_b|² + tr(C_a + C_b − 2 (C_a^½ C_b C_a^½)^½), covariances unbiased, all in f64."""
    cov_a, cov_b = np.cov(a, rowvar=False), np.cov(b, rowvar=False)  # [64, 64]
    values, vectors = np.linalg.eigh(cov_a)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    middle = np.linalg.eigvalsh(root @ cov_b @ root)
    cross = np.sqrt(np.maximum(middle, 0)).sum()
    means = ((a.mean(axis=0) - b.mean(axis=0)) ** 2).sum()
    return means + np.trace(cov_a) + np.trace(cov_b) - 2 * cross


def neighbours(a, b):
    """How often the nearest other of a sample is of its own kind: 0.5 if the kinds are the same.

    Lopez-Paz and Oquab 2017, arXiv:1610.06545, section 3, by leaving one out."""
    both = np.concatenate([a, b])  # [2n, 64]
    square = (both**2).sum(axis=1)
    away = square[:, None] + square[None] - 2 * both @ both.T
    np.fill_diagonal(away, np.inf)
    kind = np.arange(len(both)) < len(a)
    return np.mean(kind[away.argmin(axis=1)] == kind)


def classifier():
    """An RBF support vector machine on pixels of 0 to 16, and its accuracy on held-out fifths."""
    x, y = load_digits(return_X_y=True)
    svm = SVC(gamma=0.001)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    accuracy = cross_val_score(svm, x, y, cv=folds).mean()
    return svm.fit(x, y), accuracy


def called(x):
    svm, accuracy = classifier()
    return svm.predict((x + 1) * 8), accuracy


def main(command, *arguments):
    if command == "distance":
        x = read(arguments[0])
        print(f"{distance(x, real()[0]):.4f}")
    elif command == "neighbours":
        x, order = read(arguments[0]), np.random.default_rng(0).permutation(len(real()[0]))
        print(f"{neighbours(x, real()[0][order[: len(x)]]):.4f}")
    elif command == "classes":
        labels, accuracy = called(read(arguments[0]))
        shares = np.bincount(labels, minlength=10) / len(labels)
        print(f"{accuracy:.4f} {100 * shares.min():.2f}", *(f"{100 * s:.1f}" for s in shares))
    elif command == "share":
        labels, _ = called(read(arguments[0]))
        print(f"{100 * np.mean(labels == int(arguments[1])):.1f}")
    elif command == "halves":
        x = real()[0]
        found = []
        for seed in range(20):
            order = np.random.default_rng(seed).permutation(len(x))
            found.append(distance(x[order[:898]], x[order[898:]]))
        print(f"{np.mean(found):.4f} (20 splits, {min(found):.4f} to {max(found):.4f})")
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(*sys.argv[1:])
