// The reverse process of diffusion models, in this thread. ancestral.d.ts describes what is here.

// What outlives a call is numbers in the module; these are freed with the objects that stand for them.
const forgotten = new FinalizationRegistry(({ module, number }) => module.release(number));

export class AncestralError extends Error {
  constructor(message, setting) {
    super(message);
    this.name = "AncestralError";
    if (setting) this.setting = setting;
  }
}

// The module's functions, with their input and output.
class Module {
  constructor(exports) {
    this.exports = exports;
  }

  // Calls a function with an input, a text or bytes, and returns its number; the output is left for `bytes`.
  call(name, args, ...input) {
    const { exports } = this;
    if (!exports[name]) throw new AncestralError("this is the core alone, without models and networks");
    const parts = input.map((part) => (typeof part === "string" ? new TextEncoder().encode(part) : bytesOf(part)));
    const length = parts.reduce((sum, { length }) => sum + length, 0);
    try {
      let place = exports.input(length);
      for (const part of parts) {
        new Uint8Array(exports.memory.buffer, place).set(part);
        place += part.length;
      }
      const number = exports[name](...args);
      if (number >= 0) return number;
    } catch (error) {
      if (!(error instanceof WebAssembly.RuntimeError)) throw error;
      throw new AncestralError(`${name}: the module failed, or its memory is full: load it again`);
    }
    const [setting, ...message] = this.text().split("\n");
    throw new AncestralError(message.join("\n"), setting);
  }

  // A copy of the output.
  bytes() {
    const { exports } = this;
    const place = exports.output();
    return exports.memory.buffer.slice(place, place + exports.output_length());
  }

  text() {
    return new TextDecoder().decode(this.bytes());
  }

  json(name, number) {
    this.call(name, [number]);
    return JSON.parse(this.text());
  }

  release(number) {
    this.exports.release(number);
  }
}

function bytesOf(part) {
  if (part instanceof ArrayBuffer) return new Uint8Array(part);
  return new Uint8Array(part.buffer, part.byteOffset, part.byteLength);
}

// Something in the module.
class Held {
  constructor(module, number) {
    this.module = module;
    this.number = number;
    forgotten.register(this, { module, number }, this);
  }

  call(name, args = [], ...input) {
    if (this.number === 0) throw new AncestralError("it was freed");
    return this.module.call(name, [this.number, ...args], ...input);
  }

  free() {
    forgotten.unregister(this);
    if (this.number > 0) this.module.release(this.number);
    this.number = 0;
  }
}
if (Symbol.dispose) Held.prototype[Symbol.dispose] = Held.prototype.free;

// Columns of equal length.
function columns(values, names) {
  const length = values.length / names.length;
  return Object.fromEntries(names.map((name, i) => [name, values.slice(i * length, (i + 1) * length)]));
}

// A module from its address, an answer of fetch, or its bytes.
export async function load(source = new URL("ancestral.wasm", import.meta.url)) {
  let from = source;
  if (typeof from === "string" || from instanceof URL) from = await fetch(from);
  if (from instanceof Response) {
    if (!from.ok) throw new AncestralError(`${from.url}: ${from.status} ${from.statusText}`);
    from = await from.arrayBuffer();
  }
  const { instance } = from instanceof WebAssembly.Module ? { instance: await WebAssembly.instantiate(from) } : await WebAssembly.instantiate(from);
  return new Ancestral(new Module(instance.exports));
}

export class Ancestral {
  #module;

  constructor(module) {
    this.#module = module;
  }

