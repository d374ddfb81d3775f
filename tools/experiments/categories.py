"""Categories of a table: through the Gaussian reverse process as one-hot values, whose error is squared or of which the
network predicts logits; or by the multinomial one?

    python tools/experiments/categories.py FOLDER [NAME ...] [--updates 4000] [--steps 100] [--seeds 3]
        (the Python of tools/bench/tables.py, and a FOLDER that its `data` has filled)

Everything else is equal: a perceptron, AdamW, the cosine schedule of 1000 timesteps, which gives both
processes the same alpha_bar, batches, numbers of updates and of steps, and the columns of numbers, which are
normal scores and go through the Gaussian process with v predicted in every case.

gaussian: one-hot values are +-1, v is predicted, and the largest wins.
logits: one-hot values s (x - p) of K states of shares p, with as much variance in all as log2 K numbers; the network
predicts logits, the estimate of x_0 is the mean over the states, and the loss is their cross-entropy (Dieleman et al.
2022, arXiv:2211.15089).
multinomial (Hoogeboom et al. 2021, arXiv:2102.05379):

    q(x_t | x_0)      = alpha_bar_t x_0 + (1 - alpha_bar_t) / K
    q(x_s | x_t, x_0) ~ [alpha_t|s x_t + (1 - alpha_t|s) / K] [alpha_bar_s x_0 + (1 - alpha_bar_s) / K]

where the network predicts x_0 as logits, and its loss is the divergence of the two q(x_s | x_t, .), of one timestep to
the one before, over the number of these columns beside the squared error of the numbers, as in TabDDPM
(Kotelnikov et al. 2023, arXiv:2209.15421). The samples of the reverse process are drawn from the mean of
q(x_s | x_t, x_0) over the predicted x_0.

Prints, for each table and process, means and standard errors over the seeds of sdmetrics' QualityReport (1 is
best) and of how well a random forest tells samples from held-out rows (0.5 is best).
"""

import argparse
import math
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from scipy.special import ndtri
from torch import nn

sys.path.insert(0, str(Path(__file__).parents[1] / "bench"))
import tables  # noqa: E402

TIMESTEPS, WIDTH, BATCH, RATE = 1000, 256, 256, 1e-3


class Coding:
    """Rows as normal scores of their numbers, and as places of their words among all of the column."""

    def __init__(self, rows):
        self.columns = list(rows.columns)
        self.words = {c: sorted(rows[c].unique()) for c in rows if rows[c].dtype == object}
        self.numbers = [c for c in rows if c not in self.words]
        self.sizes = [len(words) for words in self.words.values()]
        self.sorted = {c: np.sort(rows[c].to_numpy(float)) for c in self.numbers}
        self.whole = {c for c in self.numbers if rows[c].dtype.kind == "i"}
        self.shares = [torch.tensor([(rows[c] == w).mean() for w in words]).float() for c, words in self.words.items()]

    def encode(self, rows):
        scores = [self.scores(c, rows[c].to_numpy(float)) for c in self.numbers]
        places = [rows[c].map({w: i for i, w in enumerate(words)}) for c, words in self.words.items()]
        columns = [np.stack(parts, 1) if parts else np.zeros((len(rows), 0)) for parts in (scores, places)]
        return torch.tensor(columns[0], dtype=torch.float32), torch.tensor(columns[1], dtype=torch.int64)

    def scores(self, column, values):
        known = self.sorted[column]
        ranks = (np.searchsorted(known, values, "left") + np.searchsorted(known, values, "right")) / 2
        return ndtri(np.clip(ranks / len(known), 0.5 / len(known), 1 - 0.5 / len(known)))

    def decode(self, scores, places):
        found = {}
        for column, score in zip(self.numbers, scores.numpy().T):
            known = self.sorted[column]
            share = 0.5 * (1 + np.vectorize(math.erf)(score / math.sqrt(2)))
            values = np.quantile(known, np.clip(share, 0, 1))
            found[column] = values.round().astype(int) if column in self.whole else values
        for (column, words), place in zip(self.words.items(), places.numpy().T):
            found[column] = [words[i] for i in place]
        return pd.DataFrame(found)[self.columns]


