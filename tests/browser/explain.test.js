// The page of `ancestral explain`, opened from disk.

import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { assertAccessible, assertFits, example, folder, launch, open, run, screenshot } from "./browser.js";

const moons = join(folder, "moons.html");
const digits = join(folder, "digits.html");
let browser;
let expected;

before(async () => {
  run("explain", "moons", "-o", moons, "--quiet");
  run("explain", "digits", "-o", digits, "--quiet");
  expected = JSON.parse(example("expected"));
  browser = await launch();
});
after(() => browser.close());

const file = (path, options) => open(browser, pathToFileURL(path).href, { reducedMotion: "reduce", ...options });

// Moves a slider as its user does.
async function slide(page, control, value, place = 0) {
  await page.locator(`[data-control="${control}"]`).nth(place).evaluate((input, to) => {
    input.value = to;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }, String(value));
}

// The figures draw once a frame.
const drawn = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

async function pick(page, name, value) {
  await page.locator(`input[name="${name}"][value="${value}"]`).check({ force: true });
}

// The numbers in an element: one, or those of a pair.
async function read(page, key) {
  const text = await page.locator(`[data-number="${key}"]`).first().textContent();
  return text.replaceAll("−", "-").replace(/[()]/g, "").split(",").map(Number);
}

// Whether the page shows a number to its four digits; below a millionth of 1, f32 has no more to show.
function assertShown(found, wanted, what) {
  const wantedList = [wanted].flat();
  assert.equal(found.length, wantedList.length, what);
  wantedList.forEach((value, i) => {
    const tolerance = 6e-4 * Math.abs(value) + 2e-6;
    assert.ok(Math.abs(found[i] - value) <= tolerance, `${what}: the page shows ${found[i]}, the library has ${value}`);
  });
}

describe("the file", () => {
  for (const [name, path] of [["moons", moons], ["digits", digits]]) {
    test(`${name} is under 2 MB, opens without errors, and loads nothing else`, async () => {
      assert.ok(statSync(path).size < 2_000_000, `${statSync(path).size} bytes`);
      const { context, page, troubles, requests } = await file(path);
      await page.waitForSelector("html[data-ready]");
      await drawn(page);
      assert.deepEqual(troubles, []);
      const outside = requests.filter((url) => !url.startsWith("data:") && url !== pathToFileURL(path).href);
      assert.deepEqual(outside, []);
      await context.close();
    });
  }
});

describe("numbers", () => {
  let context;
  let page;
  before(async () => {
    ({ context, page } = await file(moons));
  });
  after(() => context.close());

  test("of runs are the library's, hop by hop", async () => {
    const columns = {
      "drift.alpha": "alpha", "drift.sigma": "sigma", "path.x": "x", "path.x0": "x0", "hop.mean": "mean",
      "hop.on_x0": "on_x0", "hop.on_x_from": "on_x_from", "hop.beta": "beta", "hop.beta_tilde": "beta_tilde",
      "predictions.epsilon.output": "epsilon", "predictions.x0.output": "x0", "predictions.v.output": "v",
      "predictions.epsilon.x0": "x0", "predictions.x0.x0": "x0", "predictions.v.x0": "x0",
    };
    for (const run of expected.runs) {
      for (const [name, value] of [["schedule", run.schedule], ["hops", run.hops], ["noise", run.noise]]) {
        await pick(page, name, value);
      }
      await drawn(page);
      const kept = Math.min(run.hops, 50);
      for (const moment of [0, 1, Math.floor(kept / 2), kept - 1]) {
        await slide(page, "moment", moment);
        await drawn(page);
        const frame = run.frames[Math.floor((moment * run.hops) / kept)];
        for (const [key, column] of Object.entries(columns)) {
          // At the noisiest levels x̂₀ = x_t/α − ε σ/α is a small difference of large numbers in f32.
          if (key === "predictions.epsilon.x0" && frame.alpha < 1e-2) continue;
          assertShown(await read(page, key), frame[column], `${run.schedule}, ${run.hops} hops, ${run.noise}, moment ${moment}: ${key}`);
        }
      }
    }
  });

  test("of runs end on the library's samples", async () => {
    for (const run of expected.runs) {
      for (const [name, value] of [["schedule", run.schedule], ["hops", run.hops], ["noise", run.noise]]) {
        await pick(page, name, value);
      }
      await slide(page, "moment", 10_000);
      await drawn(page);
      const ring = await page.locator("#drift-stage .ring").evaluate(({ cx, cy }) => [cx.baseVal.value, cy.baseVal.value]);
      const place = [(ring[0] - 300) * (3.4 / 300), (300 - ring[1]) * (3.4 / 300)];
      place.forEach((value, axis) => assert.ok(Math.abs(value - run.end[axis]) < 3e-4, `${value} is not ${run.end[axis]}`));
    }
  });

  test("of the estimate are the library's, and the weights that the page computes give them", async () => {
    for (const { lambda, x, x0, largest } of expected.estimates) {
      await slide(page, "guess.level", Math.round(((lambda + 5) / 9) * 24));
      await slide(page, "guess.x", Math.round(((x[0] + 3) / 6) * 20));
      await slide(page, "guess.y", Math.round(((x[1] + 3) / 6) * 20));
      await drawn(page);
      assertShown(await read(page, "guess.x_t"), x, "x_t");
      assertShown(await read(page, "guess.x0"), x0, `the estimate at ${x}`);
      assertShown(await read(page, "guess.mean"), x0, `the weighted mean at ${x}`);
      assertShown(await read(page, "guess.largest"), largest, `the largest weight at ${x}`);
    }
  });

  test("of schedules are the library's", async () => {
    for (const { name, levels } of expected.schedules) {
      await pick(page, "schedule", name);
      for (const level of levels) {
        await slide(page, "levels.timestep", level.timestep);
        await drawn(page);
        assertShown(await read(page, "levels.x"), level.x, `x_t of ${name} at ${level.timestep}`);
        for (const key of ["alpha_bar", "beta", "snr"]) {
          const what = `${key} of ${name} at ${level.timestep}`;
          const [found] = await read(page, `levels.${key}`);
          assert.ok(Math.abs(found / level[key] - 1) < 6e-4, `${what}: the page shows ${found}, the library has ${level[key]}`);
        }
      }
    }
  });
});

