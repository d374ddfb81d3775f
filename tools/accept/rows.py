"""Measures of points and tables, for the acceptance runs.

    python rows.py sliced X.npy FRESH.npy…     multiple, distance of X to fresh sets, between those
    python rows.py heaps X.npy                 largest deviation of a heap's share from 1/8, in percent
    python rows.py north X.npy                 share of the points nearest to the northern heap, percent
    python rows.py diabetes TRAIN.csv HELD.csv writes scikit-learn's diabetes, four fifths and the rest
    python rows.py compare TRAIN.csv HELD.csv SAMPLES.csv
    python rows.py kinds DATA.csv SAMPLES.csv  fails unless integers and few-valued columns stay so
"""

import itertools
import sys

import numpy as np


def sliced_distance(a, b, directions=500):
    """Sliced 2-Wasserstein distance of two sets of as many points, over fixed random directions."""
    angles = np.random.default_rng(0).uniform(0, np.pi, directions)
    axes = np.stack([np.cos(angles), np.sin(angles)])
    a, b = (np.sort(points @ axes, axis=0) for points in (a, b))
    return np.sqrt(((a - b) ** 2).mean())


def sliced(samples, *fresh):
    samples = np.load(samples).astype(np.float64)
    fresh = [np.load(path).astype(np.float64) for path in fresh]
    away = np.mean([sliced_distance(samples, other) for other in fresh])
    apart = np.mean([sliced_distance(a, b) for a, b in itertools.combinations(fresh, 2)])
    print(f"{away / apart:.3f} {away:.4f} {apart:.4f}")


def heap(points):
    """The heap of eight on a circle that each point is nearest to, 0 in the east, 2 in the north."""
    return np.round(np.arctan2(points[:, 1], points[:, 0]) / (np.pi / 4)).astype(int) % 8


def heaps(samples):
    shares = np.bincount(heap(np.load(samples)), minlength=8) / len(np.load(samples))
    print(f"{100 * np.abs(8 * shares - 1).max():.1f}")


def north(samples):
    print(f"{100 * (heap(np.load(samples)) == 2).mean():.1f}")


def diabetes(train, held):
    from sklearn.datasets import load_diabetes

    data = load_diabetes(scaled=False)
    table = np.column_stack([data.data, data.target])
    order = np.random.default_rng(0).permutation(len(table))
    cut = len(table) * 4 // 5 + 1
    for path, rows in (train, table[order[:cut]]), (held, table[order[cut:]]):
        with open(path, "w", encoding="utf-8") as file:
            print(*data.feature_names, "target", sep=",", file=file)
            for row in rows:
                print(*(repr(float(value)) for value in row), sep=",", file=file)


def read(path):
    return np.genfromtxt(path, delimiter=",", skip_header=1)


def ks(a, b):
    """The largest difference of two empirical distribution functions, averaged over the columns."""

    def column(a, b):
        values = np.concatenate([a, b])
        below = [np.searchsorted(np.sort(x), values, side="right") / len(x) for x in (a, b)]
        return np.abs(below[0] - below[1]).max()

    return np.mean([column(a[:, i], b[:, i]) for i in range(a.shape[1])])


def correlation(a, b):
    return np.abs(np.corrcoef(a.T) - np.corrcoef(b.T)).max()


def compare(train, held, samples):
    train, held, samples = read(train), read(held), read(samples)
    scale = train.std(axis=0)

    def nearest(rows):
        distances = np.linalg.norm((rows[:, None] - train[None]) / scale, axis=-1)
        return distances.min(axis=1)

    mine, theirs = nearest(samples), nearest(held)
    close = 100 * (mine < np.quantile(theirs, 0.05)).mean()
    figures = [ks(samples, held), ks(train, held), correlation(samples, held)]
    figures += [correlation(train, held), np.median(mine), np.median(theirs)]
    print(*(f"{figure:.4f}" for figure in figures), f"{close:.1f}")


def kinds(data, samples):
    data, samples = read(data), read(samples)
    for i in range(data.shape[1]):
        seen = np.unique(data[:, i])
        if len(seen) <= 2 and not np.isin(samples[:, i], seen).all():
            sys.exit(f"column {i} has values that the data do not have")
        if (seen == np.round(seen)).all() and (samples[:, i] != np.round(samples[:, i])).any():
            sys.exit(f"column {i} is not whole")


if __name__ == "__main__":
    commands = {
        function.__name__: function
        for function in (sliced, heaps, north, diabetes, compare, kinds)
    }
    if len(sys.argv) < 3 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    commands[sys.argv[1]](*sys.argv[2:])
