// A browser, the program under test, and what all pages have to fulfil.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const root = fileURLToPath(new URL("../..", import.meta.url));
const built = join(process.env.CARGO_TARGET_DIR ?? join(root, "target"), "debug");
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export const folder = mkdtempSync(join(tmpdir(), "ancestral-browser-"));
const program = join(built, "ancestral");

// What the program prints on standard output.
export function run(...args) {
  return execFileSync(program, args, { encoding: "utf8", cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
}

// Starts a server on a free port, and waits until it says where it is.
export async function serve(...args) {
  const child = spawn(program, ["serve", ...args, "--port", "0", "--quiet"], { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
  const url = await new Promise((found, failed) => {
    child.stdout.once("data", (line) => found(String(line).trim()));
    child.once("exit", (code) => failed(new Error(`the server ended with ${code}`)));
  });
  const ended = new Promise((done) => child.once("exit", done));
  return { url, stop: () => child.kill("SIGTERM") && ended };
}

// What an example prints.
export function example(name) {
  return execFileSync(join(built, "examples", name), { encoding: "utf8" });
}

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync",
    ],
  });
}

// A page whose errors, warnings and requests are recorded.
export async function open(browser, url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const troubles = [];
  const requests = [];
  page.on("console", (message) => isTrouble(message) && troubles.push(message.text()));
  page.on("pageerror", (error) => troubles.push(String(error)));
  page.on("request", (request) => requests.push(request.url()));
  await page.goto(url);
  return { context, page, troubles, requests };
}

// Chromium's advice on canvases is about the tests, which read them.
function isTrouble(message) {
  return ["error", "warning"].includes(message.type()) && !message.text().startsWith("Canvas2D:");
}

export async function assertAccessible(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run());
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join("\n  ")}`);
  assert.deepEqual(found, []);
}

// Nothing is cut off or wider than the screen.
export async function assertFits(page) {
  const [width, screen] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
  assert.ok(width <= screen, `the page is ${width} wide on a screen of ${screen}`);
}

// Keeps a picture of the page where SCREENSHOTS names a folder.
export async function screenshot(page, name, options = {}) {
  if (!process.env.SCREENSHOTS) return;
  mkdirSync(process.env.SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: join(process.env.SCREENSHOTS, `${name}.png`), ...options });
}
