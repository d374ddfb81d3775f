"""Compares the logs of two trainings.

    python logs.py first A.jsonl B.jsonl         largest relative difference of loss and norm of the
                                                 gradient in the first step
    python logs.py rates A.jsonl B.jsonl FIRST   exits with 1 unless both have the same learning
                                                 rates from step FIRST on, all positive; prints how
                                                 many, and the least
"""

import json
import sys
from pathlib import Path


def read(path):
    return [json.loads(line) for line in Path(path).read_text().splitlines()]


def first(a, b):
    a, b = read(a)[0], read(b)[0]
    names = ["loss", "gradient_norm"]
    print(f"{max(abs(a[name] - b[name]) / abs(b[name]) for name in names):.2e}")


def rates(a, b, first):
    of = lambda path: [
        (line["step"], line["learning_rate"]) for line in read(path) if line["step"] >= int(first)
    ]
    a, b = of(a), of(b)
    if not a or a != b:
        sys.exit(f"the rates differ: {a} and {b}")
    least = min(rate for _, rate in a)
    if not least > 0:
        sys.exit(f"a rate of {least}")
    print(len(a), least)


if __name__ == "__main__":
    commands = {"first": first, "rates": rates}
    if len(sys.argv) < 2 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    commands[sys.argv[1]](*sys.argv[2:])
