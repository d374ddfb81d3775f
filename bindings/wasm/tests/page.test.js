// The page without a server, in Chromium.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertAccessible, launch, open, screenshot } from "../../../tests/browser/browser.js";
import { serve } from "./site.js";

async function withPage(work) {
  const [browser, server] = [await launch(), await serve()];
  try {
    const opened = await open(browser, server.url);
    await opened.page.getByText("Ready.").waitFor();
    await work({ ...opened, url: server.url });
    assert.deepEqual(opened.troubles, []);
  } finally {
    await browser.close();
    server.stop();
  }
}

const pixels = (page) => page.evaluate(() => {
  const canvases = [...document.querySelectorAll(".pictures canvas")];
  return canvases.map((canvas) => [...canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data].join());
});

test("digits are drawn in the page alone", () =>
  withPage(async ({ page, requests, url }) => {
    await page.getByLabel("Steps").fill("20");
    await page.getByRole("button", { name: "Draw", exact: true }).click();
    await page.getByText("Done in").waitFor();
    const first = await pixels(page);
    assert.equal(first.length, 16);
    assert.equal(new Set(first).size, 16);
    await assertAccessible(page);
    await screenshot(page, "wasm");
    // The same seed gives the same, another seed others.
    await page.getByRole("button", { name: "Draw", exact: true }).click();
    await page.getByText("Done in").waitFor();
    assert.deepEqual(await pixels(page), first);
    await page.getByRole("button", { name: "Another seed" }).click();
    await page.getByRole("button", { name: "Draw", exact: true }).click();
    await page.getByText("Done in").waitFor();
    assert.notDeepEqual(await pixels(page), first);
    const download = page.waitForEvent("download");
    await page.getByRole("button", { name: "Picture (PNG)" }).click();
    assert.match((await download).suggestedFilename(), /^digits-\d+\.png$/);
    assert.ok(requests.every((request) => request.startsWith(url) || request.startsWith("blob:") || request.startsWith("data:")));
    assert.ok(!requests.some((request) => request.includes("/v1/")));
  }));

test("a long run can be stopped, and problems are at their fields", () =>
  withPage(async ({ page }) => {
    await page.getByLabel("Steps").fill("1000");
    await page.getByRole("button", { name: "Draw", exact: true }).click();
    await page.getByText("after step").first().waitFor();
    await page.getByRole("button", { name: "Stop" }).click();
    await page.getByText("Stopped.").waitFor();
    await page.getByLabel("Steps").fill("0");
    await page.getByRole("button", { name: "Draw", exact: true }).click();
    await page.locator('[data-field="steps"] .problem').waitFor();
  }));

test("a part is drawn again, the rest stays", () =>
  withPage(async ({ page }) => {
    await page.getByLabel("Samples").fill("1");
    await page.getByLabel("Steps").fill("10");
    await page.getByRole("button", { name: "Draw", exact: true }).click();
    await page.getByText("Done in").waitFor();
    const [before] = await pixels(page);
    await page.getByRole("button", { name: "Another seed" }).click();
    await page.getByRole("button", { name: /draw a part again/ }).click();
    await page.getByRole("button", { name: "Lower half" }).click();
    await page.getByRole("button", { name: "Draw the marked part" }).click();
    await page.getByRole("heading", { name: /a part drawn again/ }).waitFor();
    await page.getByText("Done in").waitFor();
    const [after] = await pixels(page);
    const half = (text) => text.split(",").slice(0, 4 * 32).map(Number);
    half(after).forEach((value, i) => assert.ok(Math.abs(value - half(before)[i]) <= 1));
    assert.notEqual(after, before);
  }));
