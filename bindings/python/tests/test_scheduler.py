"""Our samplers as a scheduler, in loops that call the network themselves."""

import json

import numpy as np
import pytest

import ancestral

SAMPLERS = [*(name for name, _ in ancestral.samplers()), "euler:churn=40", "heun:churn=10"]


def streams(seed):
    """The pipeline's noise from draw 1 on: draw 0 is where the loop starts."""
    draws = iter(range(1, 10_000))
    return lambda shape: ancestral.noise(seed, shape, draw=next(draws))


def loop(scheduler, network, x, noise=None):
    for t in scheduler.timesteps:
        output = network(scheduler.scale_model_input(x, t), t)
        x = scheduler.step(output, t, x, generator=noise).prev_sample
    return x


@pytest.fixture
def folder(command, tmp_path):
    command("convert", "digits", "-o", "model")
    return tmp_path / "model"


@pytest.mark.parametrize("spacing", ["trailing", "karras"])
@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.filterwarnings("ignore:lcm is for models")
def test_a_loop_draws_what_the_pipeline_draws(digits, folder, sampler, spacing):
    scheduler = ancestral.Scheduler.from_config(folder, sampler=sampler, spacing=spacing)
    scheduler.set_timesteps(6)
    network = lambda x, t: digits.predict(x, float(t), [10] * 3)  # noqa: E731
    drawn = loop(scheduler, network, ancestral.noise(7, (3, 1, 8, 8)), streams(7))
    options = {"sampler": sampler, "spacing": spacing, "class_": "none"}
    expected = digits(count=3, steps=6, seed=7, **options)
    np.testing.assert_array_equal(drawn, expected.x)
    assert len(scheduler.timesteps) == digits.plan(steps=6, **options).calls


def test_a_second_run_begins_anew_and_one_may_begin_in_the_middle(digits, folder):
    scheduler = ancestral.Scheduler.from_config(folder, sampler="ddim", spacing="trailing")
    scheduler.set_timesteps(10)
    network = lambda x, t: digits.predict(x, float(t), [10] * 2)  # noqa: E731
    x = ancestral.noise(1, (2, 1, 8, 8))
    first = loop(scheduler, network, x)
    # Left in the middle, and begun again.
    scheduler.step(network(x, 999), 999, x)
    np.testing.assert_array_equal(loop(scheduler, network, x), first)
    rest = scheduler.timesteps[4:]
    x0 = digits(count=2, steps=5).x
    x = scheduler.add_noise(x0, ancestral.noise(3, x0.shape), rest[:1])
    start = x
    for t in rest:
        x = scheduler.step(network(x, t), t, x).prev_sample
    expected = digits(
        init=start, visit=[int(t) for t in rest], sampler="ddim", class_="none", count=2
    )
    np.testing.assert_array_equal(x, expected.x)


def test_noise_is_added_by_the_level_of_each_row():
    scheduler = ancestral.Scheduler("cosine")
    x0, noise = ancestral.noise(1, (3, 2, 4)), ancestral.noise(2, (3, 2, 4))
    t = np.array([0, 500, 999])
    f = np.cos((np.arange(1001) / 1000 + 0.008) / 1.008 * np.pi / 2) ** 2
    alpha_bar = np.cumprod(1 - np.minimum(1 - f[1:] / f[:-1], 0.999))
    a = np.sqrt(alpha_bar[t])[:, None, None]
    s = np.sqrt(1 - alpha_bar[t])[:, None, None]
    np.testing.assert_allclose(scheduler.add_noise(x0, noise, t), a * x0 + s * noise, atol=1e-6)
    np.testing.assert_allclose(scheduler.get_velocity(x0, noise, t), a * noise - s * x0, atol=1e-6)
    one = scheduler.add_noise(x0, noise, 500)
    np.testing.assert_array_equal(one, scheduler.add_noise(x0, noise, [500, 500, 500]))
    double = scheduler.add_noise(x0.astype(np.float64), noise, 500)
    assert double.dtype == np.float64
    with pytest.raises(ValueError, match="timesteps: 1000 is outside 0..1000"):
        scheduler.add_noise(x0, noise, [1000])
    with pytest.raises(ValueError, match="timesteps: 2 values, expected 1 or 3"):
        scheduler.add_noise(x0, noise, [1, 2])
    with pytest.raises(ValueError, match="noise: 2 rows"):
        scheduler.add_noise(x0, noise[:2], [1])


def test_generators_draw_the_noise():
    scheduler = ancestral.Scheduler(prediction="x0", sampler="ddpm")
    scheduler.set_timesteps(5)
    x = ancestral.noise(0, (500, 2))
    network = lambda x, t: np.zeros_like(x)  # noqa: E731

    def drawn(make):
        generator = make()
        return loop(scheduler, network, x, generator)

    first = scheduler.timesteps[:2]

    def after_one(generator):
        scheduler.set_timesteps(5)
        return scheduler.step(np.zeros_like(x), first[0], x, generator=generator).prev_sample

    a, b = after_one(np.random.default_rng(3)), after_one(np.random.default_rng(3))
    np.testing.assert_array_equal(a, b)
    assert (a != after_one(np.random.default_rng(4))).any()
    assert 0.9 < after_one(None).std() < 1.1
    with pytest.raises(TypeError, match="generator: expected one of PyTorch or NumPy"):
        after_one(3)
    with pytest.raises(ZeroDivisionError):
        after_one(lambda shape: 1 / 0)
    with pytest.raises(ValueError, match="noise: shape"):
        after_one(lambda shape: np.zeros((1, 2)))
    assert drawn(lambda: np.random.default_rng(3)).shape == (500, 2)


def test_the_config_has_the_keys_of_diffusers(folder, tmp_path):
    scheduler = ancestral.Scheduler.from_pretrained(folder)
    keys = json.loads((folder / "scheduler" / "scheduler_config.json").read_text())
    assert scheduler.config.num_train_timesteps == keys["num_train_timesteps"] == len(scheduler)
    assert scheduler.config["prediction_type"] == keys["prediction_type"]
    again = ancestral.Scheduler.from_config(scheduler.config)
    assert again.config == scheduler.config
    file = ancestral.Scheduler.from_config(folder / "scheduler" / "scheduler_config.json")
    assert file.config == scheduler.config
    assert not hasattr(scheduler.config, "no_such_key")
    np.testing.assert_allclose(scheduler.alphas_cumprod, scheduler.schedule.alpha_bar, rtol=1e-6)


def test_what_is_wrong_is_said():
    with pytest.raises(ValueError, match="sampler: unknown sampler"):
        ancestral.Scheduler(sampler="dimm")
    with pytest.raises(ValueError, match="spacing: unknown spacing"):
        ancestral.Scheduler(spacing="even")
    scheduler = ancestral.Scheduler()
    x = np.zeros((1, 2), np.float32)
    with pytest.raises(ValueError, match="call set_timesteps first"):
        scheduler.step(x, 999, x)
    with pytest.raises(TypeError, match="num_inference_steps: give it, or timesteps"):
        scheduler.set_timesteps()
    with pytest.raises(ValueError, match="num_inference_steps: 0 steps"):
        scheduler.set_timesteps(0)
    scheduler.set_timesteps(10)
    with pytest.raises(ValueError, match="timestep 998: not one of timesteps"):
        scheduler.step(x, 998, x)
    t = scheduler.timesteps
    x = scheduler.step(x, t[0], x).prev_sample
    with pytest.raises(ValueError, match="timestep 799: expected 899"):
        scheduler.step(x, t[2], x)
    with pytest.raises(ValueError, match="sample: not the prev_sample"):
        scheduler.step(x, t[1], x + 1)
