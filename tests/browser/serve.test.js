// The page of `ancestral serve`, with the server that serves it.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { assertAccessible, assertFits, folder, launch, open, run, screenshot, serve } from "./browser.js";

let browser;
let server;

before(async () => {
  run("train", "moons", "--steps", "40", "-o", "moons", "--quiet");
  const people = Array.from({ length: 40 }, (_, i) => `${20 + i},${['Ada', '"Bo, Jr."'][i % 2]},${i % 3 ? "" : 1.5}`);
  writeFileSync(join(folder, "people.csv"), `age,name,height\n${people.join("\n")}\n`);
  run("train", "people.csv", "--steps", "40", "-o", "people", "--quiet");
  server = await serve("digits", "moons", "people");
  browser = await launch();
});
after(async () => {
  await browser?.close();
  server?.stop();
});

async function ready(url = server.url, options) {
  const opened = await open(browser, url, options);
  await opened.page.getByText("Ready.").waitFor();
  return opened;
}

const control = (page, name, side = 0) => page.locator(`[data-control="${name}"]`).nth(side);

async function draw(page) {
  await page.getByRole("button", { name: "Draw", exact: true }).click();
  await page.getByText(/^Done in/).waitFor({ timeout: 60_000 });
}

// The pixels of a sample on the page, the red ones.
function pixels(page, place, view = 0) {
  return page.locator(".run").nth(view).locator("canvas").nth(place).evaluate((canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return Array.from(data.filter((_, i) => i % 4 === 0));
  });
}

async function scrubTo(page, value) {
  await page.locator("#moment").evaluate((input, to) => {
    input.value = to;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }, String(value));
}

async function download(page, name) {
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name }).first().click()]);
  return readFileSync(await file.path());
}

describe("drawing", () => {
  test("gives the picture and the array that the command line on the page gives", async () => {
    const { context, page, troubles } = await ready();
    await page.getByLabel("Samples", { exact: true }).fill("4");
    await page.getByLabel("Seed", { exact: true }).fill("18446744073709551615");
    await control(page, "sampler").selectOption("ddim");
    await page.locator('[data-option="eta"]').fill("0.5");
    await control(page, "steps").fill("20");
    await control(page, "class").selectOption("3");
    await control(page, "guidance").fill("2");
    await draw(page);
    await screenshot(page, "serve-done", { fullPage: true });
    const command = await page.locator(".code").first().textContent();
    assert.match(command, /^ancestral sample .*--seed[= ]18446744073709551615/);
    const words = command.split(/\s+/).map((word) => word.replace(/^'(.*)'$/, "$1"));
    run(...words.slice(1), "--quiet");
    assert.deepEqual(await download(page, "Picture (PNG)"), readFileSync(join(folder, words.at(-1))));
    run(...words.slice(1, -1), "samples.npy", "--quiet");
    assert.deepEqual(await download(page, "Array (.npy)"), readFileSync(join(folder, "samples.npy")));
    assert.deepEqual(troubles, []);
    await context.close();
  });

  test("shows the steps as they are made, and again by the slider", async () => {
    const { context, page } = await ready();
    await control(page, "steps").fill("1000");
    await page.getByRole("button", { name: "Draw", exact: true }).click();
    // A guess is there before the run is over.
    await page.waitForFunction(() => Number(document.getElementById("moment").max) > 2);
    assert.ok(await page.getByRole("button", { name: "Stop" }).isVisible());
    assert.match(await page.locator("#moment-text").textContent(), /after step \d+ of 1000/);
    await page.getByText(/^Done in/).waitFor({ timeout: 120_000 });
    const last = await pixels(page, 0);
    await scrubTo(page, 0);
    assert.match(await page.locator("#moment-text").textContent(), /after step 1 of 1000/);
    assert.notDeepEqual(await pixels(page, 0), last);
    await scrubTo(page, 1000);
    assert.equal(await page.locator("#moment-text").textContent(), "the samples");
    assert.deepEqual(await pixels(page, 0), last);
    await context.close();
  });

  test("stops, and draws again afterwards", async () => {
    const { context, page } = await ready();
    await control(page, "steps").fill("1000");
    await page.getByRole("button", { name: "Draw", exact: true }).click();
    await page.waitForFunction(() => Number(document.getElementById("moment").max) > 0);
    await page.getByRole("button", { name: "Stop" }).click();
    await page.getByText("Stopped.").waitFor();
    await control(page, "steps").fill("5");
    await draw(page);
    await context.close();
  });

  test("draws points of the plane", async () => {
    const { context, page, troubles } = await ready();
    await page.getByLabel("Model").selectOption("moons");
    await page.getByLabel("Samples", { exact: true }).fill("100");
    await control(page, "steps").fill("20");
    await draw(page);
    await screenshot(page, "serve-points", { fullPage: true });
    const inked = (await pixels(page, 0)).filter((red) => red !== 0).length;
    assert.ok(inked > 500, `${inked} pixels`);
    assert.match(String(await download(page, "Table (CSV)")), /^x,y\n/);
    assert.deepEqual(troubles, []);
    await context.close();
  });

  test("draws rows of a table, with words and holes", async () => {
    const { context, page, troubles } = await ready();
    await page.getByLabel("Model").selectOption("people");
    await page.getByLabel("Samples", { exact: true }).fill("30");
    await control(page, "steps").fill("20");
    await draw(page);
    await screenshot(page, "serve-table", { fullPage: true });
    const rows = page.getByRole("group", { name: "The samples as rows" }).getByRole("row");
    assert.deepEqual(await rows.first().getByRole("columnheader").allTextContents(), ["age", "name", "height"]);
    await page.getByText("The first 20 of 30 rows.").waitFor();
    const shown = await rows.nth(1).getByRole("cell").allTextContents();
    assert.ok(["Ada", "Bo, Jr."].includes(shown[1]), shown.join());
    assert.deepEqual(new Set(await rows.locator("td:last-child").allTextContents()), new Set(["1.5", ""]));
    assert.match(await page.locator(".code").first().textContent(), /^ancestral sample people .* -o samples\.csv$/);
    const lines = String(await download(page, "Table (CSV)")).trimEnd().split("\n");
    assert.equal(lines.length, 31);
    assert.equal(lines[1].split(",")[0], shown[0]);
    assert.ok(lines.slice(1).every((line) => /^\d+,(Ada|"Bo, Jr\."),(1\.5)?$/.test(line)), lines.join("\n"));
    await assertAccessible(page);
    assert.deepEqual(troubles, []);
    await context.close();
  });
});

