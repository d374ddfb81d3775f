"""Arrays of any layout are the numbers that they hold, or are refused by the name of the keyword."""

import numpy as np
import pytest

import ancestral

NOISE = ancestral.noise(7, (4, 1, 8, 8))


def read_only(x):
    x = x.copy()
    x.flags.writeable = False
    return x


@pytest.mark.parametrize(
    ("name", "layout"),
    {
        "as it is": lambda x: x,
        "float64": lambda x: x.astype(np.float64),
        "big-endian": lambda x: x.astype(">f4"),
        "big-endian float64": lambda x: x.astype(">f8"),
        "Fortran order": np.asfortranarray,
        "read-only": read_only,
        "a transposed view": lambda x: np.ascontiguousarray(x.T).T,
        "every second of twice as many": lambda x: np.repeat(x, 2, 0)[::2],
        "backwards twice": lambda x: x[::-1].copy()[::-1],
        "a list": lambda x: x.tolist(),
        "a subclass": lambda x: x.view(np.recarray),
        "not aligned": lambda x: np.frombuffer(b"\0" + x.tobytes(), np.float32, offset=1).reshape(x.shape),
    }.items(),
)
def test_the_same_numbers_give_the_same_samples(digits, name, layout):
    expected = digits(init=NOISE, steps=3, sampler="ddim").x
    array = layout(NOISE)
    found = digits(init=array, steps=3, sampler="ddim").x
    np.testing.assert_array_equal(found, expected, err_msg=name)
    np.testing.assert_array_equal(np.asarray(array), NOISE)


def test_what_is_half_as_precise_is_read_as_it_is(digits):
    half = NOISE.astype(np.float16)
    expected = digits(init=half.astype(np.float32), steps=2, sampler="ddim").x
    np.testing.assert_array_equal(digits(init=half, steps=2, sampler="ddim").x, expected)


@pytest.mark.parametrize(
    ("error", "text", "init"),
    [
        (TypeError, "init: an array of complex128", NOISE.astype(complex)),
        (TypeError, "init: an array of object", np.array([None, 3], dtype=object)),
        (TypeError, "init: an array of <U1", np.array(["a", "b"])),
        (TypeError, "init: a masked array", np.ma.masked_array(NOISE, NOISE > 0)),
        (TypeError, "init: whole numbers", np.zeros((2, 1, 8, 8), dtype=int)),
        (ValueError, "init: value 5 is NaN", np.where(np.arange(64) == 5, np.nan, 0).reshape(1, 1, 8, 8)),
        (ValueError, "init: value 0 is .*too large for float32", np.full((1, 1, 8, 8), 1e300)),
        (ValueError, "init: shape", NOISE[..., None]),
        (ValueError, "init: no rows", np.zeros((0, 1, 8, 8))),
        (ValueError, "init: ", [[1.0, 2.0], [3.0]]),
    ],
)
def test_what_is_no_noise_is_refused(digits, error, text, init):
    with pytest.raises(error, match=text):
        digits(init=init, steps=2)


def test_bytes_are_pictures(digits):
    pictures = np.arange(64, dtype=np.uint8).reshape(1, 1, 8, 8) * 4
    reals = pictures / 127.5 - 1
    a, b = [digits(from_=one, strength=0.2, count=1, steps=5).x for one in (pictures, reals)]
    np.testing.assert_allclose(a, b, atol=1e-6)
    with pytest.raises(TypeError, match="from_: integers of unknown range"):
        digits(from_=pictures.astype(np.int64), count=1, steps=5)


def test_what_is_given_out_is_ours_to_change(digits):
    samples = digits(count=2, steps=2)
    before = samples.encode("npy")
    samples.x[:] = 0
    assert samples.x.max() == 0 and samples.encode("npy") != before
    step = next(digits.steps(count=2, steps=2))
    step.x[:] = 5
    assert step.x.max() != 5


def test_other_libraries_give_arrays_by_dlpack(digits):
    class Tensor:
        def __init__(self, array):
            self.array = array

        def __dlpack__(self, **options):
            return self.array.__dlpack__(**options)

        def __dlpack_device__(self):
            return self.array.__dlpack_device__()

    found = digits(init=Tensor(NOISE.copy()), steps=2, sampler="ddim").x
    np.testing.assert_array_equal(found, digits(init=NOISE, steps=2, sampler="ddim").x)
