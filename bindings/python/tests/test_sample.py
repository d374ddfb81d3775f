"""Our samplers over functions of Python."""

import numpy as np
import pytest

import ancestral

SAMPLERS = [name for name, _ in ancestral.samplers()]


def model_config(pipeline, tmp_path, command):
    command("convert", "digits", "-o", "model")
    return tmp_path / "model"


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.filterwarnings("ignore:lcm is for models")
def test_a_function_is_as_good_as_the_network(digits, command, tmp_path, sampler):
    config = model_config(digits, tmp_path, command)
    null = [10] * 3
    drawn = ancestral.sample(
        lambda x, t: digits.predict(x, t, null),
        (3, 1, 8, 8),
        config=config,
        sampler=sampler,
        steps=6,
        seed=7,
        spacing="karras",
    )
    expected = digits(count=3, sampler=sampler, steps=6, seed=7, spacing="karras", class_="none").x
    np.testing.assert_array_equal(drawn, expected)


def test_labels_and_guidance_reach_the_function(digits, command, tmp_path):
    config = model_config(digits, tmp_path, command)
    drawn = ancestral.sample(
        digits.predict, (2, 1, 8, 8), config=config, classes=11, class_=3, null_label=10,
        guidance=2, steps=4, seed=1,
    )  # fmt: skip
    expected = digits(count=2, class_=3, guidance=2, steps=4, seed=1).x
    np.testing.assert_array_equal(drawn, expected)


def test_rows_of_any_shape_are_drawn():
    seen = []

    def network(x, t):
        seen.append((x.shape, x.dtype, t))
        return np.zeros_like(x)

    for shape in [(5,), (5, 2), (5, 3, 4), (5, 2, 3, 4), (2, 1, 2, 3, 4)]:
        drawn = ancestral.sample(network, shape, prediction="x0", steps=2)
        assert drawn.shape == shape and drawn.dtype == np.float32 and (drawn == 0).all()
    assert seen[0] == ((5,), np.float32, 999) and isinstance(seen[0][2], int)
    whole = [ancestral.noise(3, (5, n)) for n in (24,)][0]
    start = ancestral.sample(lambda x, t: x, (5, 2, 3, 4), prediction="x0", steps=1, seed=3)
    np.testing.assert_array_equal(start.reshape(5, 24), whole)


def test_what_is_given_has_the_shape_of_the_rows():
    init = ancestral.noise(5, (4, 2))
    drawn = ancestral.sample(lambda x, t: x, (4, 2), prediction="x0", steps=1, init=init)
    np.testing.assert_array_equal(drawn, init)
    known = np.full((4, 2), 0.5, np.float32)
    drawn = ancestral.sample(
        lambda x, t: x, (4, 2), prediction="x0", steps=3, inpaint=known, mask=np.array([1.0, 0.0])
    )
    assert (drawn[:, 0] == 0.5).all() and (drawn[:, 1] != 0.5).all()


def test_a_perfect_network_draws_the_data():
    # All data are 0.3: epsilon = (x - alpha 0.3)/sigma.
    schedule = ancestral.Schedule("cosine")
    alpha, sigma = schedule.alpha, schedule.sigma

    def network(x, t):
        return ((x - alpha[t] * 0.3) / sigma[t]).astype(np.float64)

    drawn = ancestral.sample(network, (100, 2), schedule=schedule, sampler="ddim", steps=10)
    np.testing.assert_allclose(drawn, 0.3, atol=1e-5)


def test_a_network_may_predict_its_variance():
    # f = 1 is the large variance, f = -1 the small one.
    def network(x, t):
        return np.concatenate([np.zeros_like(x), np.full_like(x, -1)], axis=1)

    options = {"steps": 5, "seed": 2, "prediction": "x0"}
    learned = ancestral.sample(
        network, (50, 3), predicts_variance=True, variance="learned-range", **options
    )
    small = ancestral.sample(lambda x, t: np.zeros_like(x), (50, 3), variance="fixed-small", **options)
    np.testing.assert_allclose(learned, small, atol=1e-6)
    with pytest.raises(ValueError, match="variance learned-range: the network .* predicts no variance"):
        ancestral.sample(network, (2, 3), variance="learned-range")


def test_a_callback_sees_each_step_and_may_stop():
    seen = []

    def callback(step):
        seen.append((step.done, step.of_all, step.x.shape, step.x0.shape))
        return step.done < 3

    network = lambda x, t: np.zeros_like(x)  # noqa: E731
    drawn = ancestral.sample(network, (4, 2), steps=10, callback=callback)
    assert seen == [(done, 10, (4, 2), (4, 2)) for done in (1, 2, 3)]
    assert drawn.shape == (4, 2)


def test_errors_of_the_function_are_raised():
    with pytest.raises(ZeroDivisionError):
        ancestral.sample(lambda x, t: 1 / 0, (2, 2), steps=3)
    for prediction, error, text in [
        (lambda x, t: x[:1], ValueError, r"prediction: 1 rows of \[2\], expected 2 of \[2\]"),
        (lambda x, t: x[:, :1], ValueError, "prediction: 2 rows"),
        (lambda x, t: x + np.inf, ValueError, "prediction: value 0 is inf"),
        (lambda x, t: None, TypeError, "prediction: an array of object"),
        (lambda x, t: 3.0, ValueError, "prediction: a number"),
        (lambda x, t: np.full(x.shape, 1e300), ValueError, "prediction: value 0 is inf"),
    ]:
        with pytest.raises(error, match=text):
            ancestral.sample(prediction, (2, 2), steps=3)


def test_what_is_wrong_is_said_by_the_name_of_the_keyword():
    network = lambda x, t: x  # noqa: E731
    for options, error, text in [
        ({"schedule": "liner"}, ValueError, "schedule: unknown schedule"),
        ({"prediction": "eps"}, ValueError, 'prediction "eps": expected epsilon, x0 or v'),
        ({"steps": 0}, ValueError, "^steps: 0 steps"),
        ({"count": 3}, ValueError, "count"),
        ({"schedule": ancestral.Schedule(zero_snr=True)}, ValueError, "epsilon prediction says nothing"),
        ({"config": "nowhere"}, FileNotFoundError, "config: no nowhere"),
        ({"config": {"beta_start": 1}}, ValueError, "config: it has no _class_name"),
        ({"config": {"_class_name": "X"}}, ValueError, "config: _class_name"),
        ({"stpes": 3}, TypeError, 'unknown keyword "stpes"'),
    ]:
        with pytest.raises(error, match=text):
            ancestral.sample(network, (2, 2), **options)
    for shape in [(), (0, 2), (2, 0)]:
        with pytest.raises(ValueError, match="shape"):
            ancestral.sample(network, shape)
