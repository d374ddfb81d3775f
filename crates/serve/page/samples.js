// Samples as they are drawn: pictures, points of the plane, or rows of a table.

import { bytesOf } from "./api.js";
import { element } from "./elements.js";

export function viewOf(model, opened) {
  if (model.kind === "pictures") return new PictureView(model, opened);
  return model.kind === "points" ? new PointView(model) : new TableView(model);
}

// A frame of a run: the guess of all samples after a step. Pictures are decoded once, when they arrive.
export async function frameOf(model, data) {
  if (model.kind !== "pictures") return { rows: data.rows };
  if (data.pixels) return { strip: stripOf(model, data.pixels) };
  const strip = await createImageBitmap(new Blob([bytesOf(data.png)], { type: "image/png" }));
  return { strip };
}

// The last frame, from the samples.
export async function lastFrame(model, samples) {
  if (model.kind !== "pictures") return { rows: samples.flatMap(({ rows }) => rows) };
  if (samples[0].pixels) return { strip: stripOf(model, samples[0].pixels) };
  const [, height, width] = model.shape;
  const strip = new OffscreenCanvas(width * samples.length, height);
  const context = strip.getContext("2d");
  for (const [place, { png }] of samples.entries()) {
    const picture = await createImageBitmap(new Blob([bytesOf(png)], { type: "image/png" }));
    context.drawImage(picture, place * width, 0);
  }
  return { strip };
}

// Pictures side by side, from the colours and opacities of their pixels.
function stripOf({ shape: [, height, width] }, pixels) {
  const count = pixels.length / (4 * height * width);
  const strip = new OffscreenCanvas(width * count, height);
  const context = strip.getContext("2d");
  for (let place = 0; place < count; place += 1) {
    const one = pixels.subarray(place * 4 * height * width, (place + 1) * 4 * height * width);
    context.putImageData(new ImageData(one, width, height), place * width, 0);
  }
  return strip;
}

class PictureView {
  constructor(model, opened) {
    [, this.height, this.width] = model.shape;
    this.opened = opened;
    this.box = element("div", { class: "pictures" });
    this.canvases = [];
  }

  // Makes room for the samples; `classes` are their names, if there are any.
  begin(count, classes) {
    this.canvases = Array.from({ length: count }, () => element("canvas", { width: this.width, height: this.height }));
    const columns = Math.min(count, Math.max(2, Math.ceil(Math.sqrt(count))));
    this.box.style.setProperty("--columns", columns);
    this.box.replaceChildren(
      ...this.canvases.map((canvas, i) => {
        const name = `Sample ${i}${classes?.[i] ? `, class ${classes[i]}` : ""}`;
        return element("button", { type: "button", "aria-label": `${name}: draw a part again`, onclick: () => this.opened(i) }, canvas);
      }),
    );
  }

  show({ strip }) {
    this.canvases.forEach((canvas, i) => {
      const [width, height] = [this.width, this.height];
      canvas.getContext("2d").drawImage(strip, i * width, 0, width, height, 0, 0, width, height);
    });
  }
}

class PointView {
  constructor(model) {
    this.columns = model.columns;
    this.canvas = element("canvas", { class: "plane", role: "img", "aria-label": "The samples on the plane" });
    this.text = element("p", { class: "small" });
    this.box = element("div", { class: "points" }, this.canvas, this.text);
  }

  begin(count) {
    const [x, y] = this.columns;
    this.text.textContent = `${count} points; ${x.name} to the right, ${y.name} upwards`;
  }

  show({ rows }) {
    const size = 640;
    Object.assign(this.canvas, { width: size, height: size });
    const context = this.canvas.getContext("2d");
    const style = getComputedStyle(this.canvas);
    const at = ({ mean, deviation }, value) => ((value - mean) / (deviation || 1) / 3.4 + 1) / 2;
    context.strokeStyle = style.getPropertyValue("--line");
    context.strokeRect(0.5, 0.5, size - 1, size - 1);
    context.fillStyle = style.getPropertyValue("--accent");
    context.globalAlpha = 0.75;
    for (const [x, y] of rows) {
      context.beginPath();
      context.arc(at(this.columns[0], x) * size, (1 - at(this.columns[1], y)) * size, 4, 0, 7);
      context.fill();
    }
  }
}

// The most rows of a table that are shown.
const MOST_ROWS = 20;

class TableView {
  constructor(model) {
    this.body = element("tbody");
    const heads = model.columns.map(({ name }) => element("th", { scope: "col" }, name));
    const table = element("table", {}, element("thead", {}, element("tr", {}, ...heads)), this.body);
    this.text = element("p", { class: "small" });
    this.box = element("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": "The samples as rows" }, table, this.text);
  }

  begin(count) {
    this.text.textContent = count > MOST_ROWS ? `The first ${MOST_ROWS} of ${count} rows.` : "";
  }

  show({ rows }) {
    // A hole has no text, as in a file.
    const text = (value) => (typeof value === "number" ? String(Number(value.toPrecision(5))) : String(value ?? ""));
    const cell = (value) => element("td", {}, text(value));
    this.body.replaceChildren(...rows.slice(0, MOST_ROWS).map((row) => element("tr", {}, ...row.map(cell))));
  }
}
