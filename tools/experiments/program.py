"""Calls of the program whose results are kept, so that an interrupted experiment continues."""

import json
import math
import subprocess
from pathlib import Path


class Program:
    """The program, and the folder of its runs and results."""

    def __init__(self, path, folder):
        self.path, self.folder = Path(path).resolve(), Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)

    def train(self, name, data, *options):
        """A trained model; one that is there already is not trained again."""
        run = self.folder / name
        if not (run / "model_index.json").exists():
            self._call("train", data, "-o", run, "--force", "--preview-every", 0, *options)
        return run

    def calibrate(self, run, data):
        """Measures the optimal variance of a model, once."""
        about = run / "ancestral.json"
        if not about.exists() or "calibration" not in json.loads(about.read_text()):
            self._call("calibrate", run, data)

    def evaluate(self, name, run, data, *options):
        """The report of `eval --json`, kept as NAME.json."""
        kept = self.folder / f"{name}.json"
        if not kept.exists():
            text = self._call("eval", run, data, "--json", *options)
            partial = kept.with_suffix(".partial")
            partial.write_text(text)
            partial.rename(kept)
        return json.loads(kept.read_text())

    def _call(self, *arguments):
        command = [str(part) for part in (self.path, *arguments, "--quiet")]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise SystemExit(f"failed with exit code {done.returncode}: {' '.join(command)}")
        return done.stdout


def measure(report, name):
    """Value and standard error of a measure of samples."""
    found = next(measure for measure in report["measures"] if measure["name"] == name)
    return found["value"], found["standard_error"]


def shown(value, error, digits=3):
    """A mean and its error, which a single value lacks."""
    if math.isnan(error):
        return f"{value:.{digits}f}"
    return f"{value:.{digits}f} ± {error:.{digits}f}"


def table(head, rows):
    """Prints a Markdown table."""
    for cells in (head, ["---"] * len(head), *rows):
        print("| " + " | ".join(str(cell) for cell in cells) + " |")
    print()
