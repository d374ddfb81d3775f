"""How good samples are."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from . import _ancestral as native  # pyright: ignore[reportPrivateUsage]
from ._notices import tell
from ._pipeline import Pipeline, Samples

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._types import Array, Path, Process, Report


def eval(  # noqa: A001  its name in the command line, too
    of: Pipeline | Samples | Array,
    data: str | Array | None = None,
    *,
    count: int | None = None,
    sets: int | None = None,
    features: Path = "values",
    neighbours: int | None = None,
    training: str | Array | None = None,
    **settings: Unpack[Process],
) -> Report:
    """Compare samples with real data: those of a pipeline, which are drawn, or an array.

    `data` is an array, or, for a pipeline, also a name or a path; that of the built-in model is known.
    `features` are `values`, `small` (the built-in network) or the weights of an Inception network.
    """
    samples = of.x if isinstance(of, Samples) else of
    native_of = samples._pipeline if isinstance(samples, Pipeline) else samples  # pyright: ignore[reportPrivateUsage]
    return native.evaluate(
        native_of,
        data,
        native.Settings(**settings),
        count=count,
        sets=sets,
        features=os.fspath(features),
        neighbours=neighbours,
        training=training,
        tell=tell,
    )
