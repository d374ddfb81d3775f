"""A pipeline draws what the command draws, and says what is wrong by the name of the keyword."""

import pathlib
import subprocess
import sys

import numpy as np
import pytest

import ancestral


@pytest.mark.parametrize("kind", ["png", "npy", "npz"])
def test_equal_settings_write_the_bytes_of_the_command(digits, command, tmp_path, kind):
    command("sample", "-n", "5", "--steps", "8", "--seed", "7", "-o", f"a.{kind}", "--quiet")
    digits(batch_size=5, num_inference_steps=8, seed=7).save(tmp_path / f"b.{kind}")
    a, b = [(tmp_path / f"{name}.{kind}").read_bytes() for name in "ab"]
    assert a == b


def test_settings_of_all_kinds_are_those_of_the_command(digits, command, tmp_path):
    flags = ["--class", "3", "--guidance", "2", "--sampler", "heun:churn=10", "--spacing", "karras"]
    flags += ["--first", "2", "--steps", "6", "-n", "3", "--no-clip", "--batch", "2"]
    command("sample", *flags, "-o", "a.npy", "--quiet")
    drawn = digits(
        class_labels=3, guidance_scale=2, sampler="heun:churn=10", spacing="karras", first=2,
        steps=6, count=3, clip=False, batch=2,
    )  # fmt: skip
    np.testing.assert_array_equal(drawn.x, np.load(tmp_path / "a.npy"))
    assert drawn.provenance["class"] == "3"


def test_a_folder_is_opened_and_a_gif_shows_snapshots(digits, command, tmp_path):
    command("convert", "digits", "-o", "model")
    folder = ancestral.Pipeline.from_pretrained(tmp_path / "model")
    a, b = [one(count=2, steps=4, snapshots=4) for one in (digits, folder)]
    np.testing.assert_array_equal(a.x, b.x)
    assert folder.digest == digits.digest
    assert len(a.snapshots) == 5 and a.encode("gif")[:3] == b"GIF"
    with pytest.raises(ValueError, match="snapshots=50"):
        digits(count=1, steps=1).encode("gif")


def test_pictures_have_the_form_of_the_output_type(digits):
    raw = digits(count=3, steps=3, seed=1, output_type="raw").images
    assert raw.shape == (3, 1, 8, 8) and raw.dtype == np.float32 and raw.flags.writeable
    pictures = digits(count=3, steps=3, seed=1, output_type="np").images
    expected = np.clip(raw / 2 + 0.5, 0, 1).transpose(0, 2, 3, 1)
    np.testing.assert_array_equal(pictures, expected)
    pil = pytest.importorskip("PIL.Image")
    images = digits(count=3, steps=3, seed=1).images
    assert isinstance(images[0], pil.Image) and len(images) == 3
    np.testing.assert_array_equal(np.asarray(images[1]), np.rint(255 * pictures[1, ..., 0]))


def test_numpy_is_imported_when_an_array_is_asked_for(tmp_path):
    program = """
import sys, ancestral
samples = ancestral.Pipeline.from_pretrained("digits")(batch_size=2, num_inference_steps=2, seed=4)
samples.save(sys.argv[1])
assert len(samples) == 2 and "numpy" not in sys.modules
before = samples.encode("npy")
x = samples.x
assert "numpy" in sys.modules and samples.x is x and x.flags.writeable
assert samples.encode("npy") == before == open(sys.argv[1], "rb").read()
"""
    subprocess.run([sys.executable, "-c", program, tmp_path / "a.npy"], check=True)


def test_steps_lead_to_the_samples_and_can_be_left(digits):
    steps = digits.steps(count=2, steps=5, seed=3)
    assert len(steps) == 5
    seen = [(step.done, step.of_all, step.x, step.x0) for step in steps]
    assert [done for done, *_ in seen] == [1, 2, 3, 4, 5] and seen[0][1] == 5
    samples = digits(count=2, steps=5, seed=3)
    np.testing.assert_array_equal(seen[-1][2], samples.x)
    np.testing.assert_array_equal(seen[-1][3], samples.x)
    np.testing.assert_array_equal(steps.samples().x, samples.x)
    for step in digits.steps(count=2, steps=5, seed=3):
        if step.done == 2:
            np.testing.assert_array_equal(step.x, seen[1][2])
            break


def test_a_plan_calls_no_network(digits):
    plan = digits.plan(batch_size=3, num_inference_steps=10, sampler="heun", seed=2)
    assert (plan.count, plan.hops, plan.calls, plan.shape) == (3, 10, 18, [1, 8, 8])
    assert plan.sampler.startswith("heun") and dict(plan.provenance)["seed"] == "2"
    assert "HeunDiscreteScheduler" in plan.differences()[0]
    assert len(digits.plan(count=20).classes) == 20


def test_noise_that_was_found_leads_back_to_the_data(digits):
    x0 = digits(count=4, steps=20, seed=5, class_="3").x
    x_t = digits.invert(x0, class_="3", steps=100)
    back = digits(init=x_t, class_="3", steps=100, sampler="ddim").x
    assert np.abs(back - x0).max() < 0.05
    assert np.abs(x_t).max() > 1.5


