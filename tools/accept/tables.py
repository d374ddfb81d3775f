"""Tables and their measures, for the acceptance runs.

    python tables.py write FOLDER                 writes the tables that are learned
    python tables.py zeros X.csv                  percent of zeros, numbers below 0, median and 90 % of the rest
    python tables.py words X.csv WORD=PERCENT…    the largest difference of a share, in points
    python tables.py same DATA.csv X.csv          fails unless all words of X are in DATA
    python tables.py column X.csv A=VALUE B       percent of A with just that text; mean and variance of B
    python tables.py kept GIVEN.csv X.csv         fails unless given cells are kept and the others filled
    python tables.py imputed TRAIN.csv TRUTH.csv LACKING.csv FILLED.csv…
                                                  error of their mean, of column means, of 5 neighbours
"""

import csv
import sys
from pathlib import Path

import numpy as np


def save(path, header, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def load(path):
    with open(path, newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    return header, rows


def numbers(path):
    header, rows = load(path)
    return header, np.array([[float(cell or "nan") for cell in row] for row in rows])


def breast(folder, rng):
    from sklearn.datasets import load_breast_cancer

    data = load_breast_cancer()
    names = [name.replace(" ", "_") for name in data.feature_names]
    rows = data.data[rng.permutation(len(data.data))]
    held_out = rows[:113]
    save(folder / "breast.csv", names, rows[113:].tolist())
    save(folder / "truth.csv", names, held_out.tolist())
    lacks = rng.random(held_out.shape) < 0.2
    cells = [["" if lack else value for lack, value in zip(*row)] for row in zip(lacks, held_out.tolist())]
    save(folder / "lacking.csv", names, cells)


def large(folder, rng, rows=32_561):
    """Columns like those of Adult: words that depend on each other, numbers with masses and long tails."""
    sizes = [9, 16, 7, 15, 6, 5, 2, 42]
    hidden = rng.standard_normal((rows, 3))
    words = []
    for size in sizes:
        scores = hidden @ rng.standard_normal((3, size)) + 2 * np.log(1 / np.arange(1, size + 1))
        words.append(np.argmax(scores + rng.gumbel(size=(rows, size)), axis=1))
    age = np.clip(np.round(38 + 13 * hidden[:, 0] + 5 * rng.standard_normal(rows)), 17, 90)
    weight = np.round(np.exp(12 + 0.5 * rng.standard_normal(rows)))
    gain = np.where(rng.random(rows) < 0.92, 0, np.round(np.exp(8.5 + hidden[:, 1])))
    loss = np.where(rng.random(rows) < 0.95, 0, np.round(1900 + 300 * rng.standard_normal(rows)))
    hours = np.where(rng.random(rows) < 0.47, 40, np.clip(np.round(40 + 12 * hidden[:, 2]), 1, 99))
    years = np.clip(np.round(10 + 2.5 * hidden[:, 1]), 1, 16)
    rich = np.where(hidden.sum(axis=1) > 1, "more", "less")
    columns = [f"word{i}" for i in range(8)] + ["age", "weight", "gain", "loss", "hours", "years", "rich"]
    cells = [[f"w{code}" for code in column] for column in words]
    cells += [column.astype(int) for column in (age, weight, gain, loss, hours, years)] + [rich]
    save(folder / "large.csv", columns, zip(*cells))


def write(folder):
    folder, rng = Path(folder), np.random.default_rng(5)
    folder.mkdir(exist_ok=True)
    save(folder / "intheader.csv", [0, 1, 2], np.round(rng.standard_normal((200, 3)), 4).tolist())
    unnamed = np.round(rng.standard_normal((200, 2)), 4).tolist()
    save(folder / "unnamed.csv", ["", "a", "b"], [(i, *row) for i, row in enumerate(unnamed)])
    x = rng.standard_normal((5000, 2))
    save(folder / "pair.csv", ["first", "second"], np.round(np.c_[x[:, 0], x @ [0.8, 0.6]], 5).tolist())
    save(folder / "given.csv", ["first"], [(1.5,)])
    save(folder / "holes.csv", ["first", "second"], [(1.5, ""), ("", -1.0), (0.2, 0.4), ("", "")])
    amount = np.where(rng.random(3000) < 0.6, 0.0, np.exp(rng.standard_normal(3000)))
    save(folder / "zeros.csv", ["amount", "other"], np.round(np.c_[amount, rng.standard_normal(3000)], 4).tolist())
    words = rng.choice(["red", "green", "blue"], 1000, p=[0.6, 0.3, 0.1])
    save(folder / "colours.csv", ["colour", "size"], zip(words, np.round(rng.standard_normal(1000), 3)))
    quoted = rng.choice(['a, "b"', "ä\n语", "plain"], 500)
    save(folder / "quoted.csv", ["word", "size"], zip(quoted, np.round(rng.standard_normal(500), 3)))
    breast(folder, rng)
    large(folder, rng)


def zeros(path):
    x = numbers(path)[1][:, 0]
    rest = x[x > 0]
    print(100 * (x == 0).mean(), (x < 0).sum(), np.median(rest), np.quantile(rest, 0.9))


def words(path, *expected):
    found = [row[0] for row in load(path)[1]]
    expected = dict(pair.split("=") for pair in expected)
    strange = set(found) - set(expected)
    assert not strange, strange
    print(max(abs(100 * found.count(word) / len(found) - float(share)) for word, share in expected.items()))


def same(data, path):
    known, found = ({row[0] for row in load(name)[1]} for name in (data, path))
    assert found == known, (found, known)


def column(path, given, other):
    header, rows = load(path)
    name, text = given.split("=")
    kept = np.mean([row[header.index(name)] == text for row in rows])
    values = np.array([float(row[header.index(other)]) for row in rows])
    print(100 * kept, values.mean(), values.var())


def kept(given, path):
    (header, rows), (names, filled) = load(given), load(path)
    assert header == names and len(rows) == len(filled)
    for row, full in zip(rows, filled):
        assert all(full), full
        assert all(not cell or float(cell) == float(other) for cell, other in zip(row, full)), (row, full)


def imputed(train, truth, lacking, *filled):
    from sklearn.impute import KNNImputer

    train, truth, lacking = (numbers(path)[1] for path in (train, truth, lacking))
    mean, deviation = train.mean(axis=0), train.std(axis=0)
    scaled = lambda rows: (rows - mean) / deviation
    lacks = np.isnan(lacking)
    ours = scaled(np.mean([numbers(path)[1] for path in filled], axis=0))
    neighbours = KNNImputer(n_neighbors=5).fit(scaled(train)).transform(scaled(lacking))
    error = lambda rows: np.sqrt(((rows - scaled(truth))[lacks] ** 2).mean())
    print(*(f"{error(rows):.4f}" for rows in (ours, np.zeros_like(truth), neighbours)))


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
