// Particles from noise to data.

{
  const stage = byId("drift-stage");
  const side = byId("drift-side");
  const reduced = matchMedia("(prefers-reduced-motion: reduce)");
  const play = element("button", { class: "primary", type: "button", "data-control": "play" }, "Play");
  side.append(element("div", { class: "row" }, play));
  momentSlider(side);
  const terms = new Terms(side, [
    ["drift.alpha", "signal α", "clean"],
    ["drift.sigma", "noise σ", "epsilon"],
    ["drift.off", isPoints ? "samples to the nearest point, mean" : "samples to the nearest picture, mean"],
    ["drift.spread", "variance of samples ÷ of data"],
  ]);

  // The run plays in about six seconds, whatever its number of hops.
  let playing = false;
  function run(from, began) {
    requestAnimationFrame((now) => {
      if (!playing) return;
      const moment = Math.min(lastMoment(), from + ((now - began) / 6000) * lastMoment());
      choose({ moment: reduced.matches ? Math.floor(moment) : moment });
      if (moment < lastMoment()) run(from, began);
      else stop();
    });
  }
  function start() {
    if (state.moment >= lastMoment()) choose({ moment: 0 });
    playing = true;
    play.textContent = "Pause";
    run(state.moment, performance.now());
  }
  function stop() {
    playing = false;
    play.textContent = "Play";
    choose({ moment: Math.round(state.moment) });
  }
  play.addEventListener("click", () => (playing ? stop() : start()));
  side.addEventListener("input", stop);
  if (!reduced.matches) setTimeout(() => state.moment === 0 && start(), 800);
  byId("process").addEventListener("change", () => playing && stop());

  const cloud = isPoints ? pointCloud() : pictureGrid();
  figures.push(() => {
    cloud();
    const isOver = state.moment >= lastMoment();
    const { off_the_data: off, spread } = runOf(state);
    terms.show({
      "drift.alpha": isOver ? "1" : shown(ofHop("alpha")[0]),
      "drift.sigma": isOver ? "0" : shown(ofHop("sigma")[0]),
      "drift.off": shown(off),
      "drift.spread": shown(spread),
    });
  });

  function pointCloud() {
    const plane = new Plane(stage, "The particles on the plane, on their way from noise to the data");
    const [data, trails, particles] = [plane.layer(), plane.layer(), plane.layer()];
    for (let i = 0; i < subject.rows.shape[0]; i += 1) plane.dot(data, row(subject.rows, i), 2.4, { class: "data" });
    const count = numbers.runs[0].x.shape[1];
    const made = Array.from({ length: count }, (_, i) => {
      const colour = hue(row(numbers.runs[0].x, 0, i));
      const trail = shape("path", { class: "trail", stroke: colour }, trails);
      const dot = shape("circle", { class: "particle", r: i < 4 ? 6.5 : 5, fill: colour }, particles);
      return { trail, dot };
    });
    const ring = shape("circle", { class: "ring", r: 10 }, particles);
    const marks = Array.from({ length: numbers.runs[0].guides.x.shape[1] }, (_, i) =>
      shape("text", { class: "label strong" }, particles, String(i + 1)),
    );
    // With noise the whole path would be a tangle: the last hops are enough.
    const past = (chosen, i) => {
      const end = Math.floor(state.moment) + 1;
      const from = state.noise === "zero" ? 0 : Math.max(0, end - 3);
      return Array.from({ length: end - from }, (_, k) => plane.place(row(chosen.x, from + k, i)));
    };
    return () => {
      const chosen = runOf(state);
      made.forEach(({ trail, dot }, i) => {
        const now = plane.place(at(chosen, state.moment, i));
        move(dot, now);
        trail.setAttribute("d", pathOf([...past(chosen, i), now]));
      });
      marks.forEach((mark, i) => {
        const [x, y] = plane.place(at(chosen, state.moment, i));
        mark.setAttribute("x", x + 9);
        mark.setAttribute("y", y - 8);
      });
      move(ring, plane.place(at(chosen, state.moment, state.particle)));
    };
  }

  function pictureGrid() {
    const grid = element("div", { class: "pictures five" });
    stage.append(grid);
    const count = numbers.runs[0].x.shape[1];
    const made = Array.from({ length: count }, (_, i) => {
      const canvas = element("canvas", { role: "img", "aria-label": `Particle ${i + 1}` });
      grid.append(canvas);
      return canvas;
    });
    return () => made.forEach((canvas, i) => paint(canvas, at(runOf(state), state.moment, i)));
  }
}

// The colour of a particle: by the direction in which its noise is.
function hue([x, y]) {
  return `oklch(var(--bright) 0.15 ${((Math.atan2(y, x) * 180) / Math.PI + 400) % 360})`;
}

function move(dot, [x, y]) {
  dot.setAttribute("cx", x);
  dot.setAttribute("cy", y);
}