def test_known_pixels_stay(digits):
    known = digits(count=1, steps=20, seed=5).x
    mask = np.zeros((8, 8))
    mask[:, :4] = 1
    found = digits(inpaint=known[0], mask=mask, count=3, steps=10).x
    np.testing.assert_array_equal(found[..., :4], np.repeat(known, 3, 0)[..., :4])
    from_ = digits(from_=known, strength=0.3, count=2, steps=10)
    assert np.abs(from_.x - known).mean() < 0.5


def test_points_are_in_the_units_of_the_data(command, tmp_path):
    command("train", "moons", "-o", "run", "--steps", "20", "--points", "100", "--quiet")
    moons = ancestral.Pipeline.from_pretrained(tmp_path / "run")
    samples = moons(count=7, steps=5)
    assert samples.table.shape == (7, 2) and moons.columns == ["x", "y"]
    command("sample", "run", "-n", "7", "--steps", "5", "-o", "a.npy", "--quiet")
    np.testing.assert_array_equal(samples.table.astype(np.float32), np.load(tmp_path / "a.npy"))
    back = moons.invert(samples.table, steps=20)
    assert back.dtype == np.float64 and moons(init=back, steps=2).table.shape == (7, 2)


@pytest.mark.parametrize(
    ("error", "text", "settings"),
    [
        (TypeError, 'unknown keyword "stpes"', {"stpes": 3}),
        (TypeError, "steps: expected a whole number, 0 or more, found 'ten'", {"steps": "ten"}),
        (TypeError, "steps: expected a whole number, 0 or more, found True", {"steps": True}),
        (TypeError, "num_inference_steps: expected .* found 2.5", {"num_inference_steps": 2.5}),
        (ValueError, "seed -1: expected a whole number from 0", {"seed": -1}),
        (ValueError, "^num_inference_steps: 0 steps", {"num_inference_steps": 0}),
        (ValueError, "^batch_size 0: expected at least 1", {"batch_size": 0}),
        (TypeError, "batch_size: not together with count", {"batch_size": 1, "count": 2}),
        (ValueError, "^sampler: unknown sampler", {"sampler": "dimm"}),
        (ValueError, "^class_ horse: .* has no such class", {"class_": "horse"}),
        (ValueError, "^class_labels 11: .* has no such class", {"class_labels": 11}),
        (TypeError, "class_labels: expected the name or the number", {"class_labels": [1, 2]}),
        (ValueError, "^guidance_scale 2: class_ none is no class", {"guidance_scale": 2, "class_": "none"}),
        (ValueError, "^guidance_rescale: needs guidance$", {"guidance_rescale": 0.5}),
        (ValueError, 'rng "numpy": expected ancestral, torch', {"rng": "numpy"}),
        (ValueError, 'compat "k": expected "diffusers"', {"compat": "k"}),
        (ValueError, "^strength: needs from_$", {"strength": 0.5}),
        (TypeError, "mask: needs inpaint", {"mask": np.ones((8, 8))}),
        (ValueError, r"init: shape \[2, 1, 4, 4\], expected", {"init": np.ones((2, 1, 4, 4))}),
        (ValueError, "output_type 'jpg'", {"output_type": "jpg"}),
    ],
)
def test_what_is_wrong_is_said_by_the_name_of_the_keyword(digits, error, text, settings):
    with pytest.raises(error, match=text):
        digits(**settings)


def test_models_that_are_not_there_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such model folder"):
        ancestral.Pipeline.from_pretrained("nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="empty"):
        ancestral.Pipeline.from_pretrained(tmp_path / "empty")
    for options, text in [
        ({"variant": "fp16"}, "variant: "),
        ({"size": 9}, "size 9x9: "),
        ({"device": "cuda"}, "device"),
        ({"precision": "f16"}, 'precision "f16"'),
        ({"threads": 0}, "threads 0"),
    ]:
        with pytest.raises(ValueError, match=text):
            ancestral.Pipeline.from_pretrained("digits", **options)
    with pytest.raises(ValueError, match="CPU alone"):
        ancestral.Pipeline.from_pretrained("digits").to("cuda")


def test_notices_are_warnings_at_the_caller(digits):
    with pytest.warns(ancestral.Notice, match="a single step starts at timestep 999") as seen:
        digits(count=1, steps=1, spacing="leading")
    assert pathlib.Path(seen[0].filename) == pathlib.Path(__file__)


def test_samples_know_what_draws_them_again(digits):
    samples = digits(count=3, steps=4, seed=9)
    again = digits(count=1, first=2, steps=4, seed=9)
    np.testing.assert_array_equal(samples.x[2], again.x[0])
    assert samples.provenance["weights sha256"] == digits.digest
    assert len(samples) == 3 and samples._repr_png_()[1:4] == b"PNG"
    assert len(samples.classes) == 3
