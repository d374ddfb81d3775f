// Noise levels: the schedules, and what is left of the data at a timestep.

{
  const last = values(numbers.schedules[0].alpha_bar).length - 1;
  const time = { from: 0, to: last, name: "timestep t", ticks: [0, 250, 500, 750, 999].map((t) => [t, String(t)]) };
  const stage = byId("levels-stage");
  const signal = new Chart(stage, "Signal variance by timestep, for each schedule", time, {
    from: 0, to: 1, name: "signal variance ᾱ", ticks: [[0, "0"], [0.5, "0.5"], [1, "1"]],
  });
  const ratio = new Chart(stage, "Signal-to-noise ratio by timestep, for each schedule", time, {
    from: 1e-6, to: 1e4, log: true, name: "signal-to-noise ratio",
    ticks: [[1e-6, "10⁻⁶"], [1e-3, "10⁻³"], [1, "1"], [1e3, "10³"]],
  });
  const side = byId("levels-side");
  let timestep = 500;
  const choice = slider(side, "Timestep", { max: last, key: "levels.timestep" }, (t) => {
    timestep = t;
    draw();
  });
  const terms = new Terms(side, [
    ["levels.alpha_bar", "ᾱ, share of the data in the variance", "clean"],
    ["levels.noise", "1 − ᾱ, share of noise", "epsilon"],
    ["levels.snr", "ᾱ/(1 − ᾱ)"],
    ["levels.beta", "β"],
    ["levels.beta_tilde", "β̃"],
    ...(isPoints ? [["levels.x", "xₜ of the first point", "noisy"]] : []),
  ]);
  const view = isPoints ? noisyPlane() : noisyPicture();

  figures.push(() => {
    signal.clear();
    ratio.clear();
    const visited = values(hopsOf(state).timestep);
    for (const schedule of numbers.schedules) {
      const isChosen = schedule.name === state.schedule;
      const look = { class: isChosen ? "line" : "line dim", style: `color: var(--${isChosen ? "accent" : "soft"})` };
      for (const [chart, table] of [[signal, schedule.alpha_bar], [ratio, schedule.snr]]) {
        const all = values(table);
        chart.line(Array.from({ length: 200 }, (_, i) => Math.round((i * last) / 199)).map((t) => [t, all[t]]), look);
        if (isChosen) {
          for (const t of visited) chart.dot([t, all[t]], 3, { class: "mark", style: "color: var(--accent)" });
          chart.cursor(timestep);
        }
      }
    }
    const { alpha_bar, beta, beta_tilde, snr } = scheduleOf(state);
    const share = values(alpha_bar)[timestep];
    choice.show(timestep, `t = ${timestep}`);
    terms.show({
      "levels.alpha_bar": shown(share),
      "levels.noise": shown(1 - share),
      "levels.snr": shown(values(snr)[timestep]),
      "levels.beta": shown(values(beta)[timestep]),
      "levels.beta_tilde": shown(values(beta_tilde)[timestep]),
    });
    view(Math.sqrt(share), Math.sqrt(1 - share));
  });

  // The data with the noise that the particles start from: the formula of this figure.
  function noised(i, alpha, sigma) {
    const { guides, x } = numbers.runs[0];
    const noise = i < guides.x.shape[1] ? row(guides.x, 0, i) : row(x, 0, i);
    return row(subject.rows, i).map((value, axis) => alpha * value + sigma * noise[axis]);
  }

  function noisyPlane() {
    const plane = new Plane(side, "The data at this noise level");
    const drawn = plane.layer();
    const count = Math.min(subject.rows.shape[0], numbers.runs[0].x.shape[1]);
    return (alpha, sigma) => {
      drawn.replaceChildren();
      for (let i = 0; i < count; i += 1) plane.dot(drawn, noised(i, alpha, sigma), 6, { class: "mark noisy", opacity: 0.6 });
      terms.show({ "levels.x": shownPair(noised(0, alpha, sigma)) });
    };
  }

  function noisyPicture() {
    const [clean, noisy] = [picture("x₀"), picture("xₜ")];
    side.append(element("div", { class: "equation" }, clean.box, element("span", {}, "→"), noisy.box));
    paint(clean.canvas, row(subject.rows, 0));
    return (alpha, sigma) => paint(noisy.canvas, noised(0, alpha, sigma));
  }
}
