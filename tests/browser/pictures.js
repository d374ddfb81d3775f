// The pictures of the pages in the README: node tests/browser/pictures.js

import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { folder, launch, open, run, serve } from "./browser.js";

const pictures = fileURLToPath(new URL("../../docs/images/", import.meta.url));
const browser = await launch();
await explain();
await served();
await browser.close();

async function explain() {
  run("explain", "moons", "-o", "moons.html", "--quiet");
  const url = pathToFileURL(join(folder, "moons.html")).href;
  const { page } = await open(browser, url, { viewport: { width: 1120, height: 700 }, reducedMotion: "reduce" });
  for (const [name, value] of [["hops", 50], ["noise", "zero"]]) {
    await page.locator(`input[name="${name}"][value="${value}"]`).check({ force: true });
  }
  // The figure alone, in the height of a screen.
  await page.addStyleTag({ content: ".stage svg { max-height: 27rem !important; } #drift > p { display: none; }" });
  await page.waitForFunction(() => document.querySelector('[data-control="moment"]').max === "50");
  await page.locator('[data-control="moment"]').first().evaluate((input) => {
    input.value = 44;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  });
  await page.evaluate(() => {
    document.getElementById("drift-title").scrollIntoView({ behavior: "instant" });
    scrollBy(0, 30);
  });
  await page.waitForTimeout(300);
  await page.screenshot({ path: join(pictures, "explain.png"), clip: { x: 0, y: 0, width: 1120, height: 600 } });
}

async function served() {
  const server = await serve("digits");
  const { page } = await open(browser, server.url, { viewport: { width: 1120, height: 1000 } });
  await page.getByText("Ready.").waitFor();
  await page.getByLabel(/Compare with/).check();
  for (const side of [0, 1]) await page.locator('[data-control="steps"]').nth(side).fill(side ? "20" : "100");
  await page.getByRole("button", { name: "Draw", exact: true }).click();
  await page.getByText(/^Done in/).waitFor();
  await page.evaluate(() => {
    document.getElementById("form").scrollTop = 0;
    scrollTo({ top: 0, behavior: "instant" });
  });
  await page.screenshot({ path: join(pictures, "serve.png"), clip: { x: 0, y: 0, width: 1120, height: 760 } });
  await server.stop();
}
