"""What diffusers' other schedulers draw, for 16-diffusers-schedulers.sh.

    schedulers.py model FROM FOLDER CLASS KEY=VALUE …   the model FROM with another scheduler
    schedulers.py draw FOLDER OUT.npy STEPS ROWS SEED LABEL   what diffusers draws with it
    schedulers.py differ OURS.npy THEIRS.npy              the largest difference

Diffusers has no pipeline of a lone U-Net for these classes; the loop here is that of its pipelines
with them: noise of the scheduler's own size, an input that it scales, and one generator for all.
"""

import inspect
import json
import sys

import diffusers
import numpy as np
import torch
from diffusers import DDPMPipeline

torch.set_num_threads(2)


def value(text):
    """A number or a truth value, else the word itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def model(source, folder, name, *settings):
    told = {key: value(text) for key, text in (setting.split("=", 1) for setting in settings)}
    pipeline = DDPMPipeline.from_pretrained(source, local_files_only=True)
    scheduler = getattr(diffusers, name).from_config(pipeline.scheduler.config, **told)
    DDPMPipeline(pipeline.unet, scheduler).save_pretrained(folder)


@torch.no_grad()
def draw(folder, out, steps, rows, seed, label):
    pipeline = DDPMPipeline.from_pretrained(folder, local_files_only=True)
    network, scheduler = pipeline.unet, pipeline.scheduler
    generator = torch.Generator().manual_seed(int(seed))
    size = network.config.sample_size
    shape = (int(rows), network.config.in_channels, *((size, size) if isinstance(size, int) else size))
    scheduler.set_timesteps(int(steps))
    x = torch.randn(shape, generator=generator) * scheduler.init_noise_sigma
    labels = torch.full((int(rows),), int(label))
    takes_one = "generator" in inspect.signature(scheduler.step).parameters
    options = {"generator": generator} if takes_one else {}
    for t in scheduler.timesteps:
        output = network(scheduler.scale_model_input(x, t), t, class_labels=labels).sample
        x = scheduler.step(output, t, x, **options).prev_sample
    np.save(out, x.numpy())


def differ(ours, theirs):
    ours, theirs = np.load(ours), np.load(theirs)
    print(f"{np.abs(ours - theirs).max():.1e}" if ours.shape == theirs.shape else "shapes")


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    globals()[command](*arguments)
