// What people call.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { site } from "./site.js";

const { AncestralError, DIGITS, load } = await import(pathToFileURL(join(site, "ancestral.js")));
const ancestral = await load(readFileSync(join(site, "ancestral.wasm")));
const digits = ancestral.open(Object.fromEntries(DIGITS.map((name) => [name, readFileSync(join(site, "digits", name))])), { name: "digits" });

function drawn(settings) {
  const run = digits.run(settings);
  const steps = [...run];
  return { steps, samples: run.samples, run };
}

const refused = (setting, message) => (error) => {
  assert.ok(error instanceof AncestralError);
  assert.equal(error.setting, setting);
  assert.match(error.message, message);
  return true;
};

test("a model says what it is", () => {
  const { kind, shape, classes, instructions, notices, weights_sha256: digest } = digits.about;
  assert.deepEqual([kind, shape, classes.length, instructions, notices], ["pictures", [1, 8, 8], 10, "simd128", []]);
  assert.match(digest, /^[0-9a-f]{64}$/);
});

test("steps lead from noise to the samples", () => {
  const { steps, samples } = drawn({ count: 3, steps: 6, seed: 7 });
  assert.deepEqual(steps.map(({ done, of, first, count }) => [done, of, first, count]), [1, 2, 3, 4, 5, 6].map((done) => [done, 6, 0, 3]));
  assert.deepEqual(steps.at(-1).x, samples);
  assert.equal(samples.length, 3 * 64);
  assert.ok(samples.every((value) => Math.abs(value) <= 1));
});

test("a sample depends on its seed and index alone", () => {
  const all = drawn({ count: 4, steps: 5, seed: 3 }).samples;
  const last = drawn({ count: 1, first: 3, steps: 5, seed: 3, class: digits.plan({ count: 4, seed: 3 }).about.classes[3] }).samples;
  assert.deepEqual(last, all.slice(3 * 64));
  assert.notDeepEqual(drawn({ count: 4, steps: 5, seed: 4 }).samples, all);
});

test("settings that are wrong are refused by name", () => {
  assert.throws(() => digits.plan({ sampler: "dimm" }), refused("sampler", /dimm.*ddim/s));
  assert.throws(() => digits.plan({ steps: 0 }), refused("steps", /steps/));
  assert.throws(() => digits.plan({ steps: "many" }), refused("steps", /invalid type/));
  assert.throws(() => digits.plan({ step: 5 }), refused("step", /unknown field/));
  assert.throws(() => digits.plan({ steps: 2.5 }), refused("steps", /invalid type/));
  assert.throws(() => digits.plan({ from: { shape: [1, 1, 4, 4], values: new Float32Array(16) } }), refused("from", /4, 4/));
  assert.throws(() => digits.plan({ mask: { shape: [1, 8, 8], values: new Float32Array(64) } }), refused("mask", /needs inpaint/));
  assert.throws(() => ancestral.open({ "model_index.json": "{" }), refused("files", /model_index\.json/));
  assert.throws(() => ancestral.schedule("linaer"), refused("schedule", /linaer/));
  assert.throws(() => ancestral.mixture([]), refused("means", /0 components/));
});

test("a part that is known is kept", () => {
  const values = new Float32Array(64).fill(1);
  const kept = Float32Array.from({ length: 64 }, (_, i) => Number(i < 32));
  const { samples } = drawn({ count: 2, steps: 8, sampler: "ddim", inpaint: { shape: [1, 8, 8], values }, mask: { shape: [8, 8], values: kept } });
  assert.ok(samples.slice(0, 32).every((value) => value > 0.99));
});

test("a run can be left, and what was freed is refused", () => {
  const run = digits.run({ count: 1, steps: 5 });
  for (const { done } of run) if (done === 2) break;
  assert.throws(() => run.samples, /steps left/);
  run.free();
  assert.throws(() => run.poll(), /freed/);
});

