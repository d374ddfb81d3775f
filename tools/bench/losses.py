"""Whether training in bf16 ends at the loss of training in f32, within its spread over seeds.

    cargo build --release -p ancestral-cli
    python tools/bench/losses.py target/release/ancestral [STEPS [SEEDS [FOLDER]]]

Trains the network for the built-in digits for STEPS steps (300) from SEEDS seeds (3) in f32 and in
bf16, and takes the mean of the last 50 losses of each run: equal seeds have equal data, noise and
timesteps. Prints both means over the seeds with their spread, and the mean difference of a seed with
its own; fails if the means are further apart than the spread of f32. Runs that are in FOLDER already
are read, not trained again.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

LAST = 50


def loss(binary, folder, precision, seed, steps):
    """The mean of a run's last losses."""
    run = Path(folder) / f"{precision}-{seed}"
    if not (run / "model_index.json").exists():
        flags = ["--steps", steps, "--seed", seed, "--precision", precision, "--preview-every", 0, "-o", run]
        subprocess.run([binary, "train", "digits", "--quiet", *map(str, flags)], check=True)
    lines = (run / "log.jsonl").read_text().splitlines()[-LAST:]
    return statistics.mean(json.loads(line)["loss"] for line in lines)


def main():
    binary, steps, seeds, folder = (sys.argv[1:] + [300, 3, None][len(sys.argv) - 2 :])[:4]
    with tempfile.TemporaryDirectory() as room:
        at = {
            precision: [
                loss(binary, folder or room, precision, seed, int(steps)) for seed in range(1, int(seeds) + 1)
            ]
            for precision in ("f32", "bf16")
        }
    for precision, losses in at.items():
        print(f"{precision}: {statistics.mean(losses):.5f} ± {statistics.stdev(losses):.5f}")
    differences = [b - a for a, b in zip(at["f32"], at["bf16"])]
    print(f"bf16 − f32, seed by seed: {statistics.mean(differences):+.5f} ± {statistics.stdev(differences):.5f}")
    apart = abs(statistics.mean(differences))
    if apart > statistics.stdev(at["f32"]):
        sys.exit("the means are further apart than the spread over seeds")


main()