describe("the page", () => {
  for (const [name, path] of [["moons", moons], ["digits", digits]]) {
    for (const colorScheme of ["light", "dark"]) {
      test(`${name} is accessible and fits, in ${colorScheme}, from phone to wide screen`, async () => {
        for (const [size, width] of [["phone", 360], ["wide", 1680]]) {
          const { context, page, troubles } = await file(path, { colorScheme, viewport: { width, height: 900 } });
          await slide(page, "moment", 6);
          await drawn(page);
          await assertFits(page);
          await screenshot(page, `explain-${name}-${colorScheme}-${size}`, { fullPage: true });
          await assertAccessible(page);
          assert.deepEqual(troubles, []);
          await context.close();
        }
      });
    }
  }

  test("is used with the keyboard alone", async () => {
    const { context, page } = await file(moons);
    const focused = () => page.evaluate(() => document.activeElement.dataset.control ?? document.activeElement.name);
    const tabTo = async (wanted) => {
      for (let i = 0; i < 40; i += 1) {
        if ((await focused()) === wanted) return;
        await page.keyboard.press("Tab");
      }
      assert.fail(`no way to ${wanted} by Tab`);
    };
    await tabTo("hops");
    await page.keyboard.press("ArrowLeft");
    assert.equal(await page.locator('input[name="hops"]:checked').inputValue(), "4");
    await tabTo("noise");
    await page.keyboard.press("ArrowRight");
    await tabTo("moment");
    await page.keyboard.press("End");
    await drawn(page);
    assert.match(await page.locator("#drift-side output").textContent(), /data, after 4 hops/);
    await page.keyboard.press("ArrowLeft");
    await drawn(page);
    assert.match(await page.locator("#drift-side output").textContent(), /hop 4 of 4/);
    await tabTo("guess.x");
    const before = await read(page, "guess.x_t");
    await page.keyboard.press("ArrowRight");
    await drawn(page);
    assert.ok((await read(page, "guess.x_t"))[0] > before[0]);
    await context.close();
  });

  test("plays from noise to data, and stands still when it is over", async () => {
    const { context, page } = await file(moons, { reducedMotion: "no-preference" });
    await page.getByRole("button", { name: "Pause" }).waitFor();
    await pick(page, "hops", 4);
    await page.getByRole("button", { name: "Play" }).click();
    await page.getByText("data, after 4 hops").first().waitFor({ timeout: 30_000 });
    await page.getByRole("button", { name: "Play" }).waitFor();
    await context.close();
  });

  test("shows a place in the field where it is clicked", async () => {
    const { context, page } = await file(moons);
    const box = await page.locator("#guess-stage svg").boundingBox();
    await page.locator("#guess-stage svg").click({ position: { x: box.width / 2, y: box.height / 2 } });
    await drawn(page);
    assert.deepEqual(await read(page, "guess.x_t"), [0, 0]);
    await context.close();
  });
});
