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
    assert found == expected
    assert (found["samples"], found["sets"]) == (60, 2)


@pytest.mark.filterwarnings("ignore")
def test_a_table_is_measured_as_by_the_command(tmp_path, command):
    people = tmp_path / "people.csv"
    generator = np.random.default_rng(7)
    ages, jobs = generator.normal(40, 10, 120).round(1), generator.choice(["cook", "clerk"], 120)
    people.write_text("age,job\n" + "".join(f"{a},{j}\n" for a, j in zip(ages, jobs, strict=True)))
    run = ancestral.train(str(people), tmp_path / "run", steps=3, threads=1)
    pipe = ancestral.Pipeline.from_pretrained(run.folder)
    found = ancestral.eval(pipe, str(people), count=50, sets=2, steps=3, target="job")
    arguments = ["--count", "50", "--sets", "2", "--steps", "3", "--target", "job", "--json", "--quiet"]
    expected = json.loads(command("eval", str(run.folder), str(people), *arguments))
    assert found == expected
    assert [column["name"] for column in found["table"]["columns"]] == ["age", "job"]


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
        (digits, None, {"target": "age"}, ValueError, "target: the data are no table"),
        (digits, None, {"features": "nowhere.pt"}, ValueError, "features nowhere.pt"),
    ]:
        with pytest.raises(error, match=text):
            ancestral.eval(of, data, **options)
