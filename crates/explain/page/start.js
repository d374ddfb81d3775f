// The choices of the bar, and the first drawing.

function segments(parent, name, key, options) {
  const choices = options.map(([value, text, spoken]) => {
    const input = element("input", { type: "radio", name: key, value, "aria-label": spoken ?? text });
    input.checked = String(state[key]) === String(value);
    input.addEventListener("change", () => choose({ [key]: value }));
    return element("label", {}, input, element("span", {}, text));
  });
  parent.append(
    element("fieldset", { class: "segments" }, element("legend", {}, name), element("div", {}, ...choices)),
  );
}

const bar = byId("process");
segments(bar, "Schedule", "schedule", SCHEDULES.map((name) => [name, name]));
segments(bar, "Hops", "hops", HOPS.map((hops) => [hops, String(hops)]));
segments(bar, "Noise of a hop", "noise", [
  ["small", "β̃", "variance beta tilde"],
  ["large", "β", "variance beta"],
  ["zero", "none", "no noise"],
]);
const guides = numbers.runs[0].guides.x.shape[1];
segments(
  bar,
  "Particle",
  "particle",
  Array.from({ length: guides }, (_, i) => [i, String(i + 1)]),
);

byId("subject").textContent = subject.name;
byId("count").textContent = `${subject.rows.shape[0]} ${isPoints ? "points" : "pictures"}`;
byId("notice").textContent = subject.notice ? `${subject.notice[0].toUpperCase()}${subject.notice.slice(1)}.` : "";
byId("version").textContent = numbers.version;
for (const only of document.querySelectorAll("[data-only]")) only.hidden = only.dataset.only !== subject.kind;
draw();
document.documentElement.dataset.ready = "true";
