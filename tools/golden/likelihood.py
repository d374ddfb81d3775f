"""Writes crates/core/tests/golden/likelihood.json: terms of the variational bound, in bits per dimension.

    pip install numpy==2.4.6
    python tools/golden/likelihood.py crates/core/tests/golden/likelihood.json

The formulas of openai/guided-diffusion (guided_diffusion/gaussian_diffusion.py, losses.py and
respace.py), written anew in float64 on arrays of betas:

- posterior: mean coef1 x0 + coef2 x_t, coef1 = beta sqrt(alpha_bar_prev)/(1 - alpha_bar),
  coef2 = (1 - alpha_bar_prev) sqrt(alpha)/(1 - alpha_bar); variance beta (1 - alpha_bar_prev)/(1 - alpha_bar),
  whose logarithm at step 0 is that of step 1 (posterior_log_variance_clipped);
- learned range: log variance frac log(beta) + (1 - frac) clipped, frac = (v + 1)/2;
- a term: the KL of posterior and model, at step 0 the negative log-likelihood of the bin of x0, both
  averaged over a row and divided by ln 2 (_vb_terms_bpd);
- bins: between x0 - 1/255 and x0 + 1/255, the outer ones open (discretized_gaussian_log_likelihood);
- respacing: beta = 1 - alpha_bar/alpha_bar of the step before, among the steps that are used.

Two things differ. The normal distribution function is exact, where guided-diffusion has an
approximation by tanh, off by up to 2e-4. And fixed-large has beta at step 0 as well, where theirs has
the clipped posterior variance. Noise and network are formulas, at the head of the file.
"""

import json
import math
import sys

import numpy as np

COMMAND = "python tools/golden/likelihood.py crates/core/tests/golden/likelihood.json"
NETWORK = (
    "at timestep t: eps[i] = 0.9 sigma x[i] + 0.1 sin(3 x[i] + 0.01 t), "
    "v[i] = 0.7 sin(2 x[i] + 0.01 t)"
)
NOISE = "element i of row r at hop j: z = sqrt(2) sin(3 j + 5 i + 7 r + 1)"
BYTES = [[0, 255, 37, 128, 200, 64], [12, 250, 127, 90, 3, 181]]
GRIDS = {
    "1000": list(range(999, -1, -1)),
    "respaced": [999, 900, 640, 333, 120, 45, 11, 2],
    "last": [999, 500, 30],
}
KEPT = {"1000": [0, 1, 2, 400, 900, 990, 996, 997, 998, 999]}
BETAS = np.linspace(1e-4, 0.02, 1000)


def normal_cdf(x):
    return np.vectorize(lambda value: 0.5 * math.erfc(-value / math.sqrt(2)))(x)


def bins_log_likelihood(x0, mean, log_variance):
    inverse = np.exp(-0.5 * log_variance)
    plus = normal_cdf(inverse * (x0 - mean + 1 / 255))
    minus = normal_cdf(inverse * (x0 - mean - 1 / 255))
    return np.log(np.where(x0 < -0.999, plus, np.where(x0 > 0.999, 1 - minus, plus - minus)))


def normal_kl(mean1, log_variance1, mean2, log_variance2):
    return 0.5 * (
        -1.0
        + log_variance2
        - log_variance1
        + np.exp(log_variance1 - log_variance2)
        + (mean1 - mean2) ** 2 * np.exp(-log_variance2)
    )


def terms(timesteps, variance):
    """The term of each hop, noisiest first, for both rows; and the prior term."""
    alpha_bar_all = np.cumprod(1 - BETAS)
    used = sorted(timesteps)
    alpha_bar = alpha_bar_all[used]
    alpha_bar_prev = np.append(1.0, alpha_bar[:-1])
    betas = 1 - alpha_bar / alpha_bar_prev
    posterior = betas * (1 - alpha_bar_prev) / (1 - alpha_bar)
    clipped = np.log(np.append(posterior[1], posterior[1:]))
    coef1 = betas * np.sqrt(alpha_bar_prev) / (1 - alpha_bar)
    coef2 = (1 - alpha_bar_prev) * np.sqrt(1 - betas) / (1 - alpha_bar)
    x0 = np.array(BYTES) / 127.5 - 1
    rows, elements = np.indices(x0.shape)
    found = []
    for j, t in enumerate(timesteps):
        step = len(timesteps) - 1 - j
        alpha, sigma = np.sqrt(alpha_bar[step]), np.sqrt(1 - alpha_bar[step])
        x_t = alpha * x0 + sigma * math.sqrt(2) * np.sin(3 * j + 5 * elements + 7 * rows + 1)
        eps = 0.9 * sigma * x_t + 0.1 * np.sin(3 * x_t + 0.01 * t)
        v = 0.7 * np.sin(2 * x_t + 0.01 * t)
        log_variance = {
            "fixed-small": clipped[step] + 0 * v,
            "fixed-large": np.log(betas[step]) + 0 * v,
            "learned": v,
            "learned-range": (v + 1) / 2 * np.log(betas[step]) + (1 - v) / 2 * clipped[step],
        }[variance]
        estimate = (x_t - sigma * eps) / alpha
        mean = coef1[step] * estimate + coef2[step] * x_t
        true_mean = coef1[step] * x0 + coef2[step] * x_t
        if step == 0:
            term = -bins_log_likelihood(x0, mean, log_variance)
        else:
            term = normal_kl(true_mean, clipped[step], mean, log_variance)
        found.append((term.mean(axis=1) / math.log(2)).tolist())
    last = alpha_bar[-1]
    prior = normal_kl(math.sqrt(last) * x0, math.log(1 - last), 0.0, 0.0)
    return found, (prior.mean(axis=1) / math.log(2)).tolist()


def main():
    cases = []
    for grid, timesteps in GRIDS.items():
        for variance in ("fixed-small", "fixed-large", "learned", "learned-range"):
            bits, prior = terms(timesteps, variance)
            kept = KEPT.get(grid, list(range(len(timesteps))))
            total = np.sum(bits, axis=0) + prior
            cases.append(
                {
                    "variance": variance,
                    "timesteps": len(timesteps) if grid == "1000" else timesteps,
                    "prior": prior,
                    "hops": {str(index): bits[index] for index in kept},
                    "total": total.tolist(),
                }
            )
    head = {
        "command": COMMAND,
        "numpy": np.__version__,
        "schedule": "linear betas 1e-4 to 0.02, 1000 timesteps",
        "network": NETWORK,
        "noise": NOISE,
        "bytes": BYTES,
    }
    with open(sys.argv[1], "w") as file:
        lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
        file.write(json.dumps(head)[:-1] + ', "cases": [\n' + lines + "\n]}\n")


main()
