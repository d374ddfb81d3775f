// β̃, β or no noise: the same start, three runs.

{
  const panels = byId("noise-panels");
  const made = NOISES.map((noise) => {
    const stage = element("div", { class: "stage" });
    const name = noise === "zero" ? "no noise (DDIM)" : `variance ${NOISE_NAMES[noise]}`;
    const panel = element("div", { class: "panel" }, element("h3", {}, name), stage);
    panels.append(panel);
    const terms = new Terms(panel, [
      [`noise.${noise}.off`, `samples to the nearest ${isPoints ? "point" : "picture"}`],
      [`noise.${noise}.spread`, "variance ÷ that of the data"],
    ]);
    return { noise, panel, terms, view: isPoints ? cloud(stage, name) : grid(stage, name) };
  });
  const most = Math.max(...numbers.runs.map((run) => run.off_the_data));
  const top = 10 ** Math.floor(Math.log10(most)) * Math.ceil(most / 10 ** Math.floor(Math.log10(most)));
  const distances = new Chart(byId("noise-chart"), "Distance of the samples to the data, by number of hops", {
    from: HOPS[0], to: HOPS.at(-1), log: true, name: "hops", ticks: HOPS.map((hops) => [hops, String(hops)]),
  }, { from: 0, to: top, name: "samples to the nearest row of the data, mean", ticks: [0, top / 2, top].map((y) => [y, shown(y)]) }, [1000, 280]);
  const COLOURS = { small: "clean", large: "epsilon", zero: "v" };
  momentSlider(byId("noise-moment"));

  figures.push(() => {
    distances.clear();
    for (const { noise, panel, terms, view } of made) {
      const run = runOf({ ...state, noise });
      panel.dataset.chosen = noise === state.noise;
      view(run);
      terms.show({ [`noise.${noise}.off`]: shown(run.off_the_data), [`noise.${noise}.spread`]: shown(run.spread) });
      const along = HOPS.map((hops) => [hops, runOf({ ...state, noise, hops }).off_the_data]);
      distances.line(along, { class: `line ${COLOURS[noise]}` });
      for (const place of along) distances.dot(place, place[0] === state.hops ? 6 : 3.5, { class: `mark ${COLOURS[noise]}` });
    }
  });

  function cloud(stage, name) {
    const plane = new Plane(stage, `Particles, ${name}`);
    const data = plane.layer();
    for (let i = 0; i < subject.rows.shape[0]; i += 1) plane.dot(data, row(subject.rows, i), 3, { class: "data" });
    const particles = plane.layer();
    const dots = Array.from({ length: numbers.runs[0].x.shape[1] }, (_, i) =>
      shape("circle", { class: "particle", r: 7, fill: hue(row(numbers.runs[0].x, 0, i)) }, particles),
    );
    return (run) => dots.forEach((dot, i) => move(dot, plane.place(at(run, state.moment, i))));
  }

  function grid(stage, name) {
    const box = element("div", { class: "pictures three" });
    stage.append(box);
    const canvases = Array.from({ length: Math.min(9, numbers.runs[0].x.shape[1]) }, (_, i) => {
      const canvas = element("canvas", { role: "img", "aria-label": `Particle ${i + 1}, ${name}` });
      box.append(canvas);
      return canvas;
    });
    return (run) => canvases.forEach((canvas, i) => paint(canvas, at(run, state.moment, i)));
  }
}
