"""Opens a model in diffusers, and compares its network's forward pass with a run of ours.

    python opens.py noise X.npy ROWS      ROWS rows of [1, 8, 8] standard normals to start from
    python opens.py opens MODEL           opens every part of the folder; prints the parameters
    python opens.py probe MODEL FOLDER    the same network under a schedule that tells more; below
    python opens.py forward MODEL TRAJECTORY.npy [LABEL]
                                         prints by how much the two forward passes differ at most,
                                         over the largest output, and how many steps tell so

TRAJECTORY.npy: float32 [steps + 1, n, channels, height, width], x_T first, of
`sample --sampler ddim --no-clip --spacing trailing`. LABEL: a number, by default the network's last
one, which means "no label".

How a trajectory tells what the network said
--------------------------------------------
A DDIM hop from t to s is one linear equation in the clean estimate x̂₀:

    x_s = c₀ x̂₀ + c_t x_t,     c₀ = α_s (1 − e^(−h)),   c_t = σ_s/σ_t,   h = λ_s − λ_t
    so  x̂₀ = (x_s − c_t x_t)/c₀,  and the raw output is  a x_t + b x̂₀

with (a, b) = (1/σ_t, −α_t/σ_t) for ε, (α_t/σ_t, −1/σ_t) for v, (0, 1) for x₀. Ours computes the
coefficients in f64 and rounds x̂₀ and x_s to f32 once each, so the recovered output is wrong by at
most

    |b| u (|x̂₀| + |x_s|/c₀),     u = 2⁻²⁴

which for ε is about u |x_s|/(α_s (k_t − k_s)), k = σ/α: small where hops are long and x is not
much larger than data and noise are, as it is with a network that has learned hardly anything. The
last hop has s clean: c₀ = 1, c_t = 0, no division at all. So the two forward passes differ by at
most the difference found plus this bound, and that sum is what is printed. Steps whose bound is
more than half the tolerance tell too little, and are left out.

A network that predicts ε on a schedule that ends near pure noise (the cosine: 1/α_T = 20291) has
runs without clipping in which nothing can be told. What a network says of x and t does not depend on
the schedule, though: `probe` writes a folder that says it predicts x₀ (so x̂₀ is the raw output) on
a short linear schedule (α_T = 0.28), and runs of it can be told at every step.
"""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import torch
from diffusers import DDPMPipeline, DDPMScheduler, UNet2DModel
from safetensors import safe_open

TOLERANCE = 1e-5
ROUNDING = 2.0**-24
PLAIN = {"low_cpu_mem_usage": False}  # the default wants one more package, and says so each time


def noise(path, rows):
    z = np.random.default_rng(0).standard_normal((int(rows), 1, 8, 8))
    np.save(path, z.astype(np.float32))


def opens(model):
    main, raw = open_network(model), open_network(model, variant="raw")
    equal = all(torch.equal(a, b) for a, b in zip(main.parameters(), raw.parameters()))
    assert not equal, "the raw weights are the averaged ones"
    scheduler = DDPMScheduler.from_pretrained(Path(model) / "scheduler")
    theirs = scheduler.alphas_cumprod.double().numpy()
    worst = np.abs(theirs / np.exp(log_alpha_bars(model)) - 1).max()
    assert worst < 1e-4, f"alphas_cumprod is off by {worst}"
    pipeline = DDPMPipeline.from_pretrained(model, **PLAIN)
    assert isinstance(pipeline.unet, UNet2DModel) and isinstance(pipeline.scheduler, DDPMScheduler)
    assert dict(pipeline.scheduler.config) == dict(scheduler.config)
    print(sum(p.numel() for p in main.parameters()))


def probe(model, folder):
    shutil.copytree(model, folder)
    path = Path(folder) / "scheduler" / "scheduler_config.json"
    config = scheduler_config(folder) | {
        "prediction_type": "sample",
        "beta_schedule": "linear",
        "beta_start": 1e-4,
        "beta_end": 0.005,
    }
    path.write_text(json.dumps(config))


def open_network(model, variant=None):
    folder = Path(model) / "unet"
    network, info = UNet2DModel.from_pretrained(
        folder, variant=variant, torch_dtype=torch.float32, output_loading_info=True, **PLAIN
    )
    assert not any(info.values()), f"{info}"
    # What the loader does not tell of, the file does.
    name = f"diffusion_pytorch_model.{variant + '.' if variant else ''}safetensors"
    with safe_open(folder / name, "pt") as file:
        ours, theirs = set(file.keys()), set(network.state_dict())
    assert ours == theirs, f"only in ours: {ours - theirs}; only in theirs: {theirs - ours}"
    return network.eval()


