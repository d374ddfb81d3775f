"""A model, ready to draw from."""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any

from . import _ancestral as native  # pyright: ignore[reportPrivateUsage]
from ._notices import warn
from ._seeds import with_seed_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typing_extensions import Self, Unpack

    from ._types import Array, Doubles, Drawing, Floats, Generator, OutputType, Path

_OUTPUT_TYPES = ("pil", "np", "raw")


class Samples:
    """Samples of one seed."""

    def __init__(self, samples: native.Samples, output_type: str) -> None:
        """Show native samples as `output_type` says."""
        self._samples = samples
        self._output_type = output_type

    @property
    def x(self) -> Floats:
        """The samples as the model has them: pictures as `[n, channels, height, width]` in -1 to 1."""
        return self._samples.x

    @property
    def images(self) -> Any:
        """The samples by the `output_type` of the call.

        `pil`: a list of pictures of Pillow. `np`: an array `[n, height, width, channels]` in 0 to 1.
        `raw`: as `x`.
        """
        if self._output_type == "raw":
            return self.x
        if self._output_type == "np":
            import numpy as np

            pictures = np.clip(self.x / 2 + 0.5, 0, 1).transpose(0, 2, 3, 1)
            return np.ascontiguousarray(pictures)
        try:
            pillow: Any = importlib.import_module("PIL.Image")
        except ImportError:
            msg = 'output_type "pil" needs Pillow: pip install pillow, or take "np" or save()'
            raise ImportError(msg) from None
        pictures = self._samples.bytes
        # A grey picture has no axis of channels there.
        grey = pictures.shape[-1] == 1
        return [pillow.fromarray(one[..., 0] if grey else one) for one in pictures]

    @property
    def table(self) -> Doubles:
        """The rows of points and tables in the units of the data, `[n, columns]`."""
        return self._samples.table

    @property
    def classes(self) -> list[str] | None:
        """The class of each, where they are of several."""
        return self._samples.classes

    @property
    def snapshots(self) -> list[Floats]:
        """Snapshots from noise to the samples: as many as the setting `snapshots` says, and the start."""
        return self._samples.snapshots

    @property
    def provenance(self) -> dict[str, str]:
        """What draws the samples again: model, process and seed."""
        return dict(self._samples.provenance)

    def encode(self, kind: str = "png") -> bytes:
        """Return the bytes of a file: png, gif, npy, npz or csv."""
        return self._samples.encode(kind)

    def save(self, path: Path) -> None:
        """Write them to a file, whose name ends in .png, .gif, .npy, .npz or .csv."""
        self._samples.save(os.fspath(path))

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._samples)

    def _repr_png_(self) -> bytes:
        return self._samples.encode("png")


class Steps:
    """The steps of a run: an iterator. Leaving it stops the run."""

    def __init__(self, steps: native.Steps, output_type: str) -> None:
        """Go over native steps."""
        self._steps = steps
        self._output_type = output_type

    def __iter__(self) -> Self:
        """Return itself."""
        return self

    def __next__(self) -> native.Step:
        """Make the next step."""
        return next(self._steps)

    def __len__(self) -> int:
        """Return how many steps there are in all."""
        return self._steps.total

    def samples(self) -> Samples:
        """Make the steps that are left, and return the samples."""
        return Samples(self._steps.samples(), self._output_type)


class Pipeline:
    """A model with its network. It can be used from several threads at once."""

    def __init__(self, pipeline: native.Pipeline) -> None:
        """Take a native pipeline; see `from_pretrained`."""
        self._pipeline = pipeline

    @classmethod
    def from_pretrained(
        cls,
        pretrained: Path = "digits",
        *,
        variant: str | None = None,
        size: int | tuple[int, int] | None = None,
        device: str = "cpu",
        precision: str = "f32",
        threads: int | None = None,
    ) -> Self:
        """Open a model folder, a cache folder of the hub, or the built-in model "digits".

        `variant` names other weights of the folder, such as fp16 or raw. `size` is that of pictures,
        height and width, if it is not the size of training.
        """
        sides = (size, size) if isinstance(size, int) else size
        path = os.fspath(pretrained)
        opened = native.Pipeline.open(path, variant, sides, str(device), precision, threads)
        warn(opened.notices, stacklevel=1)
        return cls(opened)

    @property
    def name(self) -> str:
        """What the model is called."""
        return self._pipeline.name

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one sample."""
        return tuple(self._pipeline.shape)

    @property
    def classes(self) -> list[str] | None:
        """The names of its classes."""
        return self._pipeline.classes

    @property
    def columns(self) -> list[str] | None:
        """The names of the columns of points and tables."""
        return self._pipeline.columns

    @property
    def digest(self) -> str:
        """SHA-256 of the weights."""
        return self._pipeline.digest

    @property
    def schedule(self) -> native.Schedule:
        """The noise levels that it was trained on."""
        return self._pipeline.schedule

    def to(self, device: Any) -> Self:
        """Return itself for the CPU, which this package computes on."""
        if str(device) != "cpu":
            msg = f"device {str(device)!r}: this build of ancestral computes on the CPU alone"
            raise ValueError(msg)
        return self

    def __call__(
        self,
        *,
        generator: Generator | None = None,
        output_type: OutputType = "pil",
        **settings: Unpack[Drawing],
    ) -> Samples:
        """Draw samples.

        Settings have the names of the flags of `ancestral sample`, or those of diffusers: `batch_size`,
        `num_inference_steps`, `class_labels`. Equal settings draw the bytes of the command.
        """
        _check(output_type)
        plan = self._planned(generator, settings)
        warn(plan.notices, stacklevel=1)
        return Samples(self._pipeline.run(plan).samples(), output_type)

    def steps(
        self,
        *,
        generator: Generator | None = None,
        output_type: OutputType = "pil",
        **settings: Unpack[Drawing],
    ) -> Steps:
        """Draw samples step by step: each step has `x` and the clean estimate `x0`."""
        _check(output_type)
        plan = self._planned(generator, settings)
        warn(plan.notices, stacklevel=1)
        return Steps(self._pipeline.run(plan), output_type)

    def plan(
        self, *, generator: Generator | None = None, **settings: Unpack[Drawing]
    ) -> native.Plan:
        """Return what would be run, without a network call; errors of settings are raised here."""
        return self._planned(generator, settings)

    def invert(self, data: Array, **settings: Unpack[Drawing]) -> Floats | Doubles:
        """Return the noise that leads to data, along the path of DDIM; it is an `init` of a call.

        Of the settings count those of the grid, of clipping, the class and the batch.
        """
        return self._pipeline.invert(data, native.Settings(**settings))

    def predict(self, x: Array, timestep: float, labels: Sequence[int] | None = None) -> Floats:
        """Return the raw prediction of the network for rows at a timestep."""
        return self._pipeline.predict(x, timestep, None if labels is None else list(labels))

    def _planned(self, generator: Any, settings: Drawing) -> native.Plan:
        return self._pipeline.plan(native.Settings(**with_seed_of(generator, settings)))

    def __repr__(self) -> str:
        """Return the name and the shape of samples."""
        return f"Pipeline({self.name!r}, shape={self.shape})"


def _check(output_type: str) -> None:
    if output_type not in _OUTPUT_TYPES:
        msg = f"output_type {output_type!r}: expected one of {', '.join(_OUTPUT_TYPES)}"
        raise ValueError(msg)
