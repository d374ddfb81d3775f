"""What several tests need."""

import pathlib
import subprocess
import sys

import pytest

import ancestral


@pytest.fixture(scope="session")
def digits() -> ancestral.Pipeline:
    return ancestral.Pipeline.from_pretrained("digits")


@pytest.fixture
def command(tmp_path: pathlib.Path):
    """The command that the wheel installs, run in an empty folder."""

    def run(*arguments: str) -> str:
        program = pathlib.Path(sys.executable).with_name("ancestral")
        done = subprocess.run(
            [program, *arguments], cwd=tmp_path, check=True, capture_output=True, text=True
        )
        return done.stdout

    return run