def forward(model, trajectory, label=None):
    xs = np.load(trajectory).astype(np.float64)  # [steps + 1, n, channels, height, width]
    network, config = open_network(model), scheduler_config(model)
    hops = list(trailing_hops(model, len(xs) - 1))
    worst, counted = 0.0, 0
    for (t, level, to), x, x_to in zip(hops, xs, xs[1:]):
        theirs = predict(network, x, t, label)
        ours, bound = recovered(config["prediction_type"], level, to, x, x_to)
        largest = np.abs(theirs).max()
        difference, bound = np.abs(ours - theirs).max() / largest, bound.max() / largest
        counts = bound <= TOLERANCE / 2
        print(
            f"      t {t:4}  difference {difference:.1e}  rounding at most {bound:.1e}"
            + ("" if counts else "  (left out)"),
            file=sys.stderr,
        )
        if counts:
            worst, counted = max(worst, difference + bound), counted + 1
    print(f"{worst:.2e} {counted}")


@torch.no_grad()
def predict(network, x, t, label):
    labels = network.config.num_class_embeds
    if labels is not None:
        label = labels - 1 if label is None else int(label)
        label = torch.full((len(x),), label)
    out = network(torch.from_numpy(x).float(), torch.tensor(t), class_labels=label).sample
    return out.double().numpy()


def recovered(prediction, level, to, x, x_to):
    """The raw output behind a hop from λ = level to λ = to, and how wrong rounding can make it."""
    alpha, sigma, alpha_to, sigma_to = *scales(level), *scales(to)
    c0 = -alpha_to * np.expm1(level - to)
    x0 = (x_to - sigma_to / sigma * x) / c0
    a, b = {
        "epsilon": (1 / sigma, -alpha / sigma),
        "v_prediction": (alpha / sigma, -1 / sigma),
        "sample": (0, 1),
    }[prediction]
    last = np.isinf(to)  # there x_to is x̂₀ itself, rounded once
    bound = abs(b) * ROUNDING * (np.abs(x0) + (0 if last else np.abs(x_to) / c0))
    return a * x + b * x0, bound


def scales(level):
    """α and σ of a half log-SNR."""
    return 1 / np.sqrt(1 + np.exp(-2 * level)), 1 / np.sqrt(1 + np.exp(2 * level))


def trailing_hops(model, steps):
    """(t, λ_t, λ_s) of each hop; the last goes to λ = ∞, clean data."""
    log_alpha_bar = log_alpha_bars(model)
    levels = (log_alpha_bar - np.log(-np.expm1(log_alpha_bar))) / 2  # [T]
    total = len(levels)
    times = np.round(total - np.arange(steps) * total / steps).astype(int) - 1
    ends = [*levels[times[1:]], np.inf]
    return zip(times.tolist(), levels[times], ends)


def log_alpha_bars(model):
    """ln ᾱ of every timestep, in f64 from the config alone."""
    config = scheduler_config(model)
    start, end = config["beta_start"], config["beta_end"]
    total, kind = config["num_train_timesteps"], config["beta_schedule"]
    if config.get("trained_betas") is not None:
        betas = np.array(config["trained_betas"])
    elif kind == "linear":
        betas = np.linspace(start, end, total)
    elif kind == "scaled_linear":
        betas = np.linspace(start**0.5, end**0.5, total) ** 2
    elif kind == "squaredcos_cap_v2":
        curve = np.cos((np.arange(total + 1) / total + 0.008) / 1.008 * np.pi / 2) ** 2
        betas = np.minimum(1 - curve[1:] / curve[:-1], 0.999)
    else:
        sys.exit(f"no betas known for {kind}")
    assert not config.get("rescale_betas_zero_snr"), "no betas known for zero terminal SNR"
    return np.cumsum(np.log1p(-betas))


def scheduler_config(model):
    return json.loads((Path(model) / "scheduler" / "scheduler_config.json").read_text())


if __name__ == "__main__":
    commands = {"noise": noise, "opens": opens, "probe": probe, "forward": forward}
    if len(sys.argv) < 2 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    commands[sys.argv[1]](*sys.argv[2:])
