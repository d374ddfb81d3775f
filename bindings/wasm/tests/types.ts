// What docs/wasm.md does, for the compiler alone: the types know what the module can do, and refuse what it can't.

import { load, AncestralError } from "../js/ancestral.js";

const ancestral = await load(new URL("core.wasm", import.meta.url));
const model = await ancestral.digits();
const run = model.run({ count: 16, steps: 20, seed: 7 });
for (const { done, of, x0 } of run) {
  const values: Float32Array = x0;
  const left: number = of - done - values.length;
  if (left < 0) break;
}
const png: Uint8Array = run.encode("png");
ancestral.pixels(run.samples, model.about.shape);

const own = ancestral.ownNetwork({ shape: [3, 32, 32], scheduler: { prediction_type: "epsilon" } });
const polled = own.run({ count: 4, steps: 20, sampler: "unipc" });
for (let next = polled.poll(); !next.done; next = polled.poll()) {
  if (next.call) polled.answer(new Float32Array(next.call.x.length));
  else next.step.x0;
}

const grid = ancestral.schedule("cosine").grid(20, "trailing");
const lambda: Float64Array = grid.points.lambda;
const path = ancestral.reference("blobs").path({ grid, count: 500, length: 2, sampler: "dpmpp-2m", seed: 1 });
for (const { x } of path) ancestral.reference("ring").denoise(x, { length: 2, lambda: lambda[0] });

try {
  // @ts-expect-error: a setting that is not one
  model.plan({ stepz: 20 });
  // @ts-expect-error: a picture has three numbers
  ancestral.ownNetwork({ shape: [3, 32] });
  // @ts-expect-error: not every poll has a call
  own.run({}).poll().call.timesteps;
} catch (error) {
  if (error instanceof AncestralError) error.setting?.length, png.length;
}
