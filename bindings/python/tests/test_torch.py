"""Beside PyTorch and diffusers, where they are installed."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
diffusers = pytest.importorskip("diffusers")

import ancestral  # noqa: E402

pytestmark = [
    # Of other libraries.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

SAMPLERS = [name for name, _ in ancestral.samplers()]
# The classes of diffusers that have a counterpart here.
CLASSES = [
    "DDPMScheduler",
    "DDIMScheduler",
    "DPMSolverMultistepScheduler",
    "DPMSolverSinglestepScheduler",
    "UniPCMultistepScheduler",
    "DEISMultistepScheduler",
    "EulerDiscreteScheduler",
    "EulerAncestralDiscreteScheduler",
    "HeunDiscreteScheduler",
    "KDPM2DiscreteScheduler",
    "KDPM2AncestralDiscreteScheduler",
    "LMSDiscreteScheduler",
    "PNDMScheduler",
    "LCMScheduler",
]


@pytest.fixture(scope="module")
def unet():
    torch.manual_seed(0)
    return diffusers.UNet2DModel(
        sample_size=8,
        in_channels=3,
        out_channels=3,
        block_out_channels=(32, 32),
        down_block_types=("DownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "UpBlock2D"),
        norm_num_groups=8,
        layers_per_block=1,
    ).eval()


def as_network(unet):
    def network(x, t):
        with torch.no_grad():
            return unet(torch.from_numpy(x), torch.tensor(t)).sample

    return network


def diffusers_loop(unet, scheduler, steps, x, generator):
    scheduler.set_timesteps(steps)
    x = x * scheduler.init_noise_sigma
    for t in scheduler.timesteps:
        with torch.no_grad():
            output = unet(scheduler.scale_model_input(x, t), t).sample
        options = {"generator": generator} if "generator" in scheduler.step.__code__.co_varnames else {}
        x = scheduler.step(output, t, x, **options).prev_sample
    return x.numpy()


@pytest.mark.parametrize("name", CLASSES)

def test_a_torch_network_is_sampled_as_by_diffusers(unet, name):
    scheduler = getattr(diffusers, name)()
    generator = torch.Generator().manual_seed(5)
    x = torch.randn((2, 3, 8, 8), generator=generator)
    expected = diffusers_loop(unet, scheduler, 8, x, generator)
    found = ancestral.sample(
        as_network(unet),
        (2, 3, 8, 8),
        config=scheduler,
        compat="diffusers",
        steps=8,
        generator=torch.Generator().manual_seed(5),
    )
    assert np.abs(found - expected).max() <= 1e-4 * max(1, np.abs(expected).max())


@pytest.mark.parametrize("sampler", SAMPLERS)

def test_our_scheduler_drops_into_a_pipeline(unet, sampler):
    scheduler = ancestral.Scheduler.from_config(diffusers.DDPMScheduler(), sampler=sampler)
    pipeline = diffusers.DDPMPipeline(unet=unet, scheduler=scheduler)
    pipeline.set_progress_bar_config(disable=True)
    images = pipeline(
        batch_size=2,
        generator=torch.Generator().manual_seed(1),
        num_inference_steps=6,
        output_type="np",
    ).images
    assert images.shape == (2, 8, 8, 3) and np.isfinite(images).all()
    # The same draws, by our own loop.
    expected = ancestral.sample(
        as_network(unet),
        (2, 3, 8, 8),
        config=diffusers.DDPMScheduler(),
        sampler=sampler,
        steps=6,
        generator=torch.Generator().manual_seed(1),
    )
    expected = np.clip(expected / 2 + 0.5, 0, 1).transpose(0, 2, 3, 1)
    np.testing.assert_allclose(images, expected, atol=1e-5)


def test_tensors_go_in_and_come_out(digits):
    noise = torch.from_numpy(ancestral.noise(7, (2, 1, 8, 8)))
    a = digits(init=noise, steps=3, sampler="ddim").x
    b = digits(init=noise.numpy(), steps=3, sampler="ddim").x
    np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(digits(init=noise.requires_grad_(), steps=3, sampler="ddim").x, a)
    half = noise.detach().to(torch.bfloat16)
    np.testing.assert_array_equal(
        digits(init=half, steps=2, sampler="ddim").x,
        digits(init=half.float(), steps=2, sampler="ddim").x,
    )
    scheduler = ancestral.Scheduler()
    scheduler.set_timesteps(4)
    assert torch.is_tensor(scheduler.timesteps) and scheduler.timesteps.dtype == torch.int64
    for dtype in (torch.float32, torch.float64, torch.float16, torch.bfloat16):
        x = half.to(dtype)
        for t in scheduler.timesteps:
            x = scheduler.step(torch.zeros_like(x), t, x).prev_sample
            assert torch.is_tensor(x) and x.dtype == dtype
        added = scheduler.add_noise(x, torch.randn_like(x), torch.tensor([3, 5]))
        assert added.dtype == dtype
    assert torch.from_numpy(digits(count=1, steps=1).x).sum().isfinite()


def test_generators_are_read(digits):
    generator = torch.Generator().manual_seed(3)
    a = digits(batch_size=2, num_inference_steps=2, generator=generator).x
    b = digits(batch_size=2, num_inference_steps=2, seed=3, rng="torch").x
    np.testing.assert_array_equal(a, b)
    each = [torch.Generator().manual_seed(seed) for seed in (3, 4)]
    c = digits(num_inference_steps=2, generator=each).x
    d = digits(batch_size=2, num_inference_steps=2, seed=3, rng="torch-each").x
    np.testing.assert_array_equal(c, d)
    generator.manual_seed(3)
    torch.randn(1, generator=generator)
    with pytest.warns(ancestral.Notice, match="it was drawn from before"):
        digits(batch_size=1, num_inference_steps=1, generator=generator)
    for wrong, error, text in [
        (np.random.default_rng(3), TypeError, "expected a torch.Generator"),
        (each[::-1], ValueError, "do not follow each other"),
        ([], ValueError, "do not follow each other"),
    ]:
        with pytest.raises(error, match=text):
            digits(generator=wrong)
    with pytest.raises(ValueError, match="2 generators, expected 3"):
        digits(generator=each, batch_size=3)
    with pytest.raises(TypeError, match="not together with seed"):
        digits(generator=each, seed=3)
