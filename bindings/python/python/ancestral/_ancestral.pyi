"""The native half of `ancestral`."""

from collections.abc import Callable, Sequence
from typing import Any, Literal, final

import numpy as np
import numpy.typing as npt

from ._types import Array, Doubles, Floats

__version__: str

_Notices = list[tuple[str, str]]

@final
class Config:
    notices: _Notices
    def __new__(cls, schedule: Schedule, prediction: str, clip: bool) -> Config: ...
    @staticmethod
    def from_json(json: str) -> Config: ...
    def json(self) -> str: ...
    @property
    def sampler(self) -> str: ...
    @property
    def schedule(self) -> Schedule: ...
    @property
    def prediction(self) -> str: ...

@final
class Settings:
    def __new__(cls, **keywords: Any) -> Settings: ...

@final
class Pipeline:
    notices: _Notices
    @staticmethod
    def open(
        path: str,
        variant: str | None,
        size: tuple[int, int] | None,
        device: str,
        precision: str,
        threads: int | None,
    ) -> Pipeline: ...
    @property
    def name(self) -> str: ...
    @property
    def shape(self) -> list[int]: ...
    @property
    def classes(self) -> list[str] | None: ...
    @property
    def columns(self) -> list[str] | None: ...
    @property
    def digest(self) -> str: ...
    @property
    def schedule(self) -> Schedule: ...
    def plan(self, settings: Settings) -> Plan: ...
    def run(self, plan: Plan) -> Steps: ...
    def predict(self, x: Array, timestep: float, labels: list[int] | None) -> Floats: ...
    def invert(self, data: Array, settings: Settings) -> Floats | Doubles: ...

@final
class Plan:
    """A run that can be made: all that can be refused has been."""

    @property
    def count(self) -> int:
        """How many samples there are."""
    @property
    def first(self) -> int:
        """Index of the first of them."""
    @property
    def shape(self) -> list[int]:
        """Shape of one sample."""
    @property
    def hops(self) -> int:
        """Hops of each sample from noise to data."""
    @property
    def calls(self) -> int:
        """Network calls of each sample."""
    @property
    def batch(self) -> int:
        """Samples in one network call."""
    @property
    def sampler(self) -> str:
        """The sampler, with its options."""
    @property
    def notices(self) -> _Notices:
        """What the user should know: pairs of `note` or `warning`, and a text."""
    @property
    def provenance(self) -> list[tuple[str, str]]:
        """What makes the samples again, as pairs of a key and a value."""
    @property
    def classes(self) -> list[str] | None:
        """The class of each sample, where samples are of several."""
    def differences(self) -> list[str]:
        """Where a run of diffusers with the same settings would differ, a sentence each."""

@final
class Step:
    """A step that is made."""

    @property
    def done(self) -> int:
        """How many hops are done."""
    @property
    def of_all(self) -> int:
        """Of how many."""
    @property
    def first(self) -> int:
        """Index of the first of its samples."""
    @property
    def x(self) -> Floats:
        """The samples now."""
    @property
    def x0(self) -> Floats:
        """The clean estimates that led there."""

@final
class Steps:
    @property
    def total(self) -> int: ...
    def __iter__(self) -> Steps: ...
    def __next__(self) -> Step: ...
    def samples(self) -> Samples: ...

@final
class Samples:
    @property
    def x(self) -> Floats: ...
    def __len__(self) -> int: ...
    @property
    def first(self) -> int: ...
    @property
    def classes(self) -> list[str] | None: ...
    @property
    def snapshots(self) -> list[Floats]: ...
    @property
    def table(self) -> Doubles: ...
    @property
    def bytes(self) -> npt.NDArray[np.uint8]: ...
    @property
    def provenance(self) -> list[tuple[str, str]]: ...
    def encode(self, kind: str) -> bytes: ...
    def save(self, path: str) -> None: ...

@final
class Call:
    @property
    def x(self) -> Floats: ...
    @property
    def timestep(self) -> float: ...
    @property
    def labels(self) -> list[int] | None: ...

@final
class Trajectory:
    def __new__(
        cls,
        config: Config,
        shape: list[int],
        settings: Settings,
        *,
        classes: int | None = None,
        predicts_variance: bool = False,
        noise: Callable[[tuple[int, ...]], Array] | None = None,
    ) -> Trajectory: ...
    @property
    def notices(self) -> _Notices: ...
    @property
    def sampler(self) -> str: ...
    def poll(self) -> Call | Step | None: ...
    def answer(self, prediction: Any) -> None: ...
    @property
    def x(self) -> Floats: ...

