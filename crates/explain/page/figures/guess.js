// The estimate x̂₀: a weighted mean of the data.

{
  const stage = byId("guess-stage");
  const side = byId("guess-side");
  if (isPoints) fieldOfThePlane();
  else partsOfPictures();

  function fieldOfThePlane() {
    const { field } = numbers;
    const nodes = field.nodes;
    const place = (i) => field.reach * ((2 * i) / (nodes - 1) - 1);
    const chosen = { level: 13, x: 12, y: 9 };
    const plane = new Plane(stage, "The field of the estimate: an arrow from each x towards its estimate");
    const [data, arrows, probe] = [plane.layer(), plane.layer(), plane.layer()];
    const count = subject.rows.shape[0];
    const dots = Array.from({ length: count }, (_, i) => plane.dot(data, row(subject.rows, i), 2, { class: "data clean mark" }));

    plane.svg.style.touchAction = "pan-y";
    const follow = (event) => {
      const index = (value) => Math.min(nodes - 1, Math.max(0, Math.round(((value / field.reach + 1) / 2) * (nodes - 1))));
      const [x, y] = plane.under(event);
      Object.assign(chosen, { x: index(x), y: index(y) });
      draw();
    };
    plane.svg.classList.add("hit");
    plane.svg.addEventListener("pointerdown", follow);
    plane.svg.addEventListener("pointermove", (event) => event.buttons && follow(event));

    const set = (key) => (value) => {
      chosen[key] = value;
      draw();
    };
    const level = slider(side, "Noise level", { max: field.x0.shape[0] - 1, key: "guess.level" }, set("level"));
    const [xName, yName] = subject.columns;
    const across = slider(side, `xₜ, ${xName}`, { max: nodes - 1, key: "guess.x" }, set("x"));
    const up = slider(side, `xₜ, ${yName}`, { max: nodes - 1, key: "guess.y" }, set("y"));
    const terms = new Terms(side, [
      ["guess.x_t", "xₜ", "noisy"],
      ["guess.x0", "x̂₀, from the program", "clean"],
      ["guess.mean", "Σ w x, from the weights drawn", "clean"],
      ["guess.largest", "largest weight w"],
      ["guess.points", "points that share half of the weight"],
    ]);

    let drawnLevel = -1;
    figures.push(() => {
      const [alpha, sigma] = [values(field.alpha)[chosen.level], values(field.sigma)[chosen.level]];
      if (drawnLevel !== chosen.level) {
        drawnLevel = chosen.level;
        arrows.replaceChildren();
        for (let i = 0; i < nodes * nodes; i += 1) {
          const from = [place(i % nodes), place(Math.floor(i / nodes))];
          const [x, y] = row(field.x0, chosen.level, i);
          const length = Math.hypot(x - from[0], y - from[1]);
          const share = Math.min(0.24 / length, 0.24);
          const to = [from[0] + share * (x - from[0]), from[1] + share * (y - from[1])];
          plane.arrow(arrows, from, to, { class: "arrow" });
        }
      }
      const x = [place(chosen.x), place(chosen.y)];
      const estimate = row(field.x0, chosen.level, chosen.y * nodes + chosen.x);
      const weights = weightsAt(x, alpha, sigma);
      const largest = Math.max(...weights);
      dots.forEach((dot, i) => {
        dot.setAttribute("r", 2 + 9 * Math.sqrt(weights[i] / largest) * Math.sqrt(Math.min(1, largest * 12)));
        dot.style.opacity = 0.2 + 0.6 * Math.sqrt(weights[i] / largest);
      });
      probe.replaceChildren();
      plane.arrow(probe, x, estimate, { class: "outline clean" });
      plane.dot(probe, x, 6, { class: "mark noisy" });
      plane.dot(probe, estimate, 7, { class: "mark clean" });
      plane.label(probe, x, "xₜ", { class: "label noisy" });
      plane.label(probe, estimate, "x̂₀", { class: "label clean" });
      const timestep = scheduleOf(state).field_timesteps[chosen.level];
      level.show(chosen.level, `σ = ${shown(sigma)}, t ≈ ${Math.round(timestep)} of ${state.schedule}`);
      across.show(chosen.x, shown(x[0]));
      up.show(chosen.y, shown(x[1]));
      terms.show({
        "guess.x_t": shownPair(x),
        "guess.x0": shownPair(estimate),
        "guess.mean": shownPair(meanOf(weights)),
        "guess.largest": shown(largest),
        "guess.points": String(halfOf(weights)),
      });
    });
  }

  // The weights of the formula: the only one that is computed in the page. The tests compare it with the
  // program's estimate.
  function weightsAt([x, y], alpha, sigma) {
    const rows = values(subject.rows);
    const count = subject.rows.shape[0];
    const far = Float64Array.from({ length: count }, (_, i) => (x - alpha * rows[2 * i]) ** 2 + (y - alpha * rows[2 * i + 1]) ** 2);
    const least = far.reduce((a, b) => Math.min(a, b));
    const weights = far.map((distance) => Math.exp((least - distance) / (2 * sigma * sigma)));
    const total = weights.reduce((a, b) => a + b);
    return weights.map((weight) => weight / total);
  }

  function meanOf(weights) {
    const sum = [0, 0];
    weights.forEach((weight, i) => row(subject.rows, i).forEach((value, axis) => (sum[axis] += weight * value)));
    return sum;
  }

  function halfOf(weights) {
    let sum = 0;
    return weights.slice().sort((a, b) => b - a).findIndex((weight) => (sum += weight) >= 0.5) + 1;
  }

  function partsOfPictures() {
    const noisy = picture("xₜ, noisy");
    const guess = picture("x̂₀");
    const parts = element("div", { class: "pictures" });
    const made = Array.from({ length: numbers.runs[0].guides.parts.rows.shape[2] }, () => {
      const part = picture("", "A picture of the data");
      parts.append(part.box);
      return part;
    });
    stage.append(
      element("div", { class: "equation" }, noisy.box, element("span", {}, "→"), guess.box, element("span", {}, "≈")),
      parts,
    );
    momentSlider(side);
    const terms = new Terms(side, [["guess.largest", "largest weight w"], ["guess.rest", "weight of all other pictures"]]);
    figures.push(() => {
      paint(noisy.canvas, ofGuide("x"));
      paint(guess.canvas, ofGuide("x0"));
      const { rows, shares } = runOf(state).guides.parts;
      const [which, weights] = [rows, shares].map((table) => row(table, chosenHop(), state.particle));
      made.forEach(({ canvas, text }, i) => {
        paint(canvas, row(subject.rows, which[i]));
        text.textContent = `${shown(100 * weights[i])} %`;
      });
      terms.show({
        "guess.largest": shown(weights[0]),
        "guess.rest": shown(Math.max(0, 1 - weights.reduce((a, b) => a + b))),
      });
    });
  }
}
