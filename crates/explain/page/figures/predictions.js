// The three predictions, and how each becomes the others.

{
  const stage = byId("predictions-stage");
  const side = byId("predictions-side");
  const KINDS = [["epsilon", "ε̂", "epsilon"], ["x0", "x̂₀", "clean"], ["v", "v̂", "v"]];
  momentSlider(side);
  const body = element("tbody");
  const cells = KINDS.map(([key, name, colour]) => {
    const made = Object.fromEntries(
      [...(isPoints ? ["output"] : []), "on_x", "on_output", ...(isPoints ? ["x0"] : [])].map((column) => [
        column,
        element("td", { "data-number": `predictions.${key}.${column}` }),
      ]),
    );
    body.append(element("tr", {}, element("th", { scope: "row", class: colour }, name), ...Object.values(made)));
    return made;
  });
  const heads = ["network gives", ...(isPoints ? ["its output"] : []), "a", "b", ...(isPoints ? ["x̂₀ = a xₜ + b output"] : [])];
  const head = element("thead", {}, element("tr", {}, ...heads.map((text) => element("th", { scope: "col" }, text))));
  byId("predictions-table").append(element("table", {}, head, body));
  const errors = new Chart(side, "How an error of each prediction becomes an error of the estimate", {
    from: 0, to: 1, name: "share of the hops made", ticks: [[0, "0"], [0.5, "½"], [1, "1"]],
  }, { from: 1e-2, to: 1e3, log: true, name: "error of x̂₀ ÷ error of the output", ticks: [[0.01, "0.01"], [1, "1"], [100, "100"]] }, [340, 220]);
  const view = isPoints ? vectors() : outputs();

  figures.push(() => {
    view();
    const { index, to_x0 } = hopsOf(state);
    errors.clear();
    KINDS.forEach(([, , colour], kind) => {
      const along = Array.from(values(index), (hop, k) => [hop / state.hops, Math.abs(row(to_x0, k, kind)[1])]);
      errors.line(along, { class: `line ${colour}` });
    });
    errors.cursor(ofHop("index")[0] / state.hops);
    KINDS.forEach(([key], kind) => {
      const [onX, onOutput] = ofHop("to_x0", kind);
      const made = cells[kind];
      made.on_x.textContent = shown(onX);
      made.on_output.textContent = shown(onOutput);
      if (!isPoints) return;
      const [x, output] = [ofGuide("x"), ofGuide(key)];
      made.output.textContent = shownPair(output);
      made.x0.textContent = shownPair([0, 1].map((axis) => onX * x[axis] + onOutput * output[axis]));
    });
  });

  function vectors() {
    const plane = new Plane(stage, "xₜ as the sum of the data's part and the noise's part, and the direction v");
    const drawn = plane.layer();
    return () => {
      drawn.replaceChildren();
      const [x, x0, epsilon, v] = ["x", "x0", "epsilon", "v"].map(ofGuide);
      const [alpha, sigma] = [ofHop("alpha")[0], ofHop("sigma")[0]];
      const [data, noise] = [x0.map((value) => alpha * value), epsilon.map((value) => sigma * value)];
      const end = [0, 1].map((axis) => x[axis] + 0.5 * v[axis]);
      plane.fit([[0, 0], x, data, noise, end]);
      shape("path", { d: pathOf([data, x, noise].map((point) => plane.place(point))), class: "outline dashed dim noisy" }, drawn);
      plane.arrow(drawn, [0, 0], data, { class: "outline clean" });
      plane.arrow(drawn, [0, 0], noise, { class: "outline epsilon" });
      plane.arrow(drawn, [0, 0], x, { class: "outline noisy" });
      plane.arrow(drawn, x, end, { class: "outline v" });
      for (const [place, text, colour] of [[data, "α x̂₀", "clean"], [noise, "σ ε̂", "epsilon"], [x, "xₜ", "noisy"], [end, "v̂", "v"]]) {
        plane.label(drawn, place, text, { class: `label ${colour}` });
      }
    };
  }

  function outputs() {
    const made = [["x", "xₜ", "noisy"], ...KINDS].map(([name, text, colour]) => {
      const one = picture(text);
      one.text.className = colour;
      return { name, ...one };
    });
    stage.append(element("div", { class: "equation" }, ...made.map(({ box }) => box)));
    return () => {
      for (const { name, canvas } of made) paint(canvas, ofGuide(name));
    };
  }
}
