// One run: its settings, the frames that arrived, and what the page shows of it.

import * as server from "./api.js";
import { element } from "./elements.js";
import { frameOf, lastFrame, viewOf } from "./samples.js";

export class Run {
  // `source` makes the events: the server, or this browser.
  constructor(name, model, settings, opened, source = server) {
    Object.assign(this, { name, model, settings, source, frames: [], samples: [], result: null, accepted: null, progress: [0, 1] });
    this.view = viewOf(model, (place) => opened(this, place));
    this.title = element("h3", {}, this.summary());
    this.box = element("article", { class: "run" }, this.title, this.view.box);
    this.actions = element("div", { class: "actions", hidden: true });
  }

  summary() {
    const { sampler, steps, class: label, guidance, inpaint } = this.settings;
    const parts = [sampler, steps && `${steps} steps`, label && `class ${label}`, guidance !== undefined && `guidance ${guidance}`];
    const text = parts.filter(Boolean).join(" · ") + (inpaint ? " · a part drawn again" : "");
    return this.name ? `${this.name}: ${text}` : text;
  }

  // Follows the run to its end; `changed` is called with each event.
  async follow(signal, changed) {
    const previews = Math.min(this.model.limits.previews, this.settings.steps ?? this.model.defaults.steps);
    for await (const { name, data } of this.source.events({ previews, ...this.settings }, signal)) {
      if (name === "accepted") {
        this.accepted = data;
        this.view.begin(data.count, data.classes);
      } else if (name === "step") {
        this.progress = [data.done, data.of];
        this.frames.push({ ...(await frameOf(this.model, data)), text: `after step ${data.done} of ${data.of}` });
      } else if (name === "sample") {
        this.samples.push(data);
      } else if (name === "done") {
        this.frames.push({ ...(await lastFrame(this.model, this.samples)), text: "the samples" });
        this.result = data;
        this.progress = [1, 1];
        this.offer();
      }
      changed(this);
    }
  }

  // Shows the frame at a share of the run, from 0 to 1, and returns what it is.
  show(share) {
    if (this.frames.length === 0) return "";
    const frame = this.frames[Math.round(share * (this.frames.length - 1))];
    this.view.show(frame);
    return frame.text;
  }

  // What can be done with the result.
  offer() {
    const { links, command, curl, seed_text: seed } = this.result;
    const name = `${this.result.model}-${seed}`;
    const files = [["Picture (PNG)", links.png, `${name}.png`], ["Array (.npy)", links.npy, `${name}.npy`]];
    if (links.csv) files.unshift(["Table (CSV)", links.csv, `${name}.csv`]);
    this.actions.replaceChildren(
      element(
        "div",
        { class: "row wrap" },
        ...files.map(([text, path, file]) =>
          element("button", { type: "button", onclick: (event) => this.download(event.target, path, file) }, text),
        ),
      ),
      ...[["Command line", command], ["curl", curl]].filter(([, text]) => text).map(([what, text]) => copied(what, text)),
    );
    this.actions.hidden = false;
    this.box.append(this.actions);
  }

  async download(button, path, file) {
    try {
      const blob = path instanceof Blob ? path : await (await server.ask(path)).blob();
      const url = URL.createObjectURL(blob);
      element("a", { href: url, download: file }).click();
      setTimeout(() => URL.revokeObjectURL(url), 10_000);
    } catch (problem) {
      const text = problem.status === 404 ? "The server no longer has this result: draw it again." : problem.message;
      button.after(element("span", { class: "problem", role: "alert" }, text));
    }
  }
}

// A text to be copied, such as a command.
function copied(what, text) {
  const code = element("code", {}, text);
  const button = element("button", { type: "button", "aria-label": `Copy: ${what}` }, "Copy");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(code);
      button.textContent = "Selected";
    }
    setTimeout(() => (button.textContent = "Copy"), 2000);
  });
  const line = element("div", { class: "code", tabindex: 0, role: "group", "aria-label": what }, code);
  return element("div", { class: "copied" }, element("h4", {}, what), line, button);
}
