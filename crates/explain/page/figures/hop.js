// The posterior of one hop: its mean, and β̃ and β around it.

{
  const stage = byId("hop-stage");
  const side = byId("hop-side");
  momentSlider(side);
  const terms = new Terms(side, [
    ["hop.on_x0", "weight of x̂₀ in μ̃", "clean"],
    ["hop.on_x_from", "weight of xₜ in μ̃", "noisy"],
    ...(isPoints ? [["hop.mean", "μ̃", "mean"]] : []),
    ["hop.beta_tilde", "β̃, variance if x₀ is known"],
    ["hop.beta", "β, variance of the forward hop"],
  ]);
  const variances = new Chart(side, "β and β̃ of each hop", {
    from: 0, to: 1, name: "share of the hops made", ticks: [[0, "0"], [0.5, "½"], [1, "1"]],
  }, { from: 1e-5, to: 1, log: true, name: "variance", ticks: [[1e-5, "10⁻⁵"], [1e-3, "10⁻³"], [0.1, "0.1"], [1, "1"]] }, [340, 220]);
  const view = isPoints ? circles() : sum();

  figures.push(() => {
    view();
    variances.clear();
    const { index, beta, beta_tilde } = hopsOf(state);
    const along = (table) => Array.from(values(index), (hop, k) => [hop / state.hops, values(table)[k]]);
    variances.line(along(beta), { class: "line mean dashed" });
    variances.line(along(beta_tilde), { class: "line mean" });
    variances.cursor(ofHop("index")[0] / state.hops);
    terms.show({
      "hop.on_x0": shown(ofHop("on_x0")[0]),
      "hop.on_x_from": shown(ofHop("on_x_from")[0]),
      "hop.beta": shown(ofHop("beta")[0]),
      "hop.beta_tilde": shown(ofHop("beta_tilde")[0]),
      ...(isPoints ? { "hop.mean": shownPair(ofGuide("mean")) } : {}),
    });
  });

  function circles() {
    const plane = new Plane(stage, "One hop, enlarged: from xₜ towards its estimate, and the posterior's two circles");
    const drawn = plane.layer();
    return () => {
      drawn.replaceChildren();
      const [x, x0, mean, to] = ["x", "x0", "mean", "to"].map(ofGuide);
      const [small, large] = [Math.sqrt(ofHop("beta_tilde")[0]), Math.sqrt(ofHop("beta")[0])];
      const far = (a) => Math.hypot(a[0] - mean[0], a[1] - mean[1]);
      plane.look(mean, 1.25 * Math.max(far(x), far(to), 2 * large, 1e-3));
      const unit = 300 / plane.half;
      for (const deviations of [2, 1]) {
        plane.dot(drawn, mean, deviations * small * unit, { class: "fill mean" });
        plane.dot(drawn, mean, deviations * large * unit, { class: "outline dashed mean" });
      }
      plane.arrow(drawn, x, x0, { class: "outline dashed clean" });
      plane.arrow(drawn, x, mean, { class: "outline mean" });
      const marks = [[x, "xₜ", "noisy"], [x0, "x̂₀", "clean"], [mean, "μ̃", "mean"]];
      if (state.noise !== "zero") marks.push([to, "xₛ", "strong"]);
      for (const [place, text, colour] of marks) {
        plane.dot(drawn, place, 6, { class: `mark ${colour}` });
        plane.label(drawn, place, text, { class: `label ${colour}` });
      }
      scale(plane, drawn);
    };
  }

  // A bar of a round length, as the plane is enlarged.
  function scale(plane, parent) {
    const length = 10 ** Math.floor(Math.log10(plane.half));
    const width = (length * 300) / plane.half;
    shape("path", { d: `M20 575h${width}`, class: "outline", style: "color: var(--soft)" }, parent);
    shape("text", { x: 20, y: 565 }, parent, shown(length));
  }

  function sum() {
    const made = {
      x0: picture("x̂₀"), x: picture("xₜ"), mean: picture("μ̃"), to: picture("xₛ"),
    };
    const [onX0, onX] = [element("span", { class: "clean" }), element("span", { class: "noisy" })];
    stage.append(
      element("div", { class: "equation" }, onX0, made.x0.box, element("span", {}, "+"), onX, made.x.box),
      element("div", { class: "equation" }, element("span", {}, "="), made.mean.box, element("span", {}, "→"), made.to.box),
    );
    return () => {
      for (const [name, { canvas }] of Object.entries(made)) paint(canvas, ofGuide(name));
      onX0.textContent = `${shown(ofHop("on_x0")[0])} ×`;
      onX.textContent = `${shown(ofHop("on_x_from")[0])} ×`;
    };
  }
}
