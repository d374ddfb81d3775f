// Elements, planes and charts.

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function shape(name, attributes = {}, parent = null, text = "") {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text) made.textContent = text;
  parent?.append(made);
  return made;
}

const byId = (id) => document.getElementById(id);
const pathOf = (points) => points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(2)} ${y.toFixed(2)}`).join("");

// A plane with y upwards: `half` units from its middle to each side.
class Plane {
  constructor(parent, name, half = 3.4) {
    this.half = half;
    this.centre = [0, 0];
    this.svg = shape("svg", { viewBox: "0 0 600 600", role: "img", "aria-label": name }, parent);
    this.axes = shape("path", { class: "axis" }, this.svg);
    this.look([0, 0], half);
  }
  look(centre, half) {
    this.centre = centre;
    this.half = half;
    const [x, y] = this.place([0, 0]);
    this.axes.setAttribute("d", `M${x} 0V600M0 ${y}H600`);
  }
  place([x, y]) {
    const unit = 300 / this.half;
    return [300 + (x - this.centre[0]) * unit, 300 - (y - this.centre[1]) * unit];
  }
  // The point of the plane under the pointer.
  under(event) {
    const box = this.svg.getBoundingClientRect();
    const at = (share) => (2 * share - 1) * this.half;
    return [
      this.centre[0] + at((event.clientX - box.left) / box.width),
      this.centre[1] - at((event.clientY - box.top) / box.height),
    ];
  }
  // Shows all of these points, with room around them.
  fit(points) {
    const ends = [0, 1].map((axis) => [Math.min(...points.map((at) => at[axis])), Math.max(...points.map((at) => at[axis]))]);
    const half = Math.max(...ends.map(([least, most]) => (most - least) / 2));
    this.look(ends.map(([least, most]) => (least + most) / 2), 1.3 * Math.max(half, 1e-3));
  }
  layer() {
    return shape("g", {}, this.svg);
  }
  dot(parent, at, radius, attributes) {
    const [cx, cy] = this.place(at);
    return shape("circle", { cx, cy, r: radius, ...attributes }, parent);
  }
  arrow(parent, from, to, attributes) {
    const [[x1, y1], [x2, y2]] = [this.place(from), this.place(to)];
    const [dx, dy] = [x2 - x1, y2 - y1];
    const length = Math.hypot(dx, dy);
    if (length < 1) return null;
    const head = Math.min(9, length / 2) / length;
    const wing = (side) => [x2 - head * (dx + side * dy * 0.5), y2 - head * (dy - side * dx * 0.5)];
    const d = `${pathOf([[x1, y1], [x2, y2]])}${pathOf([wing(1), [x2, y2], wing(-1)])}`;
    return shape("path", { d, ...attributes }, parent);
  }
  label(parent, at, text, attributes, [dx, dy] = [9, -9]) {
    const [x, y] = this.place(at);
    const inside = (value) => Math.min(575, Math.max(14, value));
    return shape("text", { x: inside(x + dx), y: inside(y + dy), class: "label", ...attributes }, parent, text);
  }
}

// A chart with axes. `x` and `y` are { from, to, ticks, log, name }.
class Chart {
  constructor(parent, name, x, y, [wide, height] = [600, 260]) {
    // On a phone the texts keep their size, and the chart gets narrower.
    const width = Math.min(wide, matchMedia("(max-width: 40rem)").matches ? 340 : wide);
    this.box = { left: 44, right: width - 12, top: 30, bottom: height - 40 };
    Object.assign(this, { x, y });
    this.svg = shape("svg", { viewBox: `0 0 ${width} ${height}`, class: "chart", role: "img", "aria-label": name }, parent);
    const { left, right, top, bottom } = this.box;
    shape("path", { class: "axis", d: `M${left} ${top}V${bottom}H${right}` }, this.svg);
    for (const [value, text] of x.ticks) {
      const at = this.across(value);
      shape("path", { class: "axis", d: `M${at} ${bottom}v5` }, this.svg);
      shape("text", { x: at, y: bottom + 19, "text-anchor": "middle" }, this.svg, text);
    }
    for (const [value, text] of y.ticks) {
      const at = this.up(value);
      shape("path", { class: "axis", d: `M${left} ${at}H${right}`, "stroke-opacity": 0.6 }, this.svg);
      shape("text", { x: left - 8, y: at + 4, "text-anchor": "end" }, this.svg, text);
    }
    shape("text", { x: right, y: bottom + 35, "text-anchor": "end" }, this.svg, x.name);
    shape("text", { x: 2, y: 14, class: "strong" }, this.svg, y.name);
    this.lines = shape("g", {}, this.svg);
  }
  share({ from, to, log }, value) {
    const measure = log ? (number) => Math.log10(Math.max(number, 1e-12)) : (number) => number;
    return (measure(value) - measure(from)) / (measure(to) - measure(from));
  }
  across(value) {
    return this.box.left + this.share(this.x, value) * (this.box.right - this.box.left);
  }
  up(value) {
    const share = Math.min(1.02, Math.max(-0.02, this.share(this.y, value)));
    return this.box.bottom - share * (this.box.bottom - this.box.top);
  }
  clear() {
    this.lines.replaceChildren();
  }
  line(points, attributes) {
    const places = points.map(([x, y]) => [this.across(x), this.up(y)]);
    return shape("path", { d: pathOf(places), ...attributes }, this.lines);
  }
  dot([x, y], radius, attributes) {
    return shape("circle", { cx: this.across(x), cy: this.up(y), r: radius, ...attributes }, this.lines);
  }
  cursor(x) {
    const at = this.across(x);
    return shape("path", { class: "cursor", d: `M${at} ${this.box.top}V${this.box.bottom}` }, this.lines);
  }
}

// A picture on a canvas, from values of −1 (black) to 1 (white).
function paint(canvas, pixels) {
  const [channels, height, width] = subject.shape;
  Object.assign(canvas, { width, height });
  canvas.style.setProperty("--aspect", `${width} / ${height}`);
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  const area = height * width;
  for (let i = 0; i < area; i += 1) {
    for (let channel = 0; channel < 3; channel += 1) {
      image.data[4 * i + channel] = (pixels[(channel % channels) * area + i] + 1) * 127.5;
    }
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

// A canvas with a caption below it.
function picture(caption, name) {
  const canvas = element("canvas", { role: "img", "aria-label": name ?? caption });
  const text = element("figcaption", {}, caption);
  return { box: element("figure", { class: "picture" }, canvas, text), canvas, text };
}

// Terms and their values, which `show` replaces.
class Terms {
  constructor(parent, terms) {
    const list = element("dl", { class: "numbers" });
    this.values = {};
    for (const [key, name, colour] of terms) {
      this.values[key] = element("dd", { "data-number": key });
      list.append(element("dt", { class: colour ?? "" }, name), this.values[key]);
    }
    parent.append(list);
  }
  show(texts) {
    for (const [key, text] of Object.entries(texts)) this.values[key].textContent = text;
  }
}

// A slider with its name and the value in words.
function slider(parent, name, { min = 0, max, step = 1, key }, changed) {
  const input = element("input", { type: "range", min, max, step, "data-control": key });
  const output = element("output");
  const label = element("label", { class: "slider" }, element("span", {}, name), output, input);
  input.addEventListener("input", () => changed(Number(input.value)));
  parent.append(label);
  return {
    show(value, text, most = max) {
      input.max = most;
      input.value = value;
      input.setAttribute("aria-valuetext", text);
      output.textContent = text;
    },
  };
}
