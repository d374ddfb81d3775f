// The settings that are chosen.

import { byId, element } from "./elements.js";

// What may differ between two runs from the same noise: a sampler with its options, steps, class, guidance.
export class Side {
  constructor(name, model) {
    this.model = model;
    this.name = name;
    const { defaults, limits, samplers } = model;
    this.sampler = element(
      "select",
      { "data-control": "sampler" },
      ...samplers.map(({ name: value }) => element("option", { value }, value)),
    );
    // The default may have options, as in "ddpm:variance=learned".
    const [usual, given = ""] = defaults.sampler.split(":");
    this.usual = { name: usual, options: Object.fromEntries(given.split(",").map((pair) => pair.split("="))) };
    this.sampler.value = usual;
    this.about = element("p", { class: "small" });
    this.options = element("div", { class: "options" });
    this.sampler.addEventListener("change", () => this.showOptions());
    const steps = Math.min(defaults.steps, limits.steps);
    this.steps = element("input", { type: "number", min: 1, max: limits.steps, value: steps, "data-control": "steps" });
    this.spacing = element(
      "select",
      { "data-control": "spacing" },
      ...[...new Set([defaults.spacing, ...model.spacings])].map((value) => element("option", { value }, value)),
    );
    this.spacing.value = defaults.spacing;
    this.label = this.classChoice();
    this.guidance = model.has_none_class
      ? element("input", { type: "number", min: 0, max: 30, step: 0.5, placeholder: "none", "data-control": "guidance" })
      : null;
    this.box = element(
      "fieldset",
      { class: "side" },
      element("legend", {}, name),
      field("sampler", "Sampler", this.sampler),
      this.about,
      this.options,
      element("div", { class: "pair" }, field("steps", "Steps", this.steps), field("spacing", "Spacing", this.spacing)),
      element(
        "div",
        { class: "pair" },
        this.label && field("class", "Class", this.label),
        this.guidance && field("guidance", "Guidance", this.guidance),
      ),
    );
    this.showOptions();
  }

  classChoice() {
    const { classes, has_none_class: hasNone, must_choose_class: mustChoose } = this.model;
    if (!classes) return null;
    const option = (value, text) => element("option", { value }, text);
    return element(
      "select",
      { "data-control": "class" },
      mustChoose ? null : option("", "any"),
      ...classes.map((name) => option(name, name)),
      hasNone ? option("none", "none") : null,
    );
  }

  showOptions() {
    const { about, options } = this.model.samplers.find(({ name }) => name === this.sampler.value);
    this.about.textContent = about;
    const given = this.usual.name === this.sampler.value ? this.usual.options : {};
    this.options.replaceChildren(
      ...options.map(({ name, default: usual, about: hint }) => {
        const input = name === "variance" ? this.variances() : element("input", { placeholder: usual });
        Object.assign(input.dataset, { option: name, usual });
        input.value = given[name] ?? (name === "variance" ? usual : "");
        return element("label", { class: "field", title: hint }, name, input);
      }),
    );
  }

  variances() {
    return element("select", {}, ...this.model.variances.map((value) => element("option", { value }, value)));
  }

  // The settings of a request. What is left empty is left to the server.
  settings() {
    const chosen = [...this.options.querySelectorAll("[data-option]")]
      .filter((input) => ![input.dataset.usual, ""].includes(input.value.trim()))
      .map((input) => `${input.dataset.option}=${input.value.trim()}`);
    const settings = { sampler: [this.sampler.value, chosen.join(",")].filter(Boolean).join(":") };
    if (this.steps.value) settings.steps = Number(this.steps.value);
    if (this.spacing.value !== this.model.defaults.spacing) settings.spacing = this.spacing.value;
    if (this.label?.value) settings.class = this.label.value;
    if (this.guidance?.value) settings.guidance = Number(this.guidance.value);
    return settings;
  }
}

function field(name, text, input) {
  return element("label", { class: "field", "data-field": name }, text, input);
}

// Shows a problem at the field that it points to. Whether there is one.
export function pointOut({ pointer, message }, box) {
  const name = pointer?.split("/")[1];
  const found = name && (box.querySelector(`[data-field="${name}"]`) ?? document.querySelector(`[data-field="${name}"]`));
  if (!found) return false;
  const input = found.querySelector("input, select");
  const id = `problem-${name}`;
  input.setAttribute("aria-invalid", "true");
  input.setAttribute("aria-describedby", id);
  found.append(element("span", { class: "problem", id }, message));
  input.focus();
  return true;
}

export function clearProblems() {
  for (const problem of document.querySelectorAll(".problem")) problem.remove();
  for (const input of document.querySelectorAll("[aria-invalid]")) {
    input.removeAttribute("aria-invalid");
    input.removeAttribute("aria-describedby");
  }
}

// The settings that all sides share.
export function shared() {
  const settings = { model: byId("model").value };
  if (byId("count").value) settings.count = Number(byId("count").value);
  if (byId("seed").value.trim()) settings.seed = byId("seed").value.trim();
  return settings;
}
