// Prints how long the module and the model take to open in Chromium, the first run of 16 digits in 20 steps, and the
// median of nine, in milliseconds.

import { launch } from "../../tests/browser/browser.js";
import { serve } from "../../bindings/wasm/tests/site.js";

const [browser, server] = [await launch(), await serve()];
try {
  const page = await browser.newPage();
  await page.goto(`${server.url}base.css`);
  const times = await page.evaluate(async () => {
    const began = performance.now();
    const { load } = await import("./ancestral.js");
    const model = await (await load()).digits();
    const opened = performance.now() - began;
    const runs = Array.from({ length: 9 }, (_, seed) => {
      const from = performance.now();
      const run = model.run({ count: 16, steps: 20, seed });
      for (const step of run) step.x0.length;
      run.samples.length;
      run.free();
      return performance.now() - from;
    });
    return [opened, runs[0], runs.toSorted((a, b) => a - b)[4]];
  });
  console.log(times.map((time) => time.toFixed(0)).join(" "));
} finally {
  await browser.close();
  server.stop();
}
