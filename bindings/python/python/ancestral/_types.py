"""Types of arguments; nothing here is needed to run."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol, TypedDict, Union

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Path = Union[str, "os.PathLike[str]"]
OutputType = Literal["pil", "np", "raw"]


class SupportsDLPack(Protocol):
    """An array of another library, such as a tensor of PyTorch."""

    def __dlpack__(self, **kwargs: Any) -> Any: ...


Array = Union[npt.ArrayLike, SupportsDLPack]


class TorchGenerator(Protocol):
    """A generator of PyTorch."""

    def initial_seed(self) -> int: ...


Generator = Union[TorchGenerator, Sequence[TorchGenerator]]
# A network: it gets rows and their timestep, and the label of each row if it has classes.
Network = Callable[..., Any]


class Process(TypedDict, total=False):
    """The settings of a process: as the flags of `ancestral sample`, and by the names of diffusers."""

    first: int
    seed: int
    rng: Literal["ancestral", "torch", "torch-each"] | None
    class_: str | int | None
    null_label: int | None
    batch: int | None
    sampler: str | None
    eta: float | None
    variance: str | None
    steps: int | None
    calls: int | None
    spacing: str | None
    visit: Sequence[int] | None
    clip: bool | None
    compat: Literal["diffusers"] | None
    guidance: float | None
    guidance_rescale: float | None
    guidance_interval: tuple[float, float] | None
    strength: float | None
    interpolate: int | None
    snapshots: int
    init: Array | None
    from_: Array | None
    given: Array | None
    inpaint: Array | None
    mask: Array | None
    num_inference_steps: int | None
    timesteps: Sequence[int] | None
    guidance_scale: float | None
    class_labels: str | int | None


class Drawing(Process, total=False):
    """The settings of drawing samples: also how many."""

    count: int | None
    batch_size: int | None


class Training(TypedDict, total=False):
    """The settings of a training: the flags of `ancestral train`."""

    force: bool
    steps: int | None
    time: float | None
    stop_at: int | None
    batch: int | None
    accumulate: int | None
    lr: float | None
    constant_lr: bool
    prediction: Literal["epsilon", "x0", "v"] | None
    variance: str | None
    loss: Literal["simple", "hybrid", "vlb"] | None
    loss_weight: str | None
    timestep_sampler: Literal["uniform", "second-moment"] | None
    optimizer: Literal["adamw", "muon"] | None
    schedule: str | None
    timesteps: int | None
    zero_snr: bool
    width: int | Sequence[int] | None
    layers: int | None
    ema: float | None
    label_dropout: float | None
    holdout: float | None
    groups: int | None
    seed: int | None
    channels: Literal[1, 3, 4, "auto"] | None
    size: int | tuple[int, int] | None
    fit: Literal["crop", "letterbox"] | None
    background: str | None
    classes: bool
    flip: bool
    skip_bad: bool
    points: int | None
    columns: str | None
    missing: Literal["learn", "drop", "refuse"] | None
    keep_ids: bool
    memory: str | None
    preview_every: int | None
    checkpoint_every: int | None
    keep: int | None
    device: str | None
    precision: Literal["f32", "bf16"] | None


class Measure(TypedDict):
    """One measure of samples."""

    name: str
    best: str
    value: float
    standard_error: float | None
    floor: float | None


class ColumnReport(TypedDict):
    """How a column of samples compares with that of the data."""

    name: str
    measure: str
    distance: float
    holes: list[float] | None
    extremes: list[float] | None


class PairReport(TypedDict):
    """How much two columns say about each other."""

    columns: list[str]
    data: float
    samples: float


class Usefulness(TypedDict):
    """How well a random forest predicts a column of the data."""

    target: str
    measure: str
    samples: float
    data: float | None


class TableReport(TypedDict):
    """How samples of a table compare with data."""

    samples: int
    rows: int
    told_apart: float
    told_apart_error: float
    column_distance: float
    pair_error: float
    copies: float
    repeated: float
    usefulness: Usefulness | None
    columns: list[ColumnReport]
    pairs: list[PairReport]


class RowsReport(TypedDict):
    """How good samples are, row beside row."""

    features: str
    sets: int
    samples: int
    real: int
    measures: list[Measure]
    warnings: list[str]


class Report(RowsReport, total=False):
    """How good samples are."""

    table: TableReport
