"""Does the variance of the reverse process matter, and at how many steps?

    python tools/experiments/variances.py ANCESTRAL [--data digits] [--train-steps 2000]
        [--grid 1000 250 100 50 25 10] [--rows 128] [--samples 400] [--sets 2] [--bf16]
        [--out target/experiments/variances] [--figure docs/images/variances.png]    (matplotlib)

Trains two networks with equal numbers of steps: one with a fixed variance, one that learns it
(`learned-range`). Measures for each variance and number of steps the variational bound, on rows of the
training data with the same noise, and the Frechet distance of samples to the data. Prints three tables
and writes a figure. With --bf16, samples are drawn in bf16, which needs a CPU with AMX. Results are kept
in --out, and what is there is not computed again.

The bound is measured for all variances with both networks: a learned variance can only be compared with
fixed ones in the same network.
"""

import argparse

from program import Program, measure, shown, table

FIXED = ["fixed-small", "fixed-large", "optimal"]
COLOURS = {"fixed-small": "#1f77b4", "fixed-large": "#d62728", "optimal": "#2ca02c",
           "learned-range": "#000000"}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("program")
    parser.add_argument("--data", default="digits")
    parser.add_argument("--train-steps", type=int, default=2000)
    parser.add_argument("--grid", type=int, nargs="+", default=[1000, 250, 100, 50, 25, 10])
    parser.add_argument("--rows", type=int, default=128)
    parser.add_argument("--samples", type=int, default=400)
    parser.add_argument("--sets", type=int, default=2)
    parser.add_argument("--bf16", action="store_true")
    parser.add_argument("--out", default="target/experiments/variances")
    parser.add_argument("--figure", default="docs/images/variances.png")
    return parser.parse_args()


def bounds(program, run, variances, given):
    """(variance, steps) -> bits per dimension and their standard error."""
    found = {}
    for variance in variances:
        for steps in given.grid:
            options = ["--likelihood", "--steps", steps, "--variance", variance, "-n", given.rows]
            name = f"bound-{run.name}-{variance}-{steps}"
            report = program.evaluate(name, run, given.data, *options)
            found[variance, steps] = report["bits"], report["standard_error"]
    return found


def distances(program, run, variances, given):
    """(variance, steps) -> Frechet distance and its standard error over sets."""
    precision = ["--precision", "bf16"] if given.bf16 else []
    found = {}
    for steps in reversed(given.grid):
        for variance in variances:
            options = ["--steps", steps, "--variance", variance, "-n", given.samples,
                       "--sets", given.sets, "--sampler", "ddpm", *precision]
            name = f"samples-{run.name}-{variance}-{steps}"
            report = program.evaluate(name, run, given.data, *options)
            found[variance, steps] = measure(report, "frechet_distance")
    return found


def printed(title, found, variances, given):
    print(f"{title}\n")
    rows = [[f"`{variance}`", *(shown(*found[variance, steps]) for steps in given.grid)]
            for variance in variances]
    table(["variance", *(f"{steps} steps" for steps in given.grid)], rows)


def draw(panels, given):
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(panels), figsize=(4.6 * len(panels), 4.2))
    for axis, (title, label, found, variances) in zip(axes, panels):
        for variance in variances:
            steps = sorted(n for name, n in found if name == variance)
            values, errors = zip(*(found[variance, n] for n in steps))
            axis.errorbar(steps, values, errors, marker="o", markersize=4, capsize=3,
                          label=variance, color=COLOURS[variance])
        axis.set(xscale="log", xlabel="steps", ylabel=label, title=title)
        axis.set_xticks(sorted(given.grid), [str(n) for n in sorted(given.grid)])
        axis.minorticks_off()
        axis.grid(alpha=0.3)
        axis.legend(fontsize=9)
    figure.tight_layout()
    figure.savefig(given.figure, dpi=110)


def main():
    given = arguments()
    program = Program(given.program, given.out)
    steps = ["--steps", given.train_steps]
    fixed = program.train("fixed", given.data, *steps)
    learned = program.train("learned", given.data, *steps, "--variance", "learned-range")
    for run in (fixed, learned):
        program.calibrate(run, given.data)
    every = [*FIXED, "learned-range"]
    of_fixed = bounds(program, fixed, FIXED, given)
    of_learned = bounds(program, learned, every, given)
    printed("Bits per dimension, network trained with a fixed variance", of_fixed, FIXED, given)
    printed("Bits per dimension, network with a learned variance", of_learned, every, given)
    found = distances(program, fixed, FIXED, given)
    found |= distances(program, learned, ["learned-range"], given)
    printed("Frechet distance of samples", found, every, given)
    draw([("network with a fixed variance", "bits per dimension (bound)", of_fixed, FIXED),
          ("network with a learned variance", "bits per dimension (bound)", of_learned, every),
          ("samples", "Fréchet distance", found, every)], given)


if __name__ == "__main__":
    main()