describe("two settings", () => {
  test("are drawn side by side from the same noise", async () => {
    const { context, page } = await ready();
    await page.getByLabel("Samples", { exact: true }).fill("4");
    await page.getByLabel(/Compare with/).check();
    for (const side of [0, 1]) {
      await control(page, "sampler", side).selectOption("ddim");
      await control(page, "steps", side).fill("20");
      await control(page, "class", side).selectOption("5");
    }
    await draw(page);
    // The same settings twice are the same samples.
    assert.deepEqual(await pixels(page, 0, 0), await pixels(page, 0, 1));
    await control(page, "steps", 1).fill("10");
    await control(page, "class", 1).selectOption("8");
    await draw(page);
    await screenshot(page, "serve-compared", { fullPage: true });
    assert.notDeepEqual(await pixels(page, 0, 0), await pixels(page, 0, 1));
    await scrubTo(page, 0);
    assert.match(await page.locator("#moment-text").textContent(), /of 20 · after step 1 of 10/);
    await context.close();
  });
});

describe("a part of a picture", () => {
  test("is drawn again by the brush, with the keyboard, and the rest stays", async () => {
    const { context, page, troubles } = await ready();
    await page.getByLabel("Samples", { exact: true }).fill("2");
    await control(page, "steps").fill("20");
    await draw(page);
    const old = await pixels(page, 1);
    await page.getByRole("button", { name: /^Sample 1/ }).focus();
    await page.keyboard.press("Enter");
    await page.getByText("Nothing is marked yet.").waitFor();
    assert.ok(await page.getByRole("button", { name: "Draw the marked part" }).isDisabled());
    // The brush begins in the middle, at (4, 4): one up, three pixels to the left.
    for (const key of ["ArrowUp", " ", "ArrowLeft", " ", "ArrowLeft", " "]) await page.keyboard.press(key);
    await page.getByText("3 of 64 pixels are drawn again.").waitFor();
    await screenshot(page, "serve-editor");
    await page.getByRole("button", { name: "Lower half" }).click();
    await page.getByText("32 of 64 pixels are drawn again.").waitFor();
    await page.getByRole("button", { name: "Draw the marked part" }).click();
    await page.getByRole("heading", { name: /a part drawn again/ }).waitFor();
    await page.getByText(/^Done in/).waitFor({ timeout: 60_000 });
    for (const place of [0, 1]) {
      const made = await pixels(page, place);
      made.slice(0, 32).forEach((value, i) => assert.ok(Math.abs(value - old[i]) <= 1, `pixel ${i}: ${value}, ${old[i]}`));
    }
    assert.notDeepEqual((await pixels(page, 0)).slice(32), (await pixels(page, 1)).slice(32));
    assert.deepEqual(troubles, []);
    await context.close();
  });

  test("is marked with the pointer", async () => {
    const { context, page } = await ready();
    await page.getByLabel("Samples", { exact: true }).fill("1");
    await control(page, "steps").fill("5");
    await draw(page);
    await page.getByRole("button", { name: /^Sample 0/ }).click();
    const box = await page.locator("#easel").boundingBox();
    await page.mouse.move(box.x + box.width * 0.05, box.y + box.height * 0.05);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.95, box.y + box.height * 0.05, { steps: 20 });
    await page.mouse.up();
    await page.getByText("8 of 64 pixels are drawn again.").waitFor();
    await page.getByRole("button", { name: "Cancel" }).click();
    await context.close();
  });
});

