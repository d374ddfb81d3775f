"""Schedules, grids and exact denoisers, against their formulas in NumPy."""

import numpy as np
import pytest

import ancestral
from ancestral import Schedule, exact


def test_a_schedule_is_its_formulas():
    schedule = Schedule("linear")
    betas = np.linspace(1e-4, 0.02, 1000)
    alpha_bar = np.cumprod(1 - betas)
    np.testing.assert_allclose(schedule.betas, betas, rtol=1e-12)
    np.testing.assert_allclose(schedule.alpha_bar, alpha_bar, rtol=1e-11)
    np.testing.assert_allclose(schedule.alpha, np.sqrt(alpha_bar), rtol=1e-11)
    np.testing.assert_allclose(schedule.sigma, np.sqrt(1 - alpha_bar), rtol=1e-9)
    np.testing.assert_allclose(schedule.snr, alpha_bar / (1 - alpha_bar), rtol=1e-9)
    np.testing.assert_allclose(schedule.lambdas, np.log(schedule.snr) / 2, rtol=1e-12)
    same = Schedule.from_betas(betas)
    np.testing.assert_allclose(same.alpha_bar, schedule.alpha_bar, rtol=1e-12)
    assert len(schedule) == 1000 and "linear" in repr(schedule)
    assert Schedule("cosine", 500, zero_snr=True).alpha_bar[-1] == 0


def test_every_name_makes_a_schedule_and_a_grid():
    for name, about in ancestral.schedules():
        assert about and len(Schedule(name, 200)) == 200
    for spacing in ancestral.spacings():
        grid = Schedule().grid(10, spacing)
        assert len(grid) == 10 and (np.diff(grid.lambdas) > 0).all()
        assert (np.diff(grid.timesteps) < 0).all()
    assert Schedule().grid(4).timesteps.tolist() == [999, 749, 499, 249]
    grid = Schedule().grid(4)
    np.testing.assert_allclose(grid.alpha**2 + grid.sigma**2, 1)


def test_what_is_no_schedule_is_refused():
    for make, text in [
        (lambda: Schedule("liner"), "schedule: unknown schedule"),
        (lambda: Schedule("linear", 5), "schedule: 5 timesteps are too few"),
        (lambda: Schedule.from_betas([0.1, 1.5]), "betas: beta 1.5 at timestep 1"),
        (lambda: Schedule().grid(0), "steps: 0 steps"),
        (lambda: Schedule().grid(5, "even"), "spacing: unknown spacing"),
    ]:
        with pytest.raises(ValueError, match=text):
            make()


def test_a_gaussian_is_its_formulas():
    data = exact.Gaussian(0.3, 0.2)
    x = np.linspace(-3, 3, 14).reshape(7, 2)
    for lam in (-4.0, -0.5, 2.0):
        a2 = 1 / (1 + np.exp(-2 * lam))
        a, v = np.sqrt(a2), a2 * 0.04 + 1 - a2
        np.testing.assert_allclose(data.denoise(x, lam), 0.3 + a * 0.04 / v * (x - a * 0.3))
    flown = data.flow(data.flow(x, -3, 2), 2, -3)
    np.testing.assert_allclose(flown, x, rtol=1e-12)
    grid = Schedule().grid(200)
    samples = data.sample((4000, 2), grid, "dpmpp-3m", seed=1)
    assert abs(samples.mean() - 0.3) < 0.01 and abs(samples.std() - 0.2) < 0.01


def test_a_mixture_is_its_formulas():
    means, stds, weights = np.array([[-1.0, 0.5], [1.0, 0.0]]), [0.3, 0.5], [1.0, 3.0]
    data = exact.Mixture(means, stds, weights)
    x = ancestral.noise(1, (9, 2)).astype(np.float64)
    lam = 0.4
    a2 = 1 / (1 + np.exp(-2 * lam))
    a, v = np.sqrt(a2), a2 * np.square(stds) + 1 - a2
    far = np.square(x[:, None] - a * means).sum(-1)
    r = np.array(weights) / v * np.exp(-far / (2 * v))
    r /= r.sum(-1, keepdims=True)
    each = means + (a * np.square(stds) / v)[:, None] * (x[:, None] - a * means)
    np.testing.assert_allclose(data.denoise(x, lam), (r[..., None] * each).sum(1), rtol=1e-12)
    np.testing.assert_array_equal(data.means, means)


def test_a_finite_set_is_drawn_exactly():
    rows = ancestral.noise(1, (5, 3)).astype(np.float64)
    drawn = exact.Mixture.finite(rows).sample((20, 3), Schedule("cosine").grid(60), "ddpm", seed=2)
    nearest = np.abs(drawn[:, None] - rows).max(-1).min(-1)
    assert nearest.max() < 1e-3
    assert exact.Mixture.reference("ring").means.shape == (8, 2)


def test_what_is_no_distribution_is_refused():
    for make, text in [
        (lambda: exact.Gaussian(0, -1), "std -1: expected 0 or more"),
        (lambda: exact.Mixture([[0.0], [1.0]], [1.0]), "stds: 1 values, expected 2"),
        (lambda: exact.Mixture([0.0, 1.0], [1.0]), "means: shape"),
        (lambda: exact.Mixture.reference("square"), "expected blobs or ring"),
        (lambda: exact.Mixture.reference("ring").denoise(np.zeros((2, 3)), 0), "rows of 3 values"),
    ]:
        with pytest.raises(ValueError, match=text):
            make()


def test_noise_of_a_sample_does_not_depend_on_the_others():
    all_ = ancestral.noise(7, (5, 2, 3))
    np.testing.assert_array_equal(ancestral.noise(7, (2, 2, 3), first=3), all_[3:])
    assert (ancestral.noise(7, (5, 2, 3), draw=1) != all_).any()
    with pytest.raises(ValueError, match="shape"):
        ancestral.noise(1, ())
