"""The reverse process of diffusion models: draw from them, train and evaluate them, and look inside.

>>> import ancestral
>>> digits = ancestral.Pipeline.from_pretrained("digits")       # a folder, or the built-in model
>>> digits(batch_size=16, num_inference_steps=50, seed=7).save("digits.png")
"""

from . import exact
from ._ancestral import (
    Grid,
    Plan,
    Schedule,
    Step,
    __version__,
    noise,
    samplers,
    schedules,
    spacings,
)
from ._eval import eval  # noqa: A004  its name in the command line, too
from ._notices import Notice
from ._pipeline import Pipeline, Samples, Steps
from ._sample import sample
from ._scheduler import Scheduler, SchedulerOutput
from ._train import Trained, train

__all__ = [
    "Grid",
    "Notice",
    "Pipeline",
    "Plan",
    "Samples",
    "Schedule",
    "Scheduler",
    "SchedulerOutput",
    "Step",
    "Steps",
    "Trained",
    "__version__",
    "eval",
    "exact",
    "noise",
    "sample",
    "samplers",
    "schedules",
    "spacings",
    "train",
]
