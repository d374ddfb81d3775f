"""Training, as the command does it."""

import logging
import pathlib

import numpy as np
import pytest

import ancestral


def files(folder):
    paths = sorted(path for path in pathlib.Path(folder).rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def test_the_run_folder_is_that_of_the_command(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command("train", "moons", "-o", "a", "--steps", "20", "--points", "100", "--seed", "3", "--quiet")
    seen = []
    trained = ancestral.train(
        "moons", "b", steps=20, points=100, seed=3, callback=lambda *args: seen.append(args)
    )
    assert trained == (pathlib.Path("b"), "finished")
    assert seen[0][0] == "training" and seen[-1][0] == "sampling"
    assert max(done for work, done, *_ in seen if work == "training") == 20
    assert files("a") == files("b")


def test_a_callback_stops_and_the_run_is_resumed(tmp_path, caplog):
    options = {"steps": 30, "points": 100, "checkpoint_every": 0}
    with caplog.at_level(logging.INFO, "ancestral"):
        whole = ancestral.train("moons", tmp_path / "whole", **options)
    assert "MLP" in caplog.text and whole.outcome == "finished"
    begun = ancestral.train(
        "moons", tmp_path / "run", **options, callback=lambda work, done, *_: done < 10
    )
    assert begun.outcome == "interrupted"
    ended = ancestral.train(resume=tmp_path / "run")
    assert ended.outcome == "finished"
    a, b = files(whole.folder), files(ended.folder)
    weights = "mlp/diffusion_pytorch_model.safetensors"
    assert a[weights] == b[weights]


def test_arrays_are_data(tmp_path):
    pictures = (ancestral.noise(1, (20, 1, 8, 8)) * 0.3).clip(-1, 1)
    labels = np.arange(20) % 2
    options = {"steps": 2, "width": [8, 16], "groups": None}
    run = ancestral.train(pictures, tmp_path / "run", labels=labels, **options)
    pipeline = ancestral.Pipeline.from_pretrained(run.folder)
    assert pipeline.shape == (1, 8, 8) and pipeline.classes == ["0", "1"]
    points = ancestral.train(np.asfortranarray(ancestral.noise(2, (50, 3))), tmp_path / "p", steps=2)
    assert ancestral.Pipeline.from_pretrained(points.folder).shape == (3,)
    again = ancestral.train(resume=run.folder, steps=3)
    assert again.outcome == "finished"


def test_errors_of_the_callback_are_raised_after_a_checkpoint(tmp_path):
    def callback(work, done, of, details):
        if done == 5:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ancestral.train("moons", tmp_path / "run", steps=50, points=100, callback=callback)
    assert ancestral.train(resume=tmp_path / "run", steps=50).outcome == "finished"


@pytest.mark.parametrize(
    ("error", "text", "arguments", "settings"),
    [
        (TypeError, "unknown keyword 'stpes'", ["moons"], {"stpes": 3}),
        (ValueError, "invalid value '0' for 'batch <N>'", ["moons"], {"batch": 0}),
        (ValueError, "invalid value '-1' for 'lr <RATE>'", ["moons"], {"lr": -1}),
        (ValueError, "^flip: ", ["moons"], {"flip": True}),
        (ValueError, "data .*no such file", ["nowhere"], {}),
        (ValueError, "^resume: there is no run folder", [None, "nowhere"], {"resume": True}),
        (TypeError, "output: name the run folder", [np.zeros((2, 2))], {}),
        (TypeError, "labels: needs data", [], {"labels": [1], "resume": "x"}),
        (TypeError, "labels: files have their own", ["moons"], {"labels": [1]}),
        (ValueError, "threads 0", ["moons"], {"threads": 0}),
    ],
)
def test_what_is_wrong_is_said(tmp_path, monkeypatch, error, text, arguments, settings):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=text):
        ancestral.train(*arguments, **settings)
    assert not list(tmp_path.iterdir())
