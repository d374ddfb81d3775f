// The estimate along one path.

{
  const stage = byId("path-stage");
  const side = byId("path-side");
  momentSlider(side);
  const distances = new Chart(side, "Distance of the estimate and of xₜ from the sample, by moment", {
    from: 0, to: 1, name: "share of the hops made", ticks: [[0, "0"], [0.5, "½"], [1, "1"]],
  }, { from: 0, to: isPoints ? 4 : 16, name: "distance from the sample", ticks: (isPoints ? [0, 2, 4] : [0, 8, 16]).map((y) => [y, String(y)]) }, [340, 220]);
  const terms = new Terms(side, [
    ["path.x", isPoints ? "xₜ" : "xₜ, distance", "noisy"],
    ["path.x0", isPoints ? "x̂₀" : "x̂₀, distance", "clean"],
  ]);
  const view = isPoints ? twoPaths() : twoFilms();

  const endOf = (run) => row(run.x, lastMoment(), state.particle);
  const far = (a, b) => Math.hypot(...a.map((value, i) => value - b[i]));

  figures.push(() => {
    const { guides } = runOf(state);
    const end = endOf(runOf(state));
    const index = values(hopsOf(state).index);
    const along = (table) =>
      Array.from(index, (hop, k) => [hop / state.hops, far(row(table, k, state.particle), end)]).concat([[1, 0]]);
    distances.clear();
    distances.line(along(guides.x), { class: "line noisy" });
    distances.line(along(guides.x0), { class: "line clean" });
    distances.cursor(state.moment >= lastMoment() ? 1 : ofHop("index")[0] / state.hops);
    terms.show({
      "path.x": isPoints ? shownPair(ofGuide("x")) : shown(far(ofGuide("x"), end)),
      "path.x0": isPoints ? shownPair(ofGuide("x0")) : shown(far(ofGuide("x0"), end)),
    });
    view();
  });

  function twoPaths() {
    const plane = new Plane(stage, "The path of xₜ and the path of its estimate on the plane");
    const data = plane.layer();
    for (let i = 0; i < subject.rows.shape[0]; i += 1) plane.dot(data, row(subject.rows, i), 2.4, { class: "data" });
    const drawn = plane.layer();
    return () => {
      drawn.replaceChildren();
      const { guides, x } = runOf(state);
      const now = chosenHop();
      for (const [table, colour] of [[guides.x, "noisy"], [guides.x0, "clean"]]) {
        const places = Array.from({ length: lastMoment() }, (_, k) => plane.place(row(table, k, state.particle)));
        places.push(plane.place(row(x, lastMoment(), state.particle)));
        shape("path", { d: pathOf(places), class: `outline dim ${colour}` }, drawn);
        shape("path", { d: pathOf(places.slice(0, now + 1)), class: `outline ${colour}` }, drawn);
        if (lastMoment() <= 12) for (const [cx, cy] of places) shape("circle", { cx, cy, r: 3, class: `mark ${colour}` }, drawn);
      }
      plane.arrow(drawn, ofGuide("x"), ofGuide("x0"), { class: "outline dashed clean" });
      for (const [name, text, colour] of [["x", "xₜ", "noisy"], ["x0", "x̂₀", "clean"]]) {
        plane.dot(drawn, ofGuide(name), 7, { class: `mark ${colour}` });
        plane.label(drawn, ofGuide(name), text, { class: `label ${colour}` });
      }
    };
  }

  function twoFilms() {
    const FRAMES = 10;
    const films = [["x", "xₜ", "noisy"], ["x0", "x̂₀", "clean"]].map(([name, text, colour]) => {
      const strip = element("div", { class: "film", tabindex: "0", role: "group", "aria-label": `${text} along the run` });
      stage.append(element("h3", { class: colour }, text), strip);
      const frames = Array.from({ length: FRAMES }, () => {
        const made = picture("", text);
        strip.append(made.box);
        return made;
      });
      return { name, frames };
    });
    return () => {
      const shownMoments = Array.from({ length: FRAMES }, (_, i) => Math.round((i * (lastMoment() - 1)) / (FRAMES - 1)));
      const unique = [...new Set(shownMoments)];
      const nearest = unique.reduce((a, b) => (Math.abs(b - chosenHop()) < Math.abs(a - chosenHop()) ? b : a));
      for (const { name, frames } of films) {
        frames.forEach(({ box, canvas, text }, i) => {
          box.hidden = i >= unique.length;
          if (box.hidden) return;
          paint(canvas, row(runOf(state).guides[name], unique[i], state.particle));
          text.textContent = `t ${row(hopsOf(state).timestep, unique[i])[0]}`;
          box.dataset.chosen = unique[i] === nearest;
        });
      }
    };
  }
}
