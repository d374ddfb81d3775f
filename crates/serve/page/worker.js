// The worker of here.js: the module, the built-in model, and runs that take turns.

import { load } from "./ancestral.js";

const opened = load().then(async (ancestral) => ({ ancestral, model: await ancestral.digits() }));
const over = new Set();

self.onmessage = async ({ data: { run, isOver, about, settings } }) => {
  if (isOver) return over.add(run);
  const say = (name, data) => self.postMessage({ run, name, data });
  try {
    const { ancestral, model } = await opened;
    if (about) return say("about", facts(model.about));
    await draw(ancestral, model, settings, say, () => over.has(run));
  } catch (error) {
    say("error", { detail: error.message, pointer: error.setting && `/${error.setting}` });
  }
};

function facts(about) {
  const limits = { count: 1000, steps: about.timesteps, previews: about.timesteps };
  return { ...about, id: "digits", limits };
}

async function draw(ancestral, model, { model: id, previews, ...asked }, say, isOver) {
  const { shape } = model.about;
  const plan = model.plan(await withArrays(asked, shape));
  const { count, classes, notices } = plan.about;
  const run = plan.run();
  try {
    say("accepted", { count, classes, place: 0 });
    for (const { done, of, x0 } of run) {
      say("step", { done, of, pixels: ancestral.pixels(x0, shape) });
      await turn();
      if (isOver()) return;
    }
    say("sample", { pixels: ancestral.pixels(run.samples, shape) });
    const file = (kind, type) => new Blob([run.encode(kind)], { type });
    const links = { png: file("png", "image/png"), npy: file("npy", "application/x-npy") };
    say("done", { model: id, seed_text: String(asked.seed ?? 0), notices, links });
  } finally {
    run.free();
    plan.free();
  }
}

// Lets messages in: another run, or the end of this one.
function turn() {
  return new Promise((next) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      next();
    };
    port2.postMessage(null);
  });
}

// The settings of a request, with numbers for texts and arrays for pictures.
async function withArrays({ seed, inpaint, mask, ...settings }, shape) {
  if (seed !== undefined) {
    settings.seed = Number(seed);
    if (!Number.isSafeInteger(settings.seed)) throw Object.assign(new Error(`seed ${seed}: expected a whole number up to 2^53`), { setting: "seed" });
  }
  if (inpaint) {
    settings.inpaint = { shape: [1, ...shape], values: await pixelsOf(inpaint.png, shape) };
    const shares = await pixelsOf(mask.png, [1, shape[1], shape[2]]);
    settings.mask = { shape: [1, 1, shape[1], shape[2]], values: shares.map((value) => (value + 1) / 2) };
  }
  return settings;
}

// A picture in model space, from a PNG as base64.
async function pixelsOf(png, [channels, height, width]) {
  const bytes = Uint8Array.from(atob(png), (letter) => letter.charCodeAt(0));
  const picture = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
  const context = new OffscreenCanvas(width, height).getContext("2d");
  context.drawImage(picture, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  const plane = (channel) => Array.from({ length: height * width }, (_, i) => data[4 * i + channel] / 127.5 - 1);
  return Array.from({ length: channels }, (_, channel) => plane(channel)).flat();
}