  #names(kind) {
    this.#module.call("names", []);
    const lines = this.#module.text().trimEnd().split("\n").map((line) => line.split("\t"));
    return lines.filter(([found]) => found === kind).map(([, name, about]) => ({ name, about }));
  }

  get samplers() {
    return this.#names("sampler");
  }

  get schedules() {
    return this.#names("schedule");
  }

  get spacings() {
    return this.#names("spacing").map(({ name }) => name);
  }

  schedule(name = "linear", { timesteps = 1000, zeroSnr = false } = {}) {
    return new Schedule(this.#module, this.#module.call("schedule", [timesteps, Number(zeroSnr)], name));
  }

  scheduleOfBetas(betas, { zeroSnr = false } = {}) {
    return new Schedule(this.#module, this.#module.call("schedule_of_betas", [Number(zeroSnr)], Float64Array.from(betas)));
  }

  gaussian({ mean = 0, std = 1 } = {}) {
    return new Exact(this.#module, this.#module.call("gaussian", [mean, std]));
  }

  mixture(components) {
    const means = components.flatMap(({ mean }) => [...mean]);
    const rest = [components.map(({ std = 0 }) => std), components.map(({ weight = 1 }) => weight)];
    const values = Float64Array.from([...means, ...rest.flat()]);
    return new Exact(this.#module, this.#module.call("mixture", [components.length], values));
  }

  reference(name) {
    return new Exact(this.#module, this.#module.call("reference", [], name));
  }

  // Runs a sampler over the caller's own denoiser, whose calls `poll` gives.
  path({ length, ...options }) {
    return new Path(this.#module, null, { length, ...options });
  }

  open(files, { name = "from memory", size = [0, 0] } = {}) {
    const module = this.#module;
    const folder = new Held(module, module.call("folder", []));
    try {
      const entries = files instanceof Map ? files.entries() : Object.entries(files);
      for (const [path, content] of entries) {
        const encoded = new TextEncoder().encode(path);
        folder.call("file", [encoded.length], encoded, typeof content === "string" ? content : bytesOf(content));
      }
      return new Pipeline(module, folder.call("open", size, name));
    } finally {
      folder.free();
    }
  }

  async digits(base = new URL("digits/", import.meta.url)) {
    const contents = DIGITS.map(async (name) => {
      const answer = await fetch(new URL(name, base));
      if (!answer.ok) throw new AncestralError(`${answer.url}: ${answer.status} ${answer.statusText}`);
      return [name, await answer.arrayBuffer()];
    });
    return this.open(Object.fromEntries(await Promise.all(contents)), { name: "built-in digits" });
  }

  ownNetwork(network) {
    return new Pipeline(this.#module, this.#module.call("own_network", [], JSON.stringify(network)));
  }

  pixels(x, [channels, height, width]) {
    this.#module.call("pixels", [channels, height, width], Float32Array.from(x));
    return new Uint8ClampedArray(this.#module.bytes());
  }
}

// The files of the built-in model.
export const DIGITS = [
  "model_index.json",
  "ancestral.json",
  "scheduler/scheduler_config.json",
  "unet/config.json",
  "unet/diffusion_pytorch_model.safetensors",
];

class Schedule extends Held {
  get levels() {
    this.call("schedule_levels");
    return columns(new Float64Array(this.module.bytes()), ["lambda", "alpha", "sigma", "beta"]);
  }

  grid(steps, spacing = "trailing") {
    return new Grid(this.module, this.call("grid", [steps], spacing));
  }
}

class Grid extends Held {
  get points() {
    this.call("grid_points");
    return columns(new Float64Array(this.module.bytes()), ["lambda", "alpha", "sigma", "timestep"]);
  }
}

class Exact extends Held {
  denoise(x, { length, lambda }) {
    this.call("denoise", [length, lambda], Float64Array.from(x));
    return new Float64Array(this.module.bytes());
  }

  path(options) {
    return new Path(this.module, this, options);
  }
}

// What runs have in common: they are polled, answered, and can be iterated.
class Polled extends Held {
  *[Symbol.iterator]() {
    for (;;) {
      const next = this.poll();
      if (next.done) return;
      if (next.call) throw new AncestralError("its network is yours: poll and answer");
      yield next.step;
    }
  }
}

class Path extends Polled {
  constructor(module, exact, { grid, count, length, sampler = "ddpm", seed = 0, first = 0 }) {
    const args = [exact?.number ?? 0, grid.number, count, length, BigInt(seed), BigInt(first)];
    super(module, module.call("path", args, sampler));
  }

  poll() {
    const what = this.call("path_poll");
    if (what === 0) return { done: true };
    const values = new Float64Array(this.module.bytes());
    if (what === 1) {
      const size = values.length / 2;
      return { step: { x: values.slice(0, size), x0: values.slice(size) } };
    }
    const [lambda, timestep] = values;
    return { call: { x: values.slice(2), lambda, timestep: Number.isNaN(timestep) ? null : timestep } };
  }

  answer(x0) {
    this.call("path_answer", [], Float64Array.from(x0));
  }
}

class Pipeline extends Held {
  get about() {
    return this.module.json("about", this.number);
  }

  // What would be run for these settings; all that can be refused is refused here.
  plan(settings = {}) {
    const { init, from, inpaint, mask, ...rest } = settings;
    const held = new Held(this.module, this.module.call("settings", [], JSON.stringify(rest)));
    try {
      for (const [name, array] of Object.entries({ init, from, inpaint, mask })) {
        if (!array) continue;
        const head = new TextEncoder().encode(JSON.stringify({ name, shape: array.shape }));
        held.call("array", [head.length], head, Float64Array.from(array.values));
      }
      return new Plan(this.module, this.call("plan", [held.number]));
    } finally {
      held.free();
    }
  }

  run(settings) {
    const plan = this.plan(settings);
    try {
      return plan.run();
    } finally {
      plan.free();
    }
  }

  predict(x, timestep, labels) {
    const size = this.about.shape.reduce((product, axis) => product * axis, 1);
    const args = [Math.floor(x.length / size), timestep, Number(labels !== undefined)];
    this.call("predict", args, Uint32Array.from(labels ?? []), Float32Array.from(x));
    return new Float32Array(this.module.bytes());
  }

  // Samples of points or tables in the data's own units.
  cells(x) {
    this.call("cells", [], Float32Array.from(x));
    return JSON.parse(this.module.text());
  }
}

class Plan extends Held {
  get about() {
    return this.module.json("plan_about", this.number);
  }

  run() {
    return new Run(this.module, this.call("run"));
  }
}

class Run extends Polled {
  poll() {
    const what = this.call("poll");
    if (what === 0) return { done: true };
    const bytes = this.module.bytes();
    if (what === 1) {
      const [done, of, first, count] = new Float64Array(bytes, 0, 4);
      const values = new Float32Array(bytes, 32);
      const size = values.length / 2;
      return { step: { done, of, first, count, x: values.slice(0, size), x0: values.slice(size) } };
    }
    const [rows, labelled] = new Float64Array(bytes, 0, 2);
    const timesteps = new Float64Array(bytes, 16, rows);
    const end = bytes.byteLength - 4 * labelled;
    const x = new Float32Array(bytes, 16 + 8 * rows, (end - 16 - 8 * rows) / 4);
    return { call: { x, timesteps, labels: labelled ? new Uint32Array(bytes, end) : null } };
  }

  answer(prediction) {
    this.call("answer", [], Float32Array.from(prediction));
  }

  get samples() {
    this.call("samples");
    return new Float32Array(this.module.bytes());
  }

  // The bytes of a file: png or npy of pictures, csv of points and tables.
  encode(kind) {
    this.call("encode", [], kind);
    return new Uint8Array(this.module.bytes());
  }
}
