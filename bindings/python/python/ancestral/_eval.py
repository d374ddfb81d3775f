"""How good samples are."""

from __future__ import annotations

import json
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
    target: str | None = None,
    **settings: Unpack[Process],
) -> Report:
    """Compare samples with real data: those of a pipeline, which are drawn, or an array.

    `data` is an array, or, for a pipeline, also a name or a path; that of the built-in model is known.
    `features` are `values`, `small` (the built-in network) or the weights of an Inception network.
    Samples of a table are compared column by column too, in `table` of the report; with a `target`, also how
    well a random forest that learned the samples predicts that column of the data.
    """
    samples = of.x if isinstance(of, Samples) else of
    native_of = samples._pipeline if isinstance(samples, Pipeline) else samples  # pyright: ignore[reportPrivateUsage]
    report = native.evaluate(
        native_of,
        data,
        native.Settings(**settings),
        count=count,
        sets=sets,
        features=os.fspath(features),
        neighbours=neighbours,
        training=training,
        target=target,
        tell=tell,
    )
    return json.loads(report)
