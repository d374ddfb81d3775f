"""The command `ancestral`, which the wheel installs."""

from __future__ import annotations

import signal
import sys

from ._ancestral import run_command


def main() -> int:
    """Run the program with the arguments of this process."""
    # As in any program: Python's own handler would wait for Python.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return run_command(["ancestral", *sys.argv[1:]])
