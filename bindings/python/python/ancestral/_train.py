"""Training."""

from __future__ import annotations

import os
import pathlib
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from . import _ancestral as native  # pyright: ignore[reportPrivateUsage]
from ._notices import tell

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Unpack

    from ._types import Array, Path, Training


class Trained(NamedTuple):
    """A training that has ended."""

    folder: pathlib.Path
    outcome: Literal["finished", "stopped", "interrupted"]


def train(
    data: Path | Array | None = None,
    output: Path | None = None,
    *,
    labels: Array | None = None,
    resume: bool | Path | None = None,
    threads: int | None = None,
    callback: Callable[[str, int, int, str], object] | None = None,
    **settings: Unpack[Training],
) -> Trained:
    """Learn the reverse process of data: a name, a path, or an array.

    Settings are the flags of `ancestral train`, and the run folder is the same: `resume` goes on with one.
    An array is written beside the run folder, `output`, from which it is read again. `callback` gets the
    work, how much is done, of how much, and details; False stops the run, which saves a checkpoint first,
    as Ctrl-C does.
    """
    known = native.settings_of_training()
    unknown = [name for name in settings if name not in known]
    if unknown:
        msg = f"unknown keyword {unknown[0]!r}, expected one of {', '.join(known)}"
        raise TypeError(msg)
    arguments: list[str] = []
    if output is not None:
        arguments += ["--output", os.fspath(output)]
    if resume is not None and resume is not False:
        arguments += ["--resume"] if resume is True else [f"--resume={os.fspath(resume)}"]
    for name, value in settings.items():
        arguments += _flag(name, value)
    if data is not None:
        arguments += ["--", _path_of(data, labels, output)]
    elif labels is not None:
        msg = "labels: needs data, an array"
        raise TypeError(msg)
    folder, outcome = native.train(arguments, threads, tell, callback)
    return Trained(pathlib.Path(folder), outcome)


def _flag(name: str, value: Any) -> list[str]:
    """Return a setting as words of the command line."""
    flag = f"--{name.replace('_', '-')}"
    if value is None or value is False:
        return []
    if value is True:
        return [flag]
    if isinstance(value, (list, tuple)):
        joint = "x" if name == "size" else ","
        value = joint.join(str(one) for one in value)  # pyright: ignore[reportUnknownVariableType,reportUnknownArgumentType]
    return [f"{flag}={value}"]


def _path_of(data: Any, labels: Any, output: Path | None) -> str:
    """Return where data are: of an array, the file beside the run folder, which is written."""
    if isinstance(data, (str, os.PathLike)):
        if labels is not None:
            msg = "labels: files have their own; give data as an array"
            raise TypeError(msg)
        return os.fspath(data)  # pyright: ignore[reportUnknownVariableType]
    if output is None:
        msg = "output: name the run folder of an array"
        raise TypeError(msg)
    import numpy as np

    from ._arrays import numbers, _array  # pyright: ignore[reportPrivateUsage]

    array = np.ascontiguousarray(_array("data", data))
    path = pathlib.Path(f"{os.fspath(output).rstrip('/')}.{'npy' if labels is None else 'npz'}")
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    with partial.open("wb") as file:
        if labels is None:
            np.save(file, array)
        else:
            _, classes = numbers("labels", labels)
            np.savez(file, x=array, y=classes.astype(np.int64))
    partial.replace(path)
    return str(path)
