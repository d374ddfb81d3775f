// Marking the part of a picture that is drawn again.

import { base64Of } from "./api.js";
import { byId } from "./elements.js";

export class Editor {
  constructor() {
    this.dialog = byId("editor");
    this.easel = byId("easel");
    this.cursor = [0, 0];
    byId("brush").addEventListener("input", () => this.draw());
    this.easel.addEventListener("pointerdown", (event) => this.paint(event, true));
    this.easel.addEventListener("pointermove", (event) => event.buttons && this.paint(event, false));
    this.easel.addEventListener("keydown", (event) => this.press(event));
    this.easel.addEventListener("focus", () => this.draw());
    this.easel.addEventListener("blur", () => this.draw());
    byId("own").addEventListener("change", () => this.load());
    for (const button of this.dialog.querySelectorAll("[data-mark]")) {
      button.addEventListener("click", () => this.markHalf(button.dataset.mark));
    }
  }

  // Lets the user mark a part of `picture`, a canvas or bitmap of width x height pixels. The settings of the
  // request, or nothing if the user cancels.
  async edit(picture, [width, height]) {
    Object.assign(this, { picture, width, height, source: null, mask: new Uint8Array(width * height) });
    this.cursor = [Math.floor(width / 2), Math.floor(height / 2)];
    byId("own").value = "";
    byId("brush").max = Math.max(2, Math.ceil(Math.min(width, height) / 4));
    byId("brush").value = Math.max(1, Math.round(Math.min(width, height) / 16));
    this.draw();
    this.dialog.showModal();
    this.easel.focus();
    await new Promise((closed) => this.dialog.addEventListener("close", closed, { once: true }));
    return this.dialog.returnValue === "draw" ? this.settings() : null;
  }

  async settings() {
    const known = this.source ?? (await pngOf(this.width, this.height, (context) => context.drawImage(this.picture, 0, 0)));
    const mask = await pngOf(this.width, this.height, (context) => {
      context.fillStyle = "#fff";
      context.fillRect(0, 0, this.width, this.height);
      context.fillStyle = "#000";
      this.mask.forEach((marked, i) => marked && context.fillRect(i % this.width, Math.floor(i / this.width), 1, 1));
    });
    return { inpaint: { png: known }, mask: { png: mask } };
  }

  // A picture of the user's. The server brings it to the size of the model.
  async load() {
    const [file] = byId("own").files;
    if (!file) return;
    try {
      this.picture = await createImageBitmap(file);
      this.source = await base64Of(file);
      this.draw();
    } catch {
      byId("marked").textContent = `${file.name} is not a picture that this browser can read.`;
    }
  }

  paint(event, begins) {
    const box = this.easel.getBoundingClientRect();
    const x = Math.floor(((event.clientX - box.left) / box.width) * this.width);
    const y = Math.floor(((event.clientY - box.top) / box.height) * this.height);
    if (begins) {
      this.easel.setPointerCapture(event.pointerId);
      this.isMarking = event.button === 0 && !this.mask[y * this.width + x];
    }
    this.cursor = [x, y];
    this.stroke(this.isMarking);
  }

  press(event) {
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const [dx, dy] = moves[event.key] ?? [0, 0];
    const [x, y] = this.cursor;
    if (event.key === " ") this.stroke(!this.mask[y * this.width + x]);
    else if (!dx && !dy) return;
    event.preventDefault();
    this.cursor = [Math.min(this.width - 1, Math.max(0, x + dx)), Math.min(this.height - 1, Math.max(0, y + dy))];
    this.draw();
  }

  // Marks or clears what is under the brush.
  stroke(marked) {
    const reach = Number(byId("brush").value) - 0.5;
    const [cx, cy] = this.cursor;
    for (let y = 0; y < this.height; y += 1) {
      for (let x = 0; x < this.width; x += 1) {
        if (Math.hypot(x - cx, y - cy) <= reach) this.mask[y * this.width + x] = marked ? 1 : 0;
      }
    }
    this.draw();
  }

  markHalf(which) {
    const [width, height] = [this.width, this.height];
    const isMarked = {
      upper: (x, y) => y < height / 2, lower: (x, y) => y >= height / 2,
      left: (x) => x < width / 2, right: (x) => x >= width / 2, nothing: () => false,
    }[which];
    this.mask = this.mask.map((_, i) => (isMarked(i % width, Math.floor(i / width)) ? 1 : 0));
    this.draw();
  }

  draw() {
    const unit = Math.max(1, Math.floor(384 / Math.max(this.width, this.height)));
    Object.assign(this.easel, { width: this.width * unit, height: this.height * unit });
    const context = this.easel.getContext("2d");
    context.imageSmoothingEnabled = false;
    cover(context, this.picture);
    context.fillStyle = "rgb(255 90 0 / 0.65)";
    let count = 0;
    this.mask.forEach((marked, i) => {
      if (!marked) return;
      count += 1;
      context.fillRect((i % this.width) * unit, Math.floor(i / this.width) * unit, unit, unit);
    });
    if (document.activeElement === this.easel) {
      context.strokeStyle = "#ff5a00";
      context.lineWidth = 2;
      context.strokeRect(this.cursor[0] * unit + 1, this.cursor[1] * unit + 1, unit - 2, unit - 2);
    }
    byId("brush-text").textContent = byId("brush").value;
    byId("marked").textContent = count ? `${count} of ${this.mask.length} pixels are drawn again.` : "Nothing is marked yet.";
    byId("complete").disabled = count === 0;
  }
}

// Fills a canvas with the middle of a picture, as the server does with pictures of another shape.
function cover(context, picture) {
  const { width, height } = context.canvas;
  const scale = Math.max(width / picture.width, height / picture.height);
  const size = [width / scale, height / scale];
  const place = [(picture.width - size[0]) / 2, (picture.height - size[1]) / 2];
  context.drawImage(picture, ...place, ...size, 0, 0, width, height);
}

async function pngOf(width, height, paint) {
  const canvas = new OffscreenCanvas(width, height);
  paint(canvas.getContext("2d"));
  return base64Of(await canvas.convertToBlob({ type: "image/png" }));
}
