"""Our samplers as a scheduler of diffusers: for loops that call the network themselves."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from . import _ancestral as native  # pyright: ignore[reportPrivateUsage]
from ._arrays import floats, is_tensor, like, torch_if_loaded
from ._notices import warn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from typing_extensions import Self

    from ._types import Array, Doubles, Floats, Path

# Where a folder has its scheduler.
_FILES = ("scheduler/scheduler_config.json", "scheduler_config.json")


def config_of(config: Any, schedule: str | native.Schedule, prediction: str) -> native.Config:
    """Return the config of a scheduler of diffusers, of its folder or JSON, or that of a schedule."""
    if config is None:
        levels = native.Schedule(schedule) if isinstance(schedule, str) else schedule
        return native.Config(levels, prediction, clip=False)
    if isinstance(config, Scheduler):
        return config.native_config
    if isinstance(config, (str, os.PathLike)):
        return native.Config.from_json(_read(os.fspath(config)))  # pyright: ignore[reportUnknownArgumentType]
    keys: Any = getattr(config, "config", config)
    class_name = keys.get("_class_name", type(config).__name__ if keys is not config else None)
    if class_name is None:
        msg = "config: it has no _class_name: give the scheduler, its folder, or its class"
        raise ValueError(msg)
    public = {key: value for key, value in dict(keys).items() if not key.startswith("_")}
    text = json.dumps(public | {"_class_name": class_name}, default=_listed)
    return native.Config.from_json(text)


def _listed(value: Any) -> Any:
    """Return an array in a config as a list."""
    return value.tolist() if hasattr(value, "tolist") else str(value)


def _read(path: str) -> str:
    files = [os.path.join(path, name) for name in _FILES] if os.path.isdir(path) else [path]
    for file in files:
        if os.path.exists(file):
            with open(file, encoding="utf-8") as opened:
                return opened.read()
    msg = f"config: no {' and no '.join(files)}"
    raise FileNotFoundError(msg)


class SchedulerOutput:
    """What a step leads to."""

    def __init__(self, prev_sample: Any, pred_original_sample: Any) -> None:
        """Hold the next sample, and the clean estimate that led there."""
        self.prev_sample = prev_sample
        self.pred_original_sample = pred_original_sample

    def __getitem__(self, index: int) -> Any:
        """Return the sample, or the clean estimate."""
        return (self.prev_sample, self.pred_original_sample)[index]


class _Keys(dict[str, Any]):
    """Keys of a config that are attributes too."""

    def __getattr__(self, key: str) -> Any:
        try:
            return self[key]
        except KeyError:
            raise AttributeError(key) from None


class Scheduler:
    """One of our samplers, as a scheduler of diffusers: it drops into its pipelines and loops.

    A sampler that calls its network several times a step has as many timesteps; `prev_sample` is then
    where it is called next.
    """

    order = 1
    init_noise_sigma = 1.0

    def __init__(
        self,
        schedule: str | native.Schedule = "linear",
        *,
        prediction: str = "epsilon",
        sampler: str | None = None,
        spacing: str | None = None,
        eta: float | None = None,
        variance: str | None = None,
        clip: bool | None = None,
        config: Any = None,
    ) -> None:
        """Take the schedule that the network was trained on, or the `config` of a scheduler of diffusers.

        The rest are settings as of a pipeline.
        """
        self.native_config = config_of(config, schedule, prediction)
        warn(self.native_config.notices, stacklevel=1)
        self._settings = {
            "sampler": sampler,
            "spacing": spacing,
            "eta": eta,
            "variance": variance,
            "clip": clip,
        }
        # Refuses settings now, not in the middle of a loop.
        native.calls_of(self.native_config, native.Settings(**self._settings, steps=1))
        self._calls: list[tuple[float, int]] = []
        self._run: native.Trajectory | None = None
        self._index = 0
        self._sample: Any = None
        self._generator: Any = None

    @classmethod
    def from_config(cls, config: Path | Mapping[str, Any] | Any, **settings: Any) -> Self:
        """Make one of a model folder of diffusers, a scheduler of diffusers, or its config."""
        return cls(config=config, **settings)

    @classmethod
    def from_pretrained(cls, pretrained: Path, **settings: Any) -> Self:
        """Make one of a model folder of diffusers."""
        return cls(config=pretrained, **settings)

    @property
    def config(self) -> Any:
        """The config, with the key names of diffusers, as items and as attributes."""
        return _Keys(json.loads(self.native_config.json()))

    @property
    def sampler(self) -> str:
        """The sampler, with its options."""
        return self._settings["sampler"] or self.native_config.sampler  # type: ignore[return-value]

    @property
    def schedule(self) -> native.Schedule:
        """The noise levels that the network was trained on."""
        return self.native_config.schedule

    @property
    def alphas_cumprod(self) -> Any:
        """The alpha_bar of each timestep."""
        return self._out(self.schedule.alpha_bar.astype("float32"), None)

    def __len__(self) -> int:
        """Return how many timesteps the network was trained on."""
        return len(self.schedule)

    def set_timesteps(
        self,
        num_inference_steps: int | None = None,
        device: Any = None,
        *,
        timesteps: Sequence[int] | None = None,
    ) -> None:
        """Choose the steps of the next run: how many, or at which timesteps."""
        if (num_inference_steps is None) == (timesteps is None):
            msg = "num_inference_steps: give it, or timesteps"
            raise TypeError(msg)
        chosen = {"num_inference_steps": num_inference_steps, "timesteps": timesteps}
        self._chosen = {key: value for key, value in chosen.items() if value is not None}
        settings = native.Settings(**self._settings, **self._chosen)
        self._calls = native.calls_of(self.native_config, settings)
        self._run, self._device = None, device
        self.num_inference_steps = num_inference_steps

    @property
    def timesteps(self) -> Any:
        """The timesteps at which the network is called, in order."""
        import numpy as np

        values = np.array([timestep for timestep, _ in self._calls])
        whole = values.astype(np.int64)
        if (whole == values).all():
            return self._out(whole, self._device)
        # Of tensors float32 is what every device has.
        torch = torch_if_loaded()
        return self._out(values if torch is None else values.astype(np.float32), self._device)

    def _out(self, values: Any, device: Any) -> Any:
        """Return values as a tensor in programs that use PyTorch, where the loops of diffusers do."""
        torch = torch_if_loaded()
        return values if torch is None else torch.from_numpy(values).to(device)

    def scale_model_input(self, sample: Any, timestep: Any = None) -> Any:
        """Return the sample as it is, which is what the network sees."""
        return sample

    def step(
        self,
        model_output: Any,
        timestep: Any,
        sample: Any,
        generator: Any = None,
        return_dict: bool = True,
    ) -> Any:
        """Return where the prediction of the network for `sample` at `timestep` leads to.

        `generator` draws the noise: a generator of PyTorch or NumPy, or a function that gets a shape. By
        default it is that of PyTorch or NumPy as a whole.
        """
        self._generator = generator
        run = self._at(float(timestep), sample)
        run.answer(model_output)
        try:
            return self._stepped(run, sample, return_dict)
        except BaseException:
            # What was half done can't go on.
            self._run = None
            raise

    def _stepped(self, run: native.Trajectory, sample: Any, return_dict: bool) -> Any:
        """Go on to the next call, or to the end."""
        estimate: Floats | None = None
        while isinstance(event := run.poll(), native.Step):
            estimate = event.x0
        self._index += 1
        if event is None:
            self._run = None
        self._sample = like(sample, run.x if event is None else event.x)
        original = None if estimate is None else like(sample, estimate)
        return SchedulerOutput(self._sample, original) if return_dict else (self._sample,)

    def _at(self, timestep: float, sample: Any) -> native.Trajectory:
        """Return the run that waits for the prediction at a timestep: the current one, or a new one."""
        if not self._calls:
            msg = "timestep: call set_timesteps first"
            raise ValueError(msg)
        run = self._run
        expected = self._calls[self._index][0] if run is not None else 0.0
        is_first = _equal(timestep, self._calls[0][0])
        if run is None or (is_first and not _equal(timestep, expected)):
            return self._begin(timestep, sample)
        if not _equal(timestep, expected):
            msg = f"timestep {timestep:g}: expected {expected:g}, the next of timesteps"
            raise ValueError(msg)
        if sample is not self._sample and (floats("sample", sample) != floats("", self._sample)).any():
            msg = "sample: not the prev_sample of the last step, from which this run goes on"
            raise ValueError(msg)
        return run

    def _begin(self, timestep: float, sample: Any) -> native.Trajectory:
        """Begin a run at a timestep, which is the first, or one in the middle."""
        starts = [i for i, (_, hop) in enumerate(self._calls) if i == 0 or hop != self._calls[i - 1][1]]
        found = [index for index in starts if _equal(self._calls[index][0], timestep)]
        if not found:
            msg = f"timestep {timestep:g}: not one of timesteps at which a step begins"
            raise ValueError(msg)
        chosen: dict[str, Any] = self._chosen
        if found[0] > 0:
            rest = [self._calls[index][0] for index in starts if index >= found[0]]
            if any(value != int(value) for value in rest):
                msg = f"timestep {timestep:g}: runs over timesteps between trained ones begin at the first"
                raise ValueError(msg)
            chosen = {"timesteps": [int(value) for value in rest]}
        settings = self._settings | ({"spacing": None} if "timesteps" in chosen else {})
        start = floats("sample", sample)
        run = native.Trajectory(
            self.native_config,
            list(start.shape),
            native.Settings(**settings, **chosen, init=start),
            noise=self._draw(sample),
        )
        # The call of the sample as it is, which the caller has made: churn begins at the second step.
        run.poll()
        self._run, self._index = run, found[0]
        return run

    def _draw(self, sample: Any) -> Any:
        """Return a function that draws noise for a sample."""

        def draw(shape: tuple[int, ...]) -> Floats:
            import numpy as np

            generator = self._generator
            if callable(generator):
                return floats("generator", generator(shape))
            torch = torch_if_loaded()
            if not is_tensor(sample):
                if isinstance(generator, np.random.Generator):
                    return generator.standard_normal(shape, dtype=np.float32)
                if generator is None:
                    return np.random.standard_normal(shape).astype(np.float32)
            if torch is None or not (
                generator is None or isinstance(generator, (torch.Generator, list, tuple))
            ):
                kind = type(generator).__name__
                msg = f"generator: expected one of PyTorch or NumPy, or a function, found {kind}"
                raise TypeError(msg)
            return floats("generator", _torch_noise(torch, shape, generator, sample))

        return draw

    def add_noise(
        self,
        original_samples: Array,
        noise: Array,
        timesteps: Array,
    ) -> Any:
        """Return data brought to the noise level of timesteps, one a row or one for all."""
        rows = self.schedule.noised(
            floats("original_samples", original_samples), floats("noise", noise), _whole(timesteps)
        )
        return like(original_samples, rows)

    def get_velocity(self, sample: Array, noise: Array, timesteps: Array) -> Any:
        """Return what a network that predicts v learns, of data and noise."""
        rows = self.schedule.target(
            "v", floats("sample", sample), floats("noise", noise), _whole(timesteps)
        )
        return like(sample, rows)

    def __repr__(self) -> str:
        """Return the sampler and the schedule."""
        return f"Scheduler({self.schedule!r}, sampler={self.sampler!r})"


def _equal(one: float, other: float) -> bool:
    """Whether two timesteps are the same; tensors hold them as float32."""
    return abs(one - other) <= 1e-6 * max(one, other, 1.0)


def _torch_noise(torch: Any, shape: tuple[int, ...], generator: Any, sample: Any) -> Any:
    """Return the noise that diffusers would draw."""
    device = sample.device if is_tensor(sample) else "cpu"
    dtype = sample.dtype if is_tensor(sample) else torch.float32

    def drawn(generator: Any, shape: tuple[int, ...]) -> Any:
        own = device if generator is None else generator.device
        return torch.randn(shape, generator=generator, device=own, dtype=dtype)

    if isinstance(generator, (list, tuple)):
        rows: list[Any] = [drawn(one, (1, *shape[1:])) for one in generator]  # pyright: ignore[reportUnknownVariableType]
        return torch.cat(rows)
    return drawn(generator, shape)


def _whole(timesteps: Any) -> list[int]:
    """Return timesteps as a list."""
    import numpy as np

    from ._arrays import numbers

    _, values = numbers("timesteps", timesteps)
    whole: Doubles = np.atleast_1d(values)
    if whole.ndim != 1 or (whole != np.trunc(whole)).any():
        msg = "timesteps: expected whole numbers, one a row"
        raise ValueError(msg)
    return [int(value) for value in whole]
