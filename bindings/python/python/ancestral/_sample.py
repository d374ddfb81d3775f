"""Samples of any network: a function of Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import _ancestral as native  # pyright: ignore[reportPrivateUsage]
from ._notices import warn
from ._scheduler import config_of
from ._seeds import with_seed_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from typing_extensions import Unpack

    from ._types import Drawing, Floats, Generator, Network, Path


def sample(
    network: Network,
    shape: Sequence[int],
    *,
    schedule: str | native.Schedule = "linear",
    prediction: str = "epsilon",
    config: Path | Mapping[str, Any] | Any = None,
    classes: int | None = None,
    predicts_variance: bool = False,
    callback: Callable[[native.Step], object] | None = None,
    generator: Generator | None = None,
    **settings: Unpack[Drawing],
) -> Floats:
    """Draw samples of `shape`, of which the first is their number, with a network of your own.

    `network(x, t)` gets rows as an array and their timestep, and returns what it predicts as an array
    or a tensor; with `classes`, so many labels, it is called `network(x, t, labels)`. `schedule` is what
    it was trained on, or `config` is a scheduler of diffusers or its folder. `callback` gets each step;
    False stops the run, and the samples of that step are returned.
    """
    process = config_of(config, schedule, prediction)
    warn(process.notices, stacklevel=1)
    drawing = native.Settings(**with_seed_of(generator, settings))
    run = native.Trajectory(
        process, list(shape), drawing, classes=classes, predicts_variance=predicts_variance
    )
    warn(run.notices, stacklevel=1)
    while (event := run.poll()) is not None:
        if isinstance(event, native.Step):
            if callback is not None and callback(event) is False:
                return event.x
            continue
        timestep = event.timestep
        time = int(timestep) if timestep == int(timestep) else timestep
        labels = event.labels
        run.answer(network(event.x, time) if labels is None else network(event.x, time, labels))
    return run.x
