// The module gives what this machine does natively, and the same bytes in each engine.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { launch } from "../../../tests/browser/browser.js";
import { replay } from "./replay.js";
import { serve, site } from "./site.js";

const expected = JSON.parse(readFileSync(join(process.env.WASM, "expected.json"), "utf8"));
const bytesOf = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16)).buffer;

async function here() {
  const names = expected.filter(({ file }) => file).map(({ file }) => file);
  const files = Object.fromEntries(names.map((name) => [name, readFileSync(join(site, "digits", name))]));
  return replay(expected, readFileSync(join(site, "ancestral.wasm")), files);
}

// Rounding of f64, relative to 1 or to the number if that is larger.
const ROUNDINGS = 16 * 2 ** -52;
// The coefficients of these two are integrals by quadrature, in which roundings add up.
const BY_QUADRATURE = { deis: 1e-11, lms: 1e-11 };
// The network's sums are rounded twice for each product here, and once natively.
const OF_NETWORK = 1e-5;
// Few large steps between very noisy points enlarge them, and later ones make them small again.
const ON_THE_WAY = 1e-3;

function assertClose(found, wanted, tolerance, where) {
  assert.equal(found.length, wanted.length, where);
  found.forEach((value, i) => {
    if (Object.is(value, wanted[i])) return;
    const apart = Math.abs(value - wanted[i]) / Math.max(1, Math.abs(wanted[i]));
    assert.ok(apart <= tolerance, `${where}: ${value} in place of ${wanted[i]}, ${apart} apart`);
  });
}

test("every number is close to that of this machine", async () => {
  const found = await here();
  let sampler = "";
  let settings = "";
  expected.forEach(({ function: name, arguments: args, input, number, output, close }, i) => {
    const where = `call ${i}, ${name}(${args.join(", ")}) of ${sampler}`;
    if (close === "none") return;
    assert.equal(found[i][0], number, where);
    if (name === "path") sampler = new TextDecoder().decode(bytesOf(input));
    if (name === "settings") settings = new TextDecoder().decode(bytesOf(input));
    const [is, was] = [bytesOf(found[i][1]), bytesOf(output)];
    if (close === "same") assert.equal(found[i][1], output, where);
    else if (close === "ulp") {
      assertClose(new Float64Array(is), new Float64Array(was), BY_QUADRATURE[sampler] ?? ROUNDINGS, where);
    } else {
      // Before the rows of a step or a call there are numbers that say what they are.
      const heads = { 1: 32, 2: 16 + 8 * new Float64Array(was.slice(0, 8))[0] };
      const head = close === "step" ? (heads[number] ?? 0) : 0;
      assert.deepEqual(is.slice(0, head), was.slice(0, head), where);
      const isLoose = close === "step" && settings.includes("karras");
      const tolerance = isLoose ? ON_THE_WAY : OF_NETWORK;
      assertClose(new Float32Array(is.slice(head)), new Float32Array(was.slice(head)), tolerance, where);
    }
  });
});

test("wasmtime gives the same bytes", { skip: !existsSync(process.env.REPLAYED ?? "") && "wasmtime did not run" }, async () => {
  assert.deepEqual(JSON.parse(readFileSync(process.env.REPLAYED, "utf8")), await here());
});

test("Chromium gives the same bytes", async () => {
  const [browser, server] = [await launch(), await serve()];
  try {
    const page = await browser.newPage();
    await page.goto(server.url);
    const found = await page.evaluate(async (calls) => {
      const { replay: repeat } = await import("./replay.js");
      const bytes = async (path) => new Uint8Array(await (await fetch(path)).arrayBuffer());
      const names = calls.filter(({ file }) => file).map(({ file }) => file);
      const files = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await bytes(`digits/${name}`)])));
      return repeat(calls, await bytes("ancestral.wasm"), files);
    }, expected);
    assert.deepEqual(found, await here());
  } finally {
    await browser.close();
    server.stop();
  }
});