describe("the gallery", () => {
  test("shows a result again without asking the server", async () => {
    const { context, page, requests } = await ready();
    await page.getByLabel("Samples", { exact: true }).fill("1");
    await control(page, "steps").fill("5");
    await draw(page);
    const first = await pixels(page, 0);
    await page.getByLabel("Seed", { exact: true }).fill("8");
    await draw(page);
    assert.notDeepEqual(await pixels(page, 0), first);
    const asked = requests.length;
    await page.getByRole("button", { name: /Show again: .*seed 7/ }).click();
    assert.deepEqual(await pixels(page, 0), first);
    assert.equal(requests.length, asked);
    await context.close();
  });
});

describe("what goes wrong", () => {
  test("a value that is refused is pointed out at its field", async () => {
    const { context, page } = await ready();
    await control(page, "steps").fill("5000");
    await page.getByRole("button", { name: "Draw", exact: true }).click();
    await page.getByRole("alert").getByText(/5000/).waitFor();
    assert.equal(await control(page, "steps").getAttribute("aria-invalid"), "true");
    assert.equal(await page.evaluate(() => document.activeElement.dataset.control), "steps");
    await screenshot(page, "serve-refused", { fullPage: true });
    await assertAccessible(page);
    await control(page, "steps").fill("5");
    await draw(page);
    assert.equal(await control(page, "steps").getAttribute("aria-invalid"), null);
    await context.close();
  });

  test("a full queue is reported with the time to wait, and a place in it is shown", async () => {
    const { context, page } = await ready();
    const busy = { type: "/problems/busy", title: "Busy", status: 429, detail: "256 requests are waiting" };
    const answer = { status: 429, contentType: "application/problem+json", headers: { "retry-after": "7" }, body: JSON.stringify(busy) };
    await page.route("**/v1/samples", (route) => route.fulfill(answer));
    await page.getByRole("button", { name: "Draw", exact: true }).click();
    await page.getByRole("alert").getByText("256 requests are waiting. Try again in 7 s.").waitFor();
    // What the page says is kept, as the answer ends at once.
    await page.evaluate(() => {
      window.said = [];
      new MutationObserver(() => window.said.push(document.getElementById("status").textContent))
        .observe(document.getElementById("status"), { childList: true });
    });
    await page.unroute("**/v1/samples");
    const accepted = { id: "0", place: 3, count: 16, steps: 100, classes: null };
    const body = `: waiting\n\nevent: accepted\ndata: ${JSON.stringify(accepted)}\n\n`;
    await page.route("**/v1/samples", (route) => route.fulfill({ contentType: "text/event-stream", body }));
    await page.getByRole("button", { name: "Draw", exact: true }).click();
    await page.getByRole("alert").getByText(/connection ended/).waitFor();
    assert.ok((await page.evaluate(() => window.said)).includes("Waiting: 3 ahead."));
    await context.close();
  });

  test("a full queue of the server is waited for", async () => {
    const other = await serve("digits", "--running", "1", "--waiting", "1");
    const { context, page } = await ready(other.url);
    const job = JSON.stringify({ count: 1024, steps: 1000, wait: false });
    const post = () => fetch(`${other.url}v1/samples`, { method: "POST", headers: { "content-type": "application/json" }, body: job });
    const running = await (await post()).json();
    // The first may still be about to start, and takes the place of those that wait.
    let waiting = await post();
    while (waiting.status === 429) waiting = await post();
    await page.getByRole("button", { name: "Draw", exact: true }).click();
    await page.getByRole("alert").getByText(/waiting already.* Try again in \d+ s\./).waitFor();
    for (const { id } of [running, await waiting.json()]) await fetch(`${other.url}v1/samples/${id}`, { method: "DELETE" });
    await control(page, "steps").fill("5");
    await draw(page);
    await context.close();
    await other.stop();
  });

  test("a server that is gone is reported, and what was drawn stays", async () => {
    const other = await serve("digits");
    const { context, page } = await ready(other.url);
    await control(page, "steps").fill("5");
    await draw(page);
    await other.stop();
    await page.getByRole("button", { name: "Draw", exact: true }).click();
    await page.getByRole("alert").getByText(/does not answer/).waitFor();
    assert.ok(await page.getByRole("button", { name: /Show again/ }).isVisible());
    await context.close();
  });

  test("a server with a token asks for it", async () => {
    writeFileSync(join(folder, "token.txt"), "open-sesame\n");
    const guarded = await serve("digits", "--token-file", "token.txt");
    const { context, page } = await open(browser, guarded.url);
    await page.getByLabel("Token", { exact: true }).fill("wrong");
    await page.keyboard.press("Enter");
    await page.getByLabel("Token", { exact: true }).waitFor();
    await page.getByLabel("Token", { exact: true }).fill("open-sesame");
    await page.keyboard.press("Enter");
    await page.getByText("Ready.").waitFor();
    await control(page, "steps").fill("5");
    await draw(page);
    assert.ok((await download(page, "Picture (PNG)")).length > 100);
    await context.close();
    await guarded.stop();
  });
});

