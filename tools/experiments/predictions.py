"""What should a network predict: the noise, the clean sample, or the velocity?

    python tools/experiments/predictions.py ANCESTRAL [--data digits] [--train-steps 2000] [--seeds 2]
        [--rows 128] [--samples 400] [--few 10] [--many 100]
        [--out target/experiments/predictions] [--figure docs/images/predictions.png]    (matplotlib)

Trains a network for each prediction and seed, with equal numbers of steps. The losses of training
cannot be compared, because each is in the units of its prediction. So the terms of the variational
bound are measured, one for each timestep, without clipping, with the variance fixed-small; there

    KL = 1/2 (SNR(s) - SNR(t)) |x0 - x0_hat|^2

which also gives the error of x0_hat. Also measured: the Frechet distance of samples, with clipping
and without. Prints tables, and writes a figure. Results are kept in --out, and what is there is not
computed again.
"""

import argparse
import csv
import math
from statistics import mean, stdev

from program import Program, measure, shown, table

PREDICTIONS = ["epsilon", "x0", "v"]
COLOURS = {"epsilon": "#1f77b4", "x0": "#d62728", "v": "#2ca02c"}
# Parts of the schedule, by timestep out of 1000.
BANDS = [(1, 10), (10, 50), (50, 200), (200, 500), (500, 800), (800, 950), (950, 1000)]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("program")
    parser.add_argument("--data", default="digits")
    parser.add_argument("--train-steps", type=int, default=2000)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--rows", type=int, default=128)
    parser.add_argument("--samples", type=int, default=400)
    parser.add_argument("--few", type=int, default=10, help="steps of sampling, few")
    parser.add_argument("--many", type=int, default=100, help="steps of sampling, many")
    parser.add_argument("--out", default="target/experiments/predictions")
    parser.add_argument("--figure", default="docs/images/predictions.png")
    return parser.parse_args()


def spread(values):
    """Mean, and its standard error over seeds."""
    return mean(values), stdev(values) / math.sqrt(len(values)) if len(values) > 1 else math.nan


def errors(report):
    """Timestep -> bits of the hop from there, and the mean squared error of x0_hat."""
    found = {}
    hops = report["hops"]
    for hop, to in zip(hops, hops[1:]):
        signal = math.exp(2 * to["lambda"]) - math.exp(2 * hop["lambda"])
        found[int(hop["timestep"])] = hop["bits"], hop["bits"] * 2 * math.log(2) / signal
    return found


def in_bands(curve, which):
    """Sums of bits (0) or means of squared errors (1) over the parts of the schedule."""
    reduced = sum if which == 0 else mean
    return [reduced([curve[t][which] for t in range(*band)]) for band in BANDS]


def measured(program, prediction, seed, given):
    run = program.train(f"{prediction}-{seed}", given.data, "--prediction", prediction,
                        "--seed", seed, "--steps", given.train_steps)
    bound = program.evaluate(f"bound-{run.name}", run, given.data, "--likelihood", "--no-clip",
                             "--variance", "fixed-small", "-n", given.rows)
    distances = {}
    for steps in (given.few, given.many):
        for clip in ("clip", "no-clip"):
            report = program.evaluate(
                f"samples-{run.name}-{steps}-{clip}", run, given.data, f"--{clip}", "--sampler",
                "ddpm", "--steps", steps, "-n", given.samples, "--sets", 1, "--seed", seed)
            distances[steps, clip] = measure(report, "frechet_distance")[0]
    return {"curve": errors(bound), "bits": bound["bits"], "decoder": bound["hops"][-1]["bits"],
            "distances": distances}


def print_tables(found, given):
    ways = [(steps, clip) for steps in (given.few, given.many) for clip in ("clip", "no-clip")]
    rows = []
    for prediction in PREDICTIONS:
        seeds = found[prediction]
        cells = [shown(*spread([one["bits"] for one in seeds])),
                 shown(*spread([one["decoder"] for one in seeds]))]
        cells += [shown(*spread([one["distances"][way] for one in seeds])) for way in ways]
        rows.append([prediction, *cells])
    table(["prediction", "bits per dimension", "of these the last hop",
           *(f"Frechet, {steps} steps, {clip}" for steps, clip in ways)], rows)
    for title, which, digits in (("bits", 0, 4), ("RMS error of x0", 1, 4)):
        rows = []
        for prediction in PREDICTIONS:
            seeds = [in_bands(one["curve"], which) for one in found[prediction]]
            if which == 1:
                seeds = [[math.sqrt(value) for value in one] for one in seeds]
            rows.append([prediction, *(shown(*spread(band), digits) for band in zip(*seeds))])
        table([title, *(f"t {low} to {high - 1}" for low, high in BANDS)], rows)


def smooth(values, width=15):
    """The running mean."""
    half = width // 2
    windows = (values[max(0, i - half):i + half + 1] for i in range(len(values)))
    return [mean(window) for window in windows]


def draw(found, given):
    from matplotlib import pyplot

    figure, (absolute, relative) = pyplot.subplots(1, 2, figsize=(11, 4.3))
    curves = {}
    for prediction in PREDICTIONS:
        seeds = [one["curve"] for one in found[prediction]]
        timesteps = sorted(seeds[0])
        curves[prediction] = [mean([seed[t][1] for seed in seeds]) for t in timesteps]
    for prediction in PREDICTIONS:
        style = {"label": prediction, "color": COLOURS[prediction]}
        absolute.plot(timesteps, [math.sqrt(v) for v in curves[prediction]], **style)
        ratio = [a / b for a, b in zip(smooth(curves[prediction]), smooth(curves["v"]))]
        relative.plot(timesteps, ratio, **style)
    absolute.set(yscale="log", xlabel="timestep t", ylabel="RMS error of x0",
                 title="error of the clean estimate")
    relative.set(yscale="log", xlabel="timestep t", ylabel="squared error, v = 1",
                 title="relative to v (running mean of 15)")
    for axis in (absolute, relative):
        axis.grid(alpha=0.3, which="both")
        axis.legend()
    figure.tight_layout()
    figure.savefig(given.figure, dpi=110)


def write_csv(found, program):
    with open(program.folder / "curves.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["prediction", "seed", "timestep", "bits", "squared error of x0"])
        for prediction, seeds in found.items():
            for seed, one in enumerate(seeds):
                for t, (bits, square) in sorted(one["curve"].items()):
                    writer.writerow([prediction, seed, t, bits, square])


def main():
    given = arguments()
    program = Program(given.program, given.out)
    found = {prediction: [] for prediction in PREDICTIONS}
    for seed in range(given.seeds):
        for prediction in PREDICTIONS:
            found[prediction].append(measured(program, prediction, seed, given))
    print_tables(found, given)
    write_csv(found, program)
    draw(found, given)


if __name__ == "__main__":
    main()
