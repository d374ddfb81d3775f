"""Arrays of any library as arrays of NumPy, and back. No other library is imported here."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import numpy.typing as npt

    from ._types import Doubles, Floats


def torch_if_loaded() -> Any:
    """Return PyTorch if the program uses it."""
    return sys.modules.get("torch")


def is_tensor(value: Any) -> bool:
    """Whether it is a tensor of PyTorch."""
    torch = torch_if_loaded()
    return torch is not None and isinstance(value, torch.Tensor)


def _array(name: str, value: Any) -> npt.NDArray[Any]:
    """Return the numbers that a value holds, in any layout."""
    import numpy as np

    if is_tensor(value):
        value = value.detach().cpu()
        # NumPy has no such type; float32 holds all of its numbers.
        value = (value.float() if str(value.dtype) == "torch.bfloat16" else value).numpy()
    elif not isinstance(value, (np.ndarray, np.generic)) and hasattr(value, "__dlpack__"):
        value = np.from_dlpack(value)
    if isinstance(value, np.ma.MaskedArray):
        msg = f"{name}: a masked array, expected one without a mask: fill it first"
        raise TypeError(msg)
    try:
        array: npt.NDArray[Any] = np.asarray(cast("Any", value))
    except ValueError as error:
        msg = f"{name}: {error}"
        raise ValueError(msg) from None
    if array.dtype.kind not in "buif" or array.dtype.itemsize > 8:
        msg = f"{name}: an array of {array.dtype}, expected numbers of at most 8 bytes"
        raise TypeError(msg)
    return array


def numbers(name: str, value: Any) -> tuple[str, Doubles]:
    """Return the kind of numbers, and the numbers in C order as float64."""
    import numpy as np

    array = _array(name, value)
    kinds = {"b": "bools", "f": "reals", "u1": "bytes", "u2": "words"}
    kind, size = array.dtype.kind, array.dtype.itemsize
    named = kinds.get(kind) or kinds.get(f"{kind}{size}", "integers")
    # An array of no axes would get one.
    return named, np.ascontiguousarray(array, dtype=np.float64).reshape(array.shape)


def floats(name: str, value: Any) -> Floats:
    """Return the numbers in C order as float32; what is beyond its range becomes infinite."""
    import numpy as np

    array = _array(name, value)
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(array, dtype=np.float32).reshape(array.shape)


def like(model: Any, array: Floats) -> Any:
    """Return the array as what `model` is: a tensor of the same type on the same device, or an array."""
    if is_tensor(model):
        return torch_if_loaded().from_numpy(array).to(device=model.device, dtype=model.dtype)
    dtype = getattr(model, "dtype", None)
    is_real = getattr(dtype, "kind", None) == "f"
    return array.astype(dtype.newbyteorder("="), copy=False) if dtype is not None and is_real else array
