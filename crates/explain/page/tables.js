// The numbers of the page, as the program computed them.

const numbers = JSON.parse(document.getElementById("numbers").textContent);

const ARRAYS = { f32: Float32Array, i16: Int16Array, u16: Uint16Array, u8: Uint8Array };

// The values of an array, decoded when it is first read.
function values(table) {
  if (!table.values) {
    const bytes = Uint8Array.from(atob(table.bytes), (letter) => letter.charCodeAt(0));
    const stored = new ARRAYS[table.type](bytes.buffer);
    const { unit, zero } = table;
    table.values = unit === 1 && zero === 0 ? stored : Float32Array.from(stored, (value) => (value - zero) * unit);
  }
  return table.values;
}

// One row of an array, by its leading indices.
function row(table, ...indices) {
  const all = values(table);
  const inner = table.shape.slice(indices.length).reduce((product, length) => product * length, 1);
  const at = indices.reduce((place, index, axis) => place * table.shape[axis] + index, 0);
  return all.subarray(at * inner, (at + 1) * inner);
}

const subject = numbers.subject;
const isPoints = subject.kind === "points";
const SCHEDULES = numbers.schedules.map((schedule) => schedule.name);
const HOPS = [...new Set(numbers.hops.map((hops) => hops.hops))];
const NOISES = [...new Set(numbers.runs.map((run) => run.noise))];
const NOISE_NAMES = { small: "β̃", large: "β", zero: "none" };

const scheduleOf = ({ schedule }) => numbers.schedules.find((one) => one.name === schedule);
const hopsOf = ({ schedule, hops }) => numbers.hops.find((one) => one.schedule === schedule && one.hops === hops);
const runOf = ({ schedule, hops, noise }) =>
  numbers.runs.find((run) => run.schedule === schedule && run.hops === hops && run.noise === noise);

// A number as people read it: four digits.
function shown(value) {
  const size = Math.abs(value);
  const text = size !== 0 && (size < 1e-4 || size >= 1e6) ? value.toExponential(3) : String(Number(value.toPrecision(4)));
  return text.replaceAll("-", "−");
}

const shownPair = ([x, y]) => `(${shown(x)}, ${shown(y)})`;
