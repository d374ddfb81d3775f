"""What the user should know, as warnings; what was found and decided, as log lines."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Notice(UserWarning):
    """Something that is not wrong, but that the user should know."""


def warn(notices: Iterable[tuple[str, str]], stacklevel: int) -> None:
    """Warn of notices, at the caller of the function that calls this, or `stacklevel` further up."""
    for _, text in notices:
        warnings.warn(text, Notice, stacklevel=stacklevel + 2)


def tell(kind: str, text: str) -> None:
    """Warn of a notice, or log a line of information."""
    if kind == "line":
        import logging

        logging.getLogger("ancestral").info("%s", text)
    else:
        warnings.warn(text, Notice, stacklevel=3)