test("files of samples", () => {
  const { run, samples } = drawn({ count: 2, steps: 3, seed: 5 });
  const npy = run.encode("npy");
  assert.deepEqual(new Float32Array(npy.slice(-4 * samples.length).buffer), samples);
  const png = Buffer.from(run.encode("png"));
  assert.equal(png.toString("latin1", 1, 4), "PNG");
  assert.ok(png.includes("weights sha256"));
  assert.throws(() => run.encode("csv"), refused("kind", /png or npy/));
});

test("colours of pictures", () => {
  assert.deepEqual([...ancestral.pixels([-1, 1], [1, 1, 2])], [0, 0, 0, 255, 255, 255, 255, 255]);
});

test("a network of the caller is asked", () => {
  const model = ancestral.ownNetwork({ shape: [2, 1, 1], scheduler: { prediction_type: "sample", clip_sample: false } });
  const run = model.run({ count: 3, steps: 4, sampler: "heun" });
  let calls = 0;
  for (let next = run.poll(); !next.done; next = run.poll()) {
    if (!next.call) continue;
    assert.deepEqual([next.call.x.length, next.call.timesteps.length, next.call.labels], [6, 3, null]);
    calls += 1;
    run.answer(new Float32Array(6).fill(0.25));
  }
  // Heun calls twice a hop, but once on the last.
  assert.equal(calls, 7);
  assert.ok(run.samples.every((value) => Math.abs(value - 0.25) < 1e-5));
  assert.throws(() => run.answer(new Float32Array(6)), AncestralError);
});

test("schedules, grids and exact denoisers", () => {
  const schedule = ancestral.schedule("cosine", { timesteps: 100 });
  const { alpha, sigma, lambda } = schedule.levels;
  alpha.forEach((value, i) => {
    assert.ok(Math.abs(value ** 2 + sigma[i] ** 2 - 1) < 1e-12);
    assert.ok(Math.abs(Math.log(value / sigma[i]) - lambda[i]) < 1e-9);
  });
  const grid = schedule.grid(10);
  assert.deepEqual([...grid.points.timestep], [99, 89, 79, 69, 59, 49, 39, 29, 19, 9]);
  // A Gaussian of mean m and deviation s: E[x₀ | x] = m + α s² (x − α m) / (α² s² + σ²).
  const [m, s, at] = [0.5, 0.2, 0.3];
  const [a, b] = [1 / Math.sqrt(1 + Math.exp(-2 * at)), 1 / Math.sqrt(1 + Math.exp(2 * at))];
  const [found] = ancestral.gaussian({ mean: m, std: s }).denoise([1.5], { length: 1, lambda: at });
  assert.ok(Math.abs(found - (m + (a * s * s * (1.5 - a * m)) / (a * a * s * s + b * b))) < 1e-14);
  const points = ancestral.mixture([{ mean: [-1, 0] }, { mean: [1, 0] }]);
  const ends = [...points.path({ grid, count: 20, length: 2, sampler: "ddim", seed: 1 })].at(-1).x;
  for (let i = 0; i < 40; i += 2) assert.ok(Math.abs(Math.abs(ends[i]) - 1) < 1e-6 && Math.abs(ends[i + 1]) < 1e-6);
});

test("a sampler runs over a function of the caller", async () => {
  // The core alone is enough.
  const core = await load(readFileSync(join(site, "core.wasm")));
  const run = core.path({ grid: core.schedule().grid(5), count: 2, length: 3, sampler: "dpmpp-2m" });
  for (let next = run.poll(); !next.done; next = run.poll()) {
    if (next.call) run.answer(new Float64Array(6).fill(0.5));
    else if (next.step) var last = next.step.x;
  }
  assert.ok(last.every((value) => Math.abs(value - 0.5) < 1e-12));
  assert.equal(core.samplers.length, ancestral.samplers.length);
  assert.throws(() => core.open({}), /core alone/);
});

test("modules need nothing of their host", async () => {
  for (const name of ["ancestral.wasm", "core.wasm"]) {
    assert.deepEqual(WebAssembly.Module.imports(await WebAssembly.compile(readFileSync(join(site, name)))), []);
  }
});
