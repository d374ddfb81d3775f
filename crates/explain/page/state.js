// What is chosen: one process, one moment and one particle for all figures.

const state = { schedule: SCHEDULES[0], hops: 10, noise: "small", particle: 0, moment: 0 };
const figures = [];
let isDrawing = false;

// Draws the figures again, once a frame of the screen.
function draw() {
  if (isDrawing) return;
  isDrawing = true;
  requestAnimationFrame(() => {
    isDrawing = false;
    for (const figure of figures) figure();
  });
}

// The number of kept hops of the chosen process. Moment k is the start of kept hop k; the last is data.
const lastMoment = () => hopsOf(state).index.shape[0];

function choose(changes) {
  const share = state.moment / lastMoment();
  Object.assign(state, changes);
  if ("hops" in changes) state.moment = Math.round(share * lastMoment());
  draw();
}

// The kept hop at the chosen moment; at the end of the run, the last one.
const chosenHop = () => Math.min(Math.floor(state.moment), lastMoment() - 1);

// A number of the chosen hop.
const ofHop = (name, ...more) => row(hopsOf(state)[name], chosenHop(), ...more);

// A row of the followed particle at the chosen hop.
const ofGuide = (name) => row(runOf(state).guides[name], chosenHop(), state.particle);

// The state of a particle at any moment: straight between kept hops.
function at(run, moment, particle) {
  const before = Math.floor(moment);
  const x = row(run.x, before, particle);
  const share = moment - before;
  if (share === 0) return x;
  const after = row(run.x, before + 1, particle);
  return x.map((value, i) => value + share * (after[i] - value));
}

// A slider over the moments of the run.
function momentSlider(parent) {
  const made = slider(parent, "Moment", { max: 1, key: "moment" }, (moment) => choose({ moment }));
  figures.push(() => {
    const text =
      state.moment === lastMoment()
        ? `data, after ${state.hops} hops`
        : `before hop ${ofHop("index")[0] + 1} of ${state.hops}, t = ${ofHop("timestep")[0]}`;
    made.show(Math.round(state.moment), text, lastMoment());
  });
}