class Perceptron(nn.Module):
    """Three hidden layers, to each of which the timestep is added; the last layer starts with 0."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.time = nn.Sequential(nn.Linear(64, WIDTH), nn.SiLU(), nn.Linear(WIDTH, WIDTH))
        self.layers = nn.ModuleList([nn.Linear(inputs, WIDTH), nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)])
        self.last = nn.Linear(WIDTH, outputs)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    def forward(self, x, t):
        angles = t[:, None] * torch.exp(-math.log(10_000) * torch.arange(32) / 32)
        time = self.time(torch.cat([angles.sin(), angles.cos()], 1))
        for layer in self.layers:
            x = nn.functional.silu(layer(x) + time)
        return self.last(x)


def cosine():
    """alpha_bar at the timesteps 0 to TIMESTEPS, of which the first has no noise."""
    levels = torch.cos((torch.arange(TIMESTEPS + 1, dtype=torch.float64) / TIMESTEPS + 0.008) / 1.008 * math.pi / 2) ** 2
    betas = (1 - levels[1:] / levels[:-1]).clamp(max=0.999)
    return torch.cat([torch.ones(1, dtype=torch.float64), torch.cumprod(1 - betas, 0)])


LEVELS = cosine().float()


def one_hot(places, sizes):
    return [nn.functional.one_hot(places[:, i], size).float() for i, size in enumerate(sizes)]


def posterior(now, start, level_t, level_s):
    """q(x_s | x_t, x_0) of rows of shares [n, K]; levels are [n, 1]."""
    size, step = now.shape[1], level_t / level_s
    joined = (step * now + (1 - step) / size) * (level_s * start + (1 - level_s) / size)
    return joined / joined.sum(1, keepdim=True)


class Gaussian:
    """All columns through the Gaussian process."""

    def __init__(self, coding):
        self.coding = coding
        self.width = len(coding.numbers) + sum(coding.sizes)

    def network(self):
        return Perceptron(self.width, self.width)

    def rows(self, numbers, places):
        return torch.cat([numbers, *(2 * hot - 1 for hot in one_hot(places, self.coding.sizes))], 1)

    def loss(self, network, numbers, places, t):
        x0 = self.rows(numbers, places)
        noise, level = torch.randn_like(x0), LEVELS[t][:, None]
        v = network(level.sqrt() * x0 + (1 - level).sqrt() * noise, t)
        return ((v - (level.sqrt() * noise - (1 - level).sqrt() * x0)) ** 2).mean()

    def sample(self, network, count, grid):
        x = torch.randn(count, self.width)
        for t, s in zip(grid[:-1], grid[1:]):
            x = ancestral_step(x, network(x, torch.full((count,), t)), t, s)
        numbers, *hot = x.split([len(self.coding.numbers), *self.coding.sizes], 1)
        places = [part.argmax(1) for part in hot]
        return numbers, torch.stack(places, 1)


class Logits(Gaussian):
    """All columns through the Gaussian process; of words the network predicts logits."""

    def __init__(self, coding):
        super().__init__(coding)
        self.parts = [len(coding.numbers), *coding.sizes]
        variances = [(shares * (1 - shares)).sum() for shares in coding.shares]
        self.scales = [math.sqrt(math.ceil(math.log2(k)) / v) for k, v in zip(coding.sizes, variances)]

    def codes(self, states):
        return [s * (state - shares) for s, state, shares in zip(self.scales, states, self.coding.shares)]

    def rows(self, numbers, places):
        return torch.cat([numbers, *self.codes(one_hot(places, self.coding.sizes))], 1)

    def loss(self, network, numbers, places, t):
        x0 = self.rows(numbers, places)
        noise, level = torch.randn_like(x0), LEVELS[t][:, None]
        v, *logits = network(level.sqrt() * x0 + (1 - level).sqrt() * noise, t).split(self.parts, 1)
        true = (level.sqrt() * noise - (1 - level).sqrt() * x0)[:, : self.parts[0]]
        squared = ((v - true) ** 2).mean() if self.parts[0] else 0.0
        crossed = sum(nn.functional.cross_entropy(part, places[:, i]) for i, part in enumerate(logits))
        return squared + crossed / max(len(logits), 1)

    def sample(self, network, count, grid):
        x = torch.randn(count, self.width)
        for t, s in zip(grid[:-1], grid[1:]):
            v, *logits = network(x, torch.full((count,), t)).split(self.parts, 1)
            level = LEVELS[t]
            numbers = level.sqrt() * x[:, : self.parts[0]] - (1 - level).sqrt() * v
            x0 = torch.cat([numbers, *self.codes([part.softmax(1) for part in logits])], 1)
            x = ancestral_step(x, (level.sqrt() * x - x0) / (1 - level).sqrt(), t, s)
        numbers, *codes = x.split(self.parts, 1)
        states = [code / s + shares for code, s, shares in zip(codes, self.scales, self.coding.shares)]
        return numbers, torch.stack([state.argmax(1) for state in states], 1)


class Multinomial:
    """Numbers through the Gaussian process, words through the multinomial one."""

    def __init__(self, coding):
        self.coding, self.count = coding, len(coding.numbers)

    def network(self):
        width = self.count + sum(self.coding.sizes)
        return Perceptron(width, width)

    def split(self, outputs):
        v, *logits = outputs.split([self.count, *self.coding.sizes], 1)
        return v, [part.softmax(1) for part in logits]

    def loss(self, network, numbers, places, t):
        noise, level = torch.randn_like(numbers), LEVELS[t][:, None]
        before = LEVELS[t - 1][:, None]
        start = one_hot(places, self.coding.sizes)
        now = [draw(level * hot + (1 - level) / hot.shape[1]) for hot in start]
        x = torch.cat([level.sqrt() * numbers + (1 - level).sqrt() * noise, *now], 1)
        v, guesses = self.split(network(x, t))
        squared = ((v - (level.sqrt() * noise - (1 - level).sqrt() * numbers)) ** 2).mean() if self.count else 0.0
        apart = 0.0
        for hot, x_t, guess in zip(start, now, guesses):
            true = posterior(x_t, hot, level, before)
            found = posterior(x_t, guess, level, before)
            apart += (true * (true.clamp_min(1e-30).log() - found.clamp_min(1e-30).log())).sum(1).mean()
        return squared + apart / max(len(start), 1)

    def sample(self, network, count, grid):
        x = torch.randn(count, self.count)
        now = [draw(torch.full((count, size), 1 / size)) for size in self.coding.sizes]
        for t, s in zip(grid[:-1], grid[1:]):
            v, guesses = self.split(network(torch.cat([x, *now], 1), torch.full((count,), t)))
            x = ancestral_step(x, v, t, s)
            levels = LEVELS[t].reshape(1, 1), LEVELS[s].reshape(1, 1)
            now = [draw(posterior(x_t, guess, *levels)) for x_t, guess in zip(now, guesses)]
        return x, torch.stack([part.argmax(1) for part in now], 1)


def draw(shares):
    return nn.functional.one_hot(torch.multinomial(shares, 1)[:, 0], shares.shape[1]).float()


def ancestral_step(x, v, t, s):
    """The Gaussian hop from t to s with the variance beta."""
    level_t, level_s = LEVELS[t], LEVELS[s]
    x0 = level_t.sqrt() * x - (1 - level_t).sqrt() * v
    step = level_t / level_s
    mean = level_s.sqrt() * (1 - step) / (1 - level_t) * x0 + step.sqrt() * (1 - level_s) / (1 - level_t) * x
    return mean if s == 0 else mean + (1 - step).sqrt() * torch.randn_like(x)


def run(process, rows, given, seed):
    torch.manual_seed(seed)
    numbers, places = process.coding.encode(rows)
    network = process.network()
    average = torch.optim.swa_utils.AveragedModel(
        network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.995)
    )
    optimizer = torch.optim.AdamW(network.parameters(), RATE)
    for update in range(given.updates):
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1, 2 * (1 - update / given.updates))
        chosen = torch.randint(len(rows), (BATCH,))
        t = torch.randint(1, TIMESTEPS + 1, (BATCH,))
        loss = process.loss(network, numbers[chosen], places[chosen], t)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        average.update_parameters(network)
    grid = torch.linspace(TIMESTEPS, 0, given.steps + 1).round().long().tolist()
    with torch.no_grad():
        return process.coding.decode(*process.sample(average.module, min(len(rows), 8000), grid))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", default=["adult"])
    parser.add_argument("--updates", type=int, default=4000)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    from sdmetrics.reports.single_table import QualityReport

    torch.set_num_threads(2)
    print("| table | process | quality | forest |")
    print("|---|---|---|---|")
    for name in given.names:
        rows, held_out = (tables.read(given.folder / f"{name}{part}.csv") for part in ("", ".held-out"))
        # Holes are words of their own, and of numbers the median: all processes have the same.
        for table in (rows, held_out):
            for column in table:
                hole = "" if table[column].dtype == object else rows[column].median()
                table[column] = table[column].fillna(hole)
        coding = Coding(rows)
        for process in (Gaussian(coding), Logits(coding), Multinomial(coding)):
            found = []
            for seed in range(given.seeds):
                drawn = run(process, rows, given, seed)
                report = QualityReport()
                report.generate(rows, drawn, tables.about(rows), verbose=False)
                found.append((report.get_score(), tables.forest(drawn, held_out)))
            means, errors = np.mean(found, 0), np.std(found, 0, ddof=1) / math.sqrt(len(found))
            cells = [f"{mean:.3f} ± {error:.3f}" for mean, error in zip(means, errors)]
            print("|", " | ".join([name, type(process).__name__.lower(), *cells]), "|", flush=True)


if __name__ == "__main__":
    main()
