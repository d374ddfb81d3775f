/** The reverse process of diffusion models in WebAssembly: see docs/wasm.md. */

/** What is wrong, and the setting or argument that it is about, if it is one. */
export class AncestralError extends Error {
  readonly setting?: string;
}

/**
 * Loads the module: `ancestral.wasm`, or `core.wasm`, which has no models.
 * @param source Its address, an answer of `fetch`, its bytes or a compiled module; beside this script by default.
 */
export function load(source?: string | URL | Response | BufferSource | WebAssembly.Module): Promise<Ancestral>;

/** The names of the files of the built-in model. */
export const DIGITS: readonly string[];

export type Numbers = ArrayLike<number> & Iterable<number>;

/** Values with their shape; the last axis runs fastest. */
export interface Values {
  shape: number[];
  values: Numbers;
}

/** What is drawn, and how; all may be left out. The names are those of the command line and of the server. */
export interface Settings {
  /** How many samples. */
  count?: number;
  /** Index of the first. */
  first?: number;
  /** A whole number up to 2^53. */
  seed?: number;
  rng?: "ancestral" | "torch" | "torch-each";
  /** A class by its name, or "none". */
  class?: string;
  null_label?: number;
  /** Samples in one network call. */
  batch?: number;
  /** A sampler with its options, as in "unipc:order=3". */
  sampler?: string;
  eta?: number;
  variance?: string;
  /** Hops from noise to data. */
  steps?: number;
  /** As many hops as take so many network calls, in place of steps. */
  calls?: number;
  spacing?: string;
  /** The timesteps that are visited, descending. */
  visit?: number[];
  clip?: boolean;
  compat?: "diffusers";
  guidance?: number;
  guidance_rescale?: number;
  guidance_interval?: [number, number];
  strength?: number;
  interpolate?: number;
  /** x_T, in model space. */
  init?: Values;
  /** Data to begin with: pictures in [−1, 1], other rows in their own units. */
  from?: Values;
  /** What is known of the samples, where `mask` is 1. */
  inpaint?: Values;
  mask?: Values;
}

export interface Named {
  name: string;
  about: string;
}

export interface Notice {
  kind: "note" | "warning";
  text: string;
}

/** What lives in the module. It is freed when it is forgotten, or at once. */
interface Held {
  free(): void;
}

/** A module that is loaded: an instance with a memory of its own. */
export class Ancestral {
  private constructor();
  readonly samplers: Named[];
  readonly schedules: Named[];
  readonly spacings: string[];
  /** The noise levels of a name, perhaps with options. */
  schedule(name?: string, options?: { timesteps?: number; zeroSnr?: boolean }): Schedule;
  scheduleOfBetas(betas: Numbers, options?: { zeroSnr?: boolean }): Schedule;
  /** N(mean, std²) in every dimension. */
  gaussian(options?: { mean?: number; std?: number }): Exact;
  /** A mixture of isotropic Gaussians; a `std` of 0, the default, is a point. */
  mixture(components: { mean: Numbers; std?: number; weight?: number }[]): Exact;
  /** A mixture of the plane that samplers are compared on. */
  reference(name: "blobs" | "ring"): Exact;
  /** A run over a denoiser of yours. */
  path(options: PathOptions): Path;
  /** A model from the files of its folder, by their names with "/". */
  open(
    files: Map<string, string | BufferSource> | Record<string, string | BufferSource>,
    options?: { name?: string; size?: [height: number, width: number] },
  ): Pipeline;
  /** The built-in model, from the folder `digits` beside this script. */
  digits(base?: URL | string): Promise<Pipeline>;
  /** A model whose network is yours: its runs are polled and answered. */
  ownNetwork(network: {
    /** [channels, height, width] of a sample. */
    shape: [number, number, number];
    /** The keys of diffusers' scheduler_config.json. */
    scheduler?: Record<string, unknown>;
    /** How many labels it takes, if it takes any. */
    classes?: number;
    predictsVariance?: boolean;
  }): Pipeline;
  /** Pictures in [−1, 1] as colours and opacities for `ImageData`, one after the other. */
  pixels(x: Numbers, shape: number[]): Uint8ClampedArray<ArrayBuffer>;
}