describe("the page", () => {
  for (const colorScheme of ["light", "dark"]) {
    test(`is accessible and fits, in ${colorScheme}, from phone to wide screen`, async () => {
      for (const [size, width] of [["phone", 360], ["wide", 1680]]) {
        const { context, page, troubles } = await ready(server.url, { colorScheme, viewport: { width, height: 900 } });
        await assertAccessible(page);
        await page.getByLabel("Samples", { exact: true }).fill("4");
        await page.getByLabel(/Compare with/).check();
        for (const side of [0, 1]) await control(page, "steps", side).fill("10");
        await draw(page);
        await assertFits(page);
        await screenshot(page, `serve-${colorScheme}-${size}`, { fullPage: true });
        await assertAccessible(page);
        await page.locator(".pictures button").first().click();
        await assertFits(page);
        await assertAccessible(page);
        assert.deepEqual(troubles, []);
        await context.close();
      }
    });
  }

  test("is used with the keyboard alone", async () => {
    const { context, page } = await ready();
    const tabTo = async (wanted) => {
      for (let i = 0; i < 60; i += 1) {
        const found = await page.evaluate(() => document.activeElement.id || document.activeElement.dataset.control);
        if (found === wanted) return;
        await page.keyboard.press("Tab");
      }
      assert.fail(`no way to ${wanted} by Tab`);
    };
    await tabTo("steps");
    await page.keyboard.press("Control+A");
    await page.keyboard.type("5");
    await tabTo("draw");
    await page.keyboard.press("Enter");
    await page.getByText(/^Done in/).waitFor({ timeout: 60_000 });
    await tabTo("moment");
    await page.keyboard.press("Home");
    assert.match(await page.locator("#moment-text").textContent(), /after step 1 of 5/);
    await context.close();
  });
});
