"""Seeds from generators of PyTorch, which diffusers' pipelines take."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from ._notices import Notice

if TYPE_CHECKING:
    from collections.abc import Mapping


def _seed(generator: Any) -> int:
    initial_seed = getattr(generator, "initial_seed", None)
    if initial_seed is None:
        kind = type(generator).__name__
        msg = f"generator: expected a torch.Generator, found {kind}; give a number as seed"
        raise TypeError(msg)
    seed = int(initial_seed())
    if hasattr(generator, "get_state"):
        fresh = type(generator)(device=generator.device).manual_seed(seed)
        if fresh.get_state().tolist() != generator.get_state().tolist():
            text = f"generator: it was drawn from before, but only its seed {seed} is used"
            warnings.warn(text, Notice, stacklevel=5)
    return seed


def with_seed_of(generator: Any, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings with the seed of a generator, and with PyTorch's noise unless they say another.

    A list of generators has one a sample, whose seeds have to follow each other.
    """
    settings = dict(settings)
    if generator is None:
        return settings
    if settings.get("seed") is not None:
        msg = "generator: not together with seed"
        raise TypeError(msg)
    if not isinstance(generator, (list, tuple)):
        seed = _seed(generator)
        return settings | {"seed": seed, "rng": settings.get("rng") or "torch"}
    seeds = [_seed(one) for one in generator]  # pyright: ignore[reportUnknownVariableType]
    if not seeds or seeds != list(range(seeds[0], seeds[0] + len(seeds))):
        msg = f"generator: the seeds {seeds} do not follow each other; draw other samples one by one"
        raise ValueError(msg)
    count = settings.get("batch_size", settings.get("count"))
    if count is not None and count != len(seeds):
        msg = f"generator: {len(seeds)} generators, expected {count}, one a sample"
        raise ValueError(msg)
    if count is None:
        settings["count"] = len(seeds)
    return settings | {"seed": seeds[0], "rng": settings.get("rng") or "torch-each"}
