"""Evaluation, as the command does it."""

import json

import numpy as np
import pytest

import ancestral


def values(report):
    return {measure["name"]: measure["value"] for measure in report["measures"]}


@pytest.mark.filterwarnings("ignore:the Fréchet distance of 60 samples")
def test_a_model_is_measured_as_by_the_command(digits, command):
    found = ancestral.eval(digits, count=60, sets=2, steps=4)
    expected = command(
        "eval", "digits", "--count", "60", "--sets", "2", "--steps", "4", "--json", "--quiet"
    )
    expected = json.loads(expected)
    assert found["measures"] == expected["measures"]
    assert (found["samples"], found["sets"], found["real"]) == (60, 2, expected["real"])


def test_arrays_are_compared(digits):
    real, same = ancestral.noise(1, (400, 2)), ancestral.noise(2, (200, 2))
    near, far = values(ancestral.eval(same, real)), values(ancestral.eval(same + 20, real))
    assert near["frechet_distance"] < 0.1 < 10 < far["frechet_distance"]
    assert near["precision"] > 0.8 and far["precision"] < 0.2
    copies = values(ancestral.eval(real[:200].copy(), same, training=real))
    assert copies["copies"] == 1.0


def test_what_is_wrong_is_said(digits):
    for of, data, options, error, text in [
        (np.zeros((3, 2)), None, {}, TypeError, "data: needed"),
        (np.zeros((3, 2)), np.zeros((3, 3)), {}, ValueError, r"samples: rows of \[2\], expected \[3\]"),
        (digits, "nowhere", {}, ValueError, "data .*nowhere"),
        (digits, np.zeros((3, 4)), {}, ValueError, "data: shape"),
        (digits, None, {"sets": 0}, ValueError, "sets 0"),
        (digits, None, {"sampler": "dimm"}, ValueError, "sampler: unknown"),
        (np.zeros((9, 2)), np.zeros((9, 2)), {"features": "small"}, ValueError, "features: rows"),
        (digits, None, {"features": "nowhere.pt"}, ValueError, "features nowhere.pt"),
    ]:
        with pytest.raises(error, match=text):
            ancestral.eval(of, data, **options)
