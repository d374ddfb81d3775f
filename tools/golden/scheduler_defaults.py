"""Writes crates/format/tests/golden/scheduler_defaults.json: the defaults of diffusers' schedulers,
and what it makes of the config of one class for another.

    pip install torch==2.15.0 diffusers==0.42.1
    python tools/golden/scheduler_defaults.py crates/format/tests/golden/scheduler_defaults.json

"defaults" has the config of each class as it is saved when nothing is said. A conversion reads a
config of the class "from" with the keys "set", then makes a scheduler of the class "to" of it;
"config" is what that saves of its own keys, "unset" names the keys that have its defaults.
"""

import inspect
import json
import math
import sys

import diffusers
import torch

COMMAND = (
    "python tools/golden/scheduler_defaults.py crates/format/tests/golden/scheduler_defaults.json"
)

NAMES = [
    "DDPMScheduler",
    "DDIMScheduler",
    "DPMSolverMultistepScheduler",
    "DPMSolverSinglestepScheduler",
    "UniPCMultistepScheduler",
    "DEISMultistepScheduler",
    "EulerDiscreteScheduler",
    "EulerAncestralDiscreteScheduler",
    "HeunDiscreteScheduler",
    "KDPM2DiscreteScheduler",
    "KDPM2AncestralDiscreteScheduler",
    "LMSDiscreteScheduler",
    "PNDMScheduler",
    "LCMScheduler",
]
CLASSES = {name: getattr(diffusers, name) for name in NAMES}

EVERY_SHARED_KEY = {
    "num_train_timesteps": 3,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "trained_betas": [0.1, 0.2, 0.3],
    "clip_sample": False,
    "prediction_type": "v_prediction",
    "thresholding": True,
    "dynamic_thresholding_ratio": 0.9,
    "clip_sample_range": 2.5,
    "sample_max_value": 3.0,
    "timestep_spacing": "trailing",
    "steps_offset": 1,
    "rescale_betas_zero_snr": True,
}

EVERY_SOLVER_KEY = {
    "solver_order": 3,
    "algorithm_type": "dpmsolver++",
    "solver_type": "heun",
    "lower_order_final": False,
    "euler_at_final": True,
    "use_karras_sigmas": True,
    "final_sigmas_type": "sigma_min",
    "lambda_min_clipped": -5.1,
    "timestep_spacing": "trailing",
    "steps_offset": 1,
    "thresholding": True,
}

CONVERSIONS = [
    ("DDPMScheduler", {}, "DDIMScheduler"),
    ("DDPMScheduler", EVERY_SHARED_KEY | {"variance_type": "fixed_large"}, "DDIMScheduler"),
    ("DDPMScheduler", {"timestep_spacing": "leading", "steps_offset": 1}, "DDIMScheduler"),
    ("DDPMScheduler", {"beta_schedule": "squaredcos_cap_v2"}, "DDPMScheduler"),
    ("DDIMScheduler", {}, "DDPMScheduler"),
    ("DDIMScheduler", EVERY_SHARED_KEY | {"set_alpha_to_one": False}, "DDPMScheduler"),
    ("DDIMScheduler", {"set_alpha_to_one": False, "clip_sample": False}, "DDIMScheduler"),
    ("DDPMScheduler", EVERY_SHARED_KEY | {"steps_offset": 0}, "DPMSolverMultistepScheduler"),
    ("DPMSolverMultistepScheduler", EVERY_SOLVER_KEY, "UniPCMultistepScheduler"),
    ("DPMSolverMultistepScheduler", EVERY_SOLVER_KEY, "DPMSolverSinglestepScheduler"),
    ("DPMSolverMultistepScheduler", EVERY_SOLVER_KEY, "DEISMultistepScheduler"),
    ("DEISMultistepScheduler", {"solver_order": 3}, "DPMSolverMultistepScheduler"),
    ("UniPCMultistepScheduler", {"solver_type": "bh1"}, "DPMSolverSinglestepScheduler"),
    ("EulerDiscreteScheduler", {"use_karras_sigmas": True}, "HeunDiscreteScheduler"),
    ("EulerDiscreteScheduler", {}, "EulerAncestralDiscreteScheduler"),
    ("HeunDiscreteScheduler", {"use_beta_sigmas": True}, "KDPM2DiscreteScheduler"),
    ("KDPM2DiscreteScheduler", {"beta_end": 0.02}, "KDPM2AncestralDiscreteScheduler"),
    ("PNDMScheduler", {"skip_prk_steps": True, "steps_offset": 1}, "LMSDiscreteScheduler"),
    ("PNDMScheduler", {"set_alpha_to_one": True}, "DDIMScheduler"),
    ("DDIMScheduler", EVERY_SHARED_KEY, "LCMScheduler"),
]


def saved(scheduler):
    """What the class saves of its own keys; it hands on those of other classes, too."""
    own = inspect.signature(type(scheduler).__init__).parameters
    config = json.loads(scheduler.to_json_string())
    # JSON has no infinity: the key is left out, as it is where we write.
    said = {key: value for key, value in config.items() if value != -math.inf}
    return {key: value for key, value in said.items() if key[0] == "_" or key in own}


def conversion(source, keys, target):
    before = CLASSES[source].from_config({"_class_name": source} | keys)
    after = CLASSES[target].from_config(before.config)
    return {
        "from": source,
        "set": keys,
        "to": target,
        "config": saved(after),
        "unset": sorted(after.config.get("_use_default_values", [])),
    }


def main(path):
    head = {
        "source": list(CLASSES),
        "versions": {"diffusers": diffusers.__version__, "torch": torch.__version__},
        "command": COMMAND,
        "defaults": {name: saved(scheduler()) for name, scheduler in CLASSES.items()},
        "conversions": [conversion(*case) for case in CONVERSIONS],
    }
    with open(path, "w") as file:
        json.dump(head, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main(sys.argv[1])
