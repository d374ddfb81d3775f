"""A program that uses every public name, for a type checker in its strict mode. It is not run."""

import numpy as np
import numpy.typing as npt

import ancestral
from ancestral import exact

Floats = npt.NDArray[np.float32]


def draw() -> Floats:
    pipeline: ancestral.Pipeline = ancestral.Pipeline.from_pretrained(
        "digits", variant=None, size=(16, 16), device="cpu", precision="f32", threads=2
    ).to("cpu")
    print(pipeline.name, pipeline.shape, pipeline.classes, pipeline.columns, pipeline.digest)
    plan: ancestral.Plan = pipeline.plan(count=4, steps=10, guidance_interval=(0.2, 5))
    print(plan.count + plan.first + plan.hops + plan.calls + plan.batch, plan.sampler, plan.shape)
    print(plan.notices, dict(plan.provenance), plan.classes, plan.differences())
    samples: ancestral.Samples = pipeline(
        batch_size=4, num_inference_steps=10, seed=7, class_labels=3, output_type="np"
    )
    samples.save("digits.png")
    print(samples.images, samples.table, samples.classes, samples.snapshots, samples.provenance)
    print(len(samples), len(samples.encode("png")))
    steps: ancestral.Steps = pipeline.steps(count=2, steps=5, class_="3")
    for step in steps:
        done: int = step.done + step.of_all + step.first
        print(done, step.x.shape, step.x0.dtype, len(steps))
    noise = pipeline.invert(samples.x, steps=10)
    again = pipeline(init=noise, inpaint=samples.x, mask=np.ones((8, 8)), from_=None)
    return again.x + pipeline.predict(samples.x, 999, [10] * 4) + steps.samples().x


def network(x: Floats, t: float) -> Floats:
    return np.zeros_like(x) * t


def watch(step: ancestral.Step) -> bool:
    return step.done < 3


def look(schedule: ancestral.Schedule) -> float:
    grid: ancestral.Grid = schedule.grid(10, spacing="karras")
    levels = grid.timesteps + grid.alpha + grid.sigma + grid.lambdas
    table = schedule.betas + schedule.alpha_bar + schedule.alpha + schedule.sigma + schedule.snr
    rows = schedule.noised([[1.0]], [[0.0]], [3]) + schedule.target("v", [[1.0]], [[0.0]], [3])
    gaussian, ring = exact.Gaussian(0.3, 0.2), exact.Mixture.reference("ring")
    points = ring.sample((4, 2), grid, "ddim", seed=1) + ring.denoise([[0.0, 1.0]], 0.5)
    mixed = exact.Mixture([[0.0, 1.0]], [0.1], [1.0]).means + exact.Mixture.finite([[0.0, 1.0]]).means
    flow = gaussian.flow([[0.0]], -1, 1) + gaussian.denoise([[1.0]], 0) + gaussian.sample((1, 1), grid)
    sums = [levels.sum(), table.sum(), rows.sum(), points.sum(), mixed.sum(), flow.sum()]
    return float(sum(sums)) + len(schedule) + len(grid) + float(schedule.lambdas[0])


def own() -> Floats:
    schedule = ancestral.Schedule.from_betas([0.1, 0.2], zero_snr=False)
    x: Floats = ancestral.sample(
        network, (4, 2), schedule=schedule, prediction="v", callback=watch, sampler="unipc", steps=2
    )
    scheduler = ancestral.Scheduler.from_config(ancestral.Scheduler("cosine", sampler="unipc").config)
    scheduler.set_timesteps(10)
    output = ancestral.SchedulerOutput(x, None)
    for t in scheduler.timesteps:
        output = scheduler.step(network(x, 1.0), t, x, generator=None)
        x = scheduler.scale_model_input(output.prev_sample, t)
    x = scheduler.add_noise(x, ancestral.noise(1, (4, 2), first=2, draw=1), [3])
    print(scheduler.sampler, len(scheduler), scheduler.alphas_cumprod, scheduler.schedule)
    print(output.pred_original_sample, scheduler.get_velocity(x, x, [3]))
    return x


def learn() -> float:
    trained: ancestral.Trained = ancestral.train(
        "digits", "runs/digits", steps=100, width=[8, 16], size=(8, 8), callback=print
    )
    report = ancestral.eval(ancestral.Pipeline.from_pretrained(trained.folder), count=100, sets=1)
    print(trained.outcome, ancestral.samplers(), ancestral.schedules(), ancestral.spacings())
    print(ancestral.Notice("a notice"), ancestral.__version__)
    return report["measures"][0]["value"]
