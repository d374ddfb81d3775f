"""Writes crates/core/tests/golden/samplers.json: whole runs of diffusers' other schedulers.

    pip install torch==2.15.0 diffusers==0.42.1
    python tools/golden/samplers.py crates/core/tests/golden/samplers.json

Each case names one of our samplers, diffusers' class and config, the noise levels k = sigma/alpha
that diffusers visits, and y = x/alpha at the end of every hop between two of them. The network is a
formula of y and k, the noise one of the number of the draw; both stand at the head of the file. The
levels of diffusers are made float64 before the run, so that nothing but the float32 to which some classes
cast a sample is between it and exact arithmetic. Singlestep runs visit levels even in lambda, so
that those between are where the formulas have them. Of order 3 diffusers' singlestep solver differs
from the paper, in the weight of the line through its first two estimates, and is left out.
"""

import json
import math
import sys

import diffusers
import torch
from diffusers.schedulers import (
    scheduling_dpmsolver_multistep,
    scheduling_euler_ancestral_discrete,
    scheduling_k_dpm_2_ancestral_discrete,
)

COMMAND = "python tools/golden/samplers.py crates/core/tests/golden/samplers.json"
START = [-1.5, -0.25, 0.5, 1.75]
NETWORK = "x0[i] = 0.8 tanh(1.3 x[i] + 0.2 lambda + 0.1 i), x = y alpha"
NOISE = "z[i] of draw j = sqrt(2) sin(3 j + 5 i + 1)"

# Ours, diffusers' class and config, and how many hops of its grid one of ours takes.
DPM = {"final_sigmas_type": "zero", "lower_order_final": False}
CASES = [
    ("euler", "EulerDiscreteScheduler", {}, 1),
    ("euler-ancestral", "EulerAncestralDiscreteScheduler", {}, 1),
    ("heun", "HeunDiscreteScheduler", {}, 1),
    ("heun", "HeunDiscreteScheduler", {"use_karras_sigmas": True}, 1),
    ("dpm2", "KDPM2DiscreteScheduler", {}, 1),
    ("dpm2-ancestral", "KDPM2AncestralDiscreteScheduler", {}, 1),
    ("lms", "LMSDiscreteScheduler", {}, 1),
    ("lms", "LMSDiscreteScheduler", {"use_karras_sigmas": True}, 1),
    ("dpmpp-2m", "DPMSolverMultistepScheduler", DPM, 1),
    ("dpmpp-2m", "DPMSolverMultistepScheduler", DPM | {"use_karras_sigmas": True}, 1),
    ("dpmpp-2m:slope=heun", "DPMSolverMultistepScheduler", DPM | {"solver_type": "heun"}, 1),
    (
        "published-3m",
        "DPMSolverMultistepScheduler",
        DPM | {"solver_order": 3, "solver_type": "heun"},
        1,
    ),
    *(
        (
            f"dpmpp-2m-sde:slope={slope}",
            "DPMSolverMultistepScheduler",
            DPM | {"algorithm_type": "sde-dpmsolver++", "solver_type": slope},
            1,
        )
        for slope in ("midpoint", "heun")
    ),
    *(
        (
            f"dpm-solver:order={order},form={form}",
            "DPMSolverSinglestepScheduler",
            {
                "solver_order": order,
                "algorithm_type": {"data": "dpmsolver++", "noise": "dpmsolver"}[form],
                "use_exponential_sigmas": True,
                "lower_order_final": False,
                "final_sigmas_type": "sigma_min",
            },
            order,
        )
        for order in (1, 2)
        for form in ("data", "noise")
    ),
    *(
        (
            f"unipc:order={order},variant={variant},form={form}",
            "UniPCMultistepScheduler",
            {
                "solver_order": order,
                "solver_type": variant,
                "predict_x0": form == "data",
                "lower_order_final": False,
            },
            1,
        )
        for order in (1, 2, 3)
        for variant in ("bh1", "bh2")
        for form in ("data", "noise")
    ),
    *(
        (f"deis:order={n}", "DEISMultistepScheduler", {"solver_order": n, "lower_order_final": False}, 1)
        for n in (1, 2, 3)
    ),
]
STEPS = 12


def network(y, k):
    x = y / math.sqrt(1 + k * k)
    i = torch.arange(len(START), dtype=torch.float64)
    return 0.8 * torch.tanh(1.3 * x - 0.2 * math.log(k) + 0.1 * i)


def use_noise():
    """Puts the noise of the formula where the classes draw theirs."""
    draws = iter(range(1000))

    def draw(*_args, **_kwargs):
        i = torch.arange(len(START), dtype=torch.float64)
        return math.sqrt(2) * torch.sin(3.0 * next(draws) + 5 * i + 1)[None]

    for module in (
        scheduling_dpmsolver_multistep,
        scheduling_euler_ancestral_discrete,
        scheduling_k_dpm_2_ancestral_discrete,
    ):
        module.randn_tensor = draw


def exploding(scheduler):
    """Whether a sample of the scheduler is y = x/alpha."""
    return hasattr(scheduler, "scale_model_input") and type(scheduler).__name__.startswith(
        ("Euler", "Heun", "KDPM2", "LMS")
    )


def level_of_call(scheduler):
    """k at which the network is asked next."""
    index = scheduler.step_index or 0
    if hasattr(scheduler, "sigmas_interpol") and not scheduler.state_in_first_order:
        ancestral = hasattr(scheduler, "sigmas_down")
        return scheduler.sigmas_interpol[index - 1 if ancestral else index].item()
    return scheduler.sigmas[index].item()


def run(class_name, config):
    """k and y at every point where a hop of diffusers starts or ends, but for clean data."""
    use_noise()
    spacing = {"timestep_spacing": "trailing"}
    if class_name == "DPMSolverSinglestepScheduler":
        spacing = {}
    scheduler = getattr(diffusers, class_name)(
        beta_start=1e-4, beta_end=0.02, beta_schedule="linear", **spacing, **config
    )
    scheduler.set_timesteps(STEPS)
    for name in ("sigmas", "sigmas_interpol", "sigmas_up", "sigmas_down"):
        if hasattr(scheduler, name):
            setattr(scheduler, name, getattr(scheduler, name).double())
    y = torch.tensor([START], dtype=torch.float64)
    ks, ys, sample = [], [], None
    for timestep in scheduler.timesteps:
        k = level_of_call(scheduler)
        alpha = 1.0 if exploding(scheduler) else 1 / math.sqrt(1 + k * k)
        if sample is None:
            sample = y * math.sqrt(1 + k * k) * alpha
        y = sample.double() / alpha
        if getattr(scheduler, "state_in_first_order", True) and not (ks and ks[-1] == k):
            ks.append(k)
            ys.append(y[0].tolist())
        if timestep == scheduler.timesteps[-1]:
            break
        epsilon = (y - network(y, k)) / k
        sample = scheduler.step(epsilon, timestep, sample).prev_sample
    return ks, ys


def main(path):
    lines = []
    for sampler, class_name, config, every in CASES:
        ks, ys = run(class_name, config)
        case = {"sampler": sampler, "class": class_name, "config": config}
        case |= {"k": ks[::every], "y": ys[::every]}
        lines.append(json.dumps(case, separators=(",", ":")))
    versions = {"diffusers": diffusers.__version__, "torch": torch.__version__}
    head = {"command": COMMAND, "versions": versions, "network": NETWORK, "noise": NOISE}
    head = json.dumps(head)
    with open(path, "w") as file:
        file.write(head[:-1] + ',\n"cases":[\n' + ",\n".join(lines) + "\n]}\n")


if __name__ == "__main__":
    main(sys.argv[1])
