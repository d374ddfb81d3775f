"""The wheel beside PyTorch and diffusers.

    python python.py classes MODEL           a line a class of diffusers' schedulers: its name, by how much
                                             our run of it over the network in PyTorch differs at most from
                                             diffusers', and the same of our own sampler for it; relative to
                                             the largest value, or to 1
    python python.py own MODEL               the same of our own samplers in settings where `inspect` finds
                                             that diffusers does the same
    python python.py speed MODEL PROGRAM     seconds of 8 pictures in 20 steps, with all that a process of
                                             its own takes: from Python, by the program; and of the call of a
                                             pipeline of diffusers
"""

import subprocess
import sys
import tempfile
import time
import warnings

import ancestral
import diffusers
import numpy as np
import torch

warnings.simplefilter("ignore")

CLASSES = [
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
STEPS = 10
SHAPE = (2, 3, 32, 32)


def opened(model):
    return diffusers.UNet2DModel.from_pretrained(model, subfolder="unet", low_cpu_mem_usage=False).eval()


def as_network(unet):
    def network(x, t):
        with torch.no_grad():
            return unet(torch.from_numpy(x), torch.tensor(t)).sample

    return network


def theirs(unet, scheduler, **options):
    """What the loop of diffusers draws."""
    generator = torch.Generator().manual_seed(0)
    scheduler.set_timesteps(STEPS)
    x = torch.randn(SHAPE, generator=generator) * scheduler.init_noise_sigma
    takes = scheduler.step.__wrapped__ if hasattr(scheduler.step, "__wrapped__") else scheduler.step
    if "generator" in takes.__code__.co_varnames:
        options["generator"] = generator
    for t in scheduler.timesteps:
        with torch.no_grad():
            output = unet(scheduler.scale_model_input(x, t), t).sample
        x = scheduler.step(output, t, x, **options).prev_sample
    return x.numpy()


def ours(unet, scheduler, **options):
    return ancestral.sample(
        as_network(unet),
        SHAPE,
        config=scheduler,
        steps=STEPS,
        generator=torch.Generator().manual_seed(0),
        **options,
    )


def difference(found, expected):
    return np.abs(found - expected).max() / max(1, np.abs(expected).max())


def classes(model):
    unet = opened(model)
    for name in CLASSES:
        scheduler = getattr(diffusers, name)()
        expected = theirs(unet, scheduler)
        compat = difference(ours(unet, scheduler, compat="diffusers"), expected)
        print(name, f"{compat:.2e}", f"{difference(ours(unet, scheduler), expected):.2e}", flush=True)


def own(model):
    unet = opened(model)
    pipeline = ancestral.Pipeline.from_pretrained(model)
    for scheduler, sampler in [
        (diffusers.DDIMScheduler(clip_sample=False, timestep_spacing="trailing"), "ddim"),
        (diffusers.DDPMScheduler(clip_sample=False, timestep_spacing="trailing"), "ddpm"),
        (diffusers.DDPMScheduler(timestep_spacing="trailing"), "ddpm"),
    ]:
        clip = scheduler.config.clip_sample
        plan = pipeline.plan(steps=STEPS, sampler=sampler, spacing="trailing", clip=clip)
        what = f"{type(scheduler).__name__}-{'clipped' if clip else 'unclipped'}"
        if plan.differences():
            print(f"{what}: {plan.differences()}", file=sys.stderr)
            continue
        expected = theirs(unet, scheduler)
        print(what, f"{difference(ours(unet, scheduler, sampler=sampler), expected):.2e}", flush=True)


PROGRAM = """
import sys, ancestral
ancestral.Pipeline.from_pretrained(sys.argv[1])(batch_size=8, num_inference_steps=20).save(sys.argv[2])
"""


def seconds(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def speed(model, program):
    pipeline = diffusers.DDPMPipeline.from_pretrained(model, low_cpu_mem_usage=False)
    pipeline.set_progress_bar_config(disable=True)
    with tempfile.TemporaryDirectory() as folder:
        python = [sys.executable, "-W", "ignore", "-c", PROGRAM, model, f"{folder}/a.npy"]
        command = [program, "sample", model, "-n", "8", "--steps", "20", "--force", "--quiet"]
        command += ["-o", f"{folder}/b.npy"]
        works = [
            lambda: subprocess.run(python, check=True),
            lambda: subprocess.run(command, check=True),
            lambda: pipeline(batch_size=8, num_inference_steps=20, output_type="np"),
        ]
        times = [[seconds(work) for work in works] for _ in range(5)]
        a, b = [np.load(f"{folder}/{name}.npy") for name in "ab"]
        assert (a == b).all(), "other bytes than the command's"
    print(*(f"{min(column):.2f}" for column in zip(*times, strict=True)))


if __name__ == "__main__":
    {"classes": classes, "own": own, "speed": speed}[sys.argv[1]](*sys.argv[2:])