export interface Schedule extends Held {
  /** Of each timestep, the cleanest first. */
  readonly levels: Record<"lambda" | "alpha" | "sigma" | "beta", Float64Array>;
  /** The points that a run of so many steps visits. */
  grid(steps: number, spacing?: string): Grid;
}

export interface Grid extends Held {
  /** Of each point, the noisiest first; a timestep is NaN where a point has none. */
  readonly points: Record<"lambda" | "alpha" | "sigma" | "timestep", Float64Array>;
}

export interface PathOptions {
  grid: Grid;
  /** How many samples. */
  count: number;
  /** Values in one. */
  length: number;
  sampler?: string;
  seed?: number | bigint;
  first?: number | bigint;
}

/** Data whose clean estimate has a closed form. */
export interface Exact extends Held {
  /** E[x₀ | x] of rows of `length` values at the noise level λ = ln(α/σ). */
  denoise(x: Numbers, options: { length: number; lambda: number }): Float64Array;
  path(options: PathOptions): Path;
}

export type Next<Call, Step> =
  | { call: Call; step?: undefined; done?: undefined }
  | { call?: undefined; step: Step; done?: undefined }
  | { call?: undefined; step?: undefined; done: true };

/** A run of a sampler in f64. Iterated it gives its steps; with a denoiser of yours it is polled and answered. */
export interface Path extends Held, Iterable<PathStep> {
  poll(): Next<{ x: Float64Array; lambda: number; timestep: number | null }, PathStep>;
  /** Gives it the clean estimates for its call. */
  answer(x0: Numbers): void;
}

export interface PathStep {
  x: Float64Array;
  /** The clean estimates that led there. */
  x0: Float64Array;
}

export interface Pipeline extends Held {
  readonly about: About;
  /** What would be run. All that can be refused is refused here. */
  plan(settings?: Settings): Plan;
  run(settings?: Settings): Run;
  /** The raw prediction of the network for rows at a timestep, each with its label. */
  predict(x: Numbers, timestep: number, labels?: Numbers): Float32Array;
  /** Samples of points or tables in the data's own units. */
  cells(x: Numbers): (number | string | null)[][];
}

export interface About {
  name: string;
  kind: "pictures" | "points" | "table";
  shape: number[];
  classes: string[] | null;
  has_none_class: boolean;
  must_choose_class: boolean;
  columns: { name: string; kind: string; values: string[] | null; mean: number | null; deviation: number | null }[] | null;
  timesteps: number;
  weights_sha256: string;
  defaults: { count: number; steps: number; sampler: string; spacing: string; clip: boolean; variance: string };
  notices: string[];
  /** The instructions that the network is computed with: "simd128", or "scalar". */
  instructions: string;
}

export interface Plan extends Held {
  readonly about: {
    first: number;
    count: number;
    shape: number[];
    hops: number;
    calls: number;
    batch: number;
    sampler: string;
    classes: (string | null)[];
    notices: Notice[];
    /** What makes the samples again. */
    provenance: [key: string, value: string][];
  };
  run(): Run;
}

export interface RunStep {
  /** Hops that are done, */
  done: number;
  /** of so many. */
  of: number;
  /** Index of the first sample of this step, */
  first: number;
  /** and how many there are. */
  count: number;
  /** The samples now, in model space. */
  x: Float32Array;
  /** The clean estimates that led there. */
  x0: Float32Array;
}

/** A run, one step at a time; leaving the loop stops it. */
export interface Run extends Held, Iterable<RunStep> {
  poll(): Next<{ x: Float32Array; timesteps: Float64Array; labels: Uint32Array | null }, RunStep>;
  /** Gives it the prediction of your network for its call. */
  answer(prediction: Numbers): void;
  /** The samples in model space, once all steps are made. */
  readonly samples: Float32Array;
  /** The bytes of a file: png or npy of pictures, csv of points and tables. */
  encode(kind: "png" | "npy" | "csv"): Uint8Array<ArrayBuffer>;
}