@final
class Schedule:
    """The noise levels of the training timesteps, the cleanest first."""

    def __new__(
        cls, name: str = "linear", timesteps: int = 1000, *, zero_snr: bool = False
    ) -> Schedule: ...
    @staticmethod
    def from_betas(betas: Array, *, zero_snr: bool = False) -> Schedule:
        """The schedule of these betas."""
    @property
    def betas(self) -> Doubles:
        """The beta of each timestep."""
    @property
    def alpha_bar(self) -> Doubles:
        """The signal variance of each timestep."""
    @property
    def alpha(self) -> Doubles:
        """The signal scale, the root of alpha_bar."""
    @property
    def sigma(self) -> Doubles:
        """The noise scale."""
    @property
    def lambdas(self) -> Doubles:
        """Half the logarithm of the signal-to-noise ratio, ln(alpha/sigma)."""
    @property
    def snr(self) -> Doubles:
        """The signal-to-noise ratio."""
    def __len__(self) -> int: ...
    def grid(self, steps: int, spacing: str = "trailing") -> Grid:
        """The points that a run of so many steps visits."""
    def noised(self, x0: Array, noise: Array, timesteps: Sequence[int]) -> Floats:
        """Data brought to the noise level of timesteps: one for all rows, or one a row."""
    def target(
        self, prediction: str, x0: Array, noise: Array, timesteps: Sequence[int]
    ) -> Floats:
        """What a network is to predict there, of the data and the noise."""

@final
class Grid:
    """The points that a run visits, the noisiest first; clean data is not among them."""

    @property
    def timesteps(self) -> Doubles:
        """The timestep of each point; of points between two trained ones it is a fraction."""
    @property
    def alpha(self) -> Doubles:
        """The signal scale of each point."""
    @property
    def sigma(self) -> Doubles:
        """The noise scale of each point."""
    @property
    def lambdas(self) -> Doubles:
        """The value of ln(alpha/sigma) of each point."""
    def __len__(self) -> int: ...

@final
class Gaussian:
    """Data N(mean, std**2), independent in every dimension."""

    def __new__(cls, mean: float = 0.0, std: float = 1.0) -> Gaussian: ...
    def denoise(self, x: Array, lam: float) -> Doubles:
        """The clean estimate of `x` at the noise level `lam` = ln(alpha/sigma)."""
    def sample(
        self,
        shape: Sequence[int],
        grid: Grid,
        sampler: str = "ddpm",
        *,
        seed: int = 0,
        first: int = 0,
    ) -> Doubles:
        """Samples of a run over a grid."""
    def flow(self, x: Array, lam_from: float, lam_to: float) -> Doubles:
        """Where the probability flow takes `x` from one noise level to another, exactly."""

@final
class Mixture:
    """A mixture of isotropic Gaussians; with all standard deviations 0, a finite set."""

    def __new__(
        cls, means: Array, stds: Sequence[float], weights: Sequence[float] | None = None
    ) -> Mixture: ...
    @staticmethod
    def finite(rows: Array) -> Mixture:
        """A finite set of rows, each as likely as any other."""
    @staticmethod
    def reference(name: str) -> Mixture:
        """A mixture of the plane that samplers are compared on: `blobs` or `ring`."""
    @property
    def means(self) -> Doubles:
        """The means of the components, `[k, d]`."""
    def denoise(self, x: Array, lam: float) -> Doubles:
        """The clean estimate of rows `x` at the noise level `lam` = ln(alpha/sigma)."""
    def sample(
        self,
        shape: Sequence[int],
        grid: Grid,
        sampler: str = "ddpm",
        *,
        seed: int = 0,
        first: int = 0,
    ) -> Doubles:
        """Samples of a run over a grid."""

def calls_of(config: Config, settings: Settings) -> list[tuple[float, int]]: ...
def evaluate(
    of: Pipeline | Any,
    data: Any,
    settings: Settings,
    *,
    count: int | None,
    sets: int | None,
    features: str,
    neighbours: int | None,
    training: Any,
    target: str | None,
    tell: Callable[[str, str], object],
) -> str: ...
def noise(seed: int, shape: Sequence[int], *, first: int = 0, draw: int = 0) -> Floats:
    """Draw number `draw` of samples of a seed, as the pipeline draws it: draw 0 is where they start."""

def run_command(arguments: list[str]) -> int: ...
def samplers() -> list[tuple[str, str]]:
    """The names of all samplers, and what they are."""

def schedules() -> list[tuple[str, str]]:
    """The names of all schedules, and what they are."""

def settings_of_drawing() -> list[str]: ...
def settings_of_training() -> list[str]: ...
def spacings() -> list[str]:
    """The names of all spacings."""

def train(
    arguments: list[str],
    threads: int | None,
    tell: Callable[[str, str], object],
    progress: Callable[[str, int, int, str], object] | None,
) -> tuple[str, Literal["finished", "stopped", "interrupted"]]: ...
