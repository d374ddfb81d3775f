// The page: choices, runs, and what is shown of them.

import * as server from "./api.js";
import { Editor } from "./editor.js";
import { byId, element } from "./elements.js";
import { Side, clearProblems, pointOut, shared } from "./form.js";
import * as here from "./here.js";
import { canDrawHere } from "./place.js";
import { Run } from "./run.js";

// The most results that are kept.
const KEPT = 12;

const editor = new Editor();
let known = [];
let sides = [];
let runs = [];
let abort = null;
let isFollowing = true;

const isHere = () => canDrawHere === "only" || byId("here").checked;
const chosenModel = () => known.find(({ id }) => id === byId("model").value);

async function start() {
  try {
    known = await (canDrawHere === "only" ? here : server).models();
  } catch (problem) {
    if (problem.status === 401) return unlock();
    return say(problem.message, true);
  }
  byId("model").replaceChildren(...known.map(({ id }) => element("option", { value: id }, id)));
  byId("model").closest(".field").hidden = known.length < 2;
  showModel();
  byId("empty").hidden = false;
  paintNoise();
  say("Ready.");
}

// What a run starts from, as a decoration.
function paintNoise() {
  const { width, height } = byId("noise");
  const context = byId("noise").getContext("2d");
  for (let i = 0; i < width * height; i += 1) {
    context.fillStyle = `hsl(0 0% ${100 * Math.random()}%)`;
    context.fillRect(i % width, Math.floor(i / width), 1, 1);
  }
}

async function unlock() {
  const dialog = byId("locked");
  dialog.showModal();
  await new Promise((closed) => dialog.addEventListener("close", closed, { once: true }));
  server.keepToken(byId("token").value);
  start();
}

function showModel() {
  const model = chosenModel();
  const { kind, shape, classes, limits } = model;
  const what = kind === "pictures" ? `pictures of ${model.size} pixels` : kind === "points" ? "points of the plane" : `rows of ${shape[0]} columns`;
  byId("about").textContent = `${model.id}: ${what}${classes ? `, ${classes.length} classes` : ""}`;
  const usual = kind === "pictures" ? 16 : 500;
  byId("count").max = Math.min(limits.count, kind === "pictures" ? 64 : 2000);
  byId("count").value = Math.min(usual, limits.count);
  // This browser has the built-in model.
  byId("here").closest(".check").hidden = canDrawHere !== "offered" || model.id !== "digits";
  if (model.id !== "digits") byId("here").checked = false;
  sides = [new Side("", model)];
  showSides();
}

function showSides() {
  const isCompared = byId("compare").checked;
  if (isCompared && sides.length < 2) {
    const other = new Side("", chosenModel());
    const names = chosenModel().samplers.map(({ name }) => name);
    other.sampler.value = names.includes("ddim") && sides[0].sampler.value !== "ddim" ? "ddim" : chosenModel().defaults.sampler;
    other.showOptions();
    sides.push(other);
  }
  sides.length = isCompared ? 2 : 1;
  sides.forEach((side, i) => {
    side.name = isCompared ? "AB"[i] : "";
    side.box.querySelector("legend").textContent = side.name;
  });
  byId("sides").replaceChildren(...sides.map(({ box }) => box));
}

function say(text, isTrouble = false) {
  byId("status").textContent = isTrouble ? "" : text;
  byId("trouble").textContent = isTrouble ? text : "";
  byId("trouble").hidden = !isTrouble;
}

// Draws with these settings side by side, in place of what is shown.
async function draw(requests) {
  abort?.abort();
  const mine = new AbortController();
  abort = mine;
  clearProblems();
  isFollowing = true;
  byId("empty").hidden = true;
  const model = chosenModel();
  const names = requests.length > 1 ? ["A", "B"] : [""];
  runs = requests.map((settings, i) => new Run(names[i], model, settings, openEditor, isHere() ? here : server));
  showRuns();
  busy(true);
  say(isHere() ? "Drawing in this browser …" : "Sent to the server …");
  if (byId("stage").getBoundingClientRect().top > innerHeight / 2) byId("stage").scrollIntoView();
  const began = performance.now();
  const ends = await Promise.allSettled(runs.map((run) => follow(run, mine)));
  if (abort !== mine) return;
  abort = null;
  busy(false);
  if (mine.signal.aborted) {
    const at = ends.findIndex(({ reason }) => reason && reason.name !== "AbortError");
    return at < 0 ? failed() : failed(ends[at].reason, sides[at]?.box);
  }
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const notices = runs.flatMap(({ result }) => result.notices ?? []).map(({ text }) => text);
  say([`Done in ${seconds} s.`, ...new Set(notices)].join(" "));
  hang(runs);
}

// Follows a run to its end. Where one fails, the others are not waited for.
async function follow(run, control) {
  try {
    await run.follow(control.signal, progressed);
  } catch (problem) {
    control.abort();
    throw problem;
  }
}

// Reports why there are no samples; without a problem, the user stopped.
function failed(problem, box = byId("form")) {
  if (!problem || problem.isCancelled) return say("Stopped.");
  if (problem.status === 401) return unlock();
  const wait = problem.wait ? `. Try again in ${problem.wait} s.` : "";
  const isPointedOut = pointOut(problem, box);
  say(isPointedOut ? `Not drawn: ${problem.message}` : problem.message + wait, true);
  if (runs.every(({ frames }) => frames.length === 0)) {
    runs = [];
    showRuns();
    byId("empty").hidden = false;
  }
}

function busy(isBusy) {
  byId("stop").hidden = !isBusy;
  byId("progress").hidden = !isBusy;
  byId("stage").setAttribute("aria-busy", String(isBusy));
}

// An event of a run has arrived.
function progressed() {
  const share = runs.reduce((sum, { progress: [done, of] }) => sum + done / of, 0) / runs.length;
  byId("progress").value = share;
  const waiting = runs.find(({ accepted, frames }) => accepted && frames.length === 0);
  if (waiting?.accepted.place > 0) say(`Waiting: ${waiting.accepted.place} ahead.`);
  else if (share > 0 && share < 1) say("Drawing …");
  const most = Math.max(...runs.map(({ frames }) => frames.length)) - 1;
  byId("moment").max = Math.max(0, most);
  if (isFollowing) byId("moment").value = most;
  scrub();
}

function scrub() {
  const { value, max } = byId("moment");
  const share = Number(max) ? Number(value) / Number(max) : 1;
  const texts = runs.map((run) => run.show(share));
  byId("scrubbing").hidden = runs.every(({ frames }) => frames.length === 0);
  byId("moment-text").textContent = [...new Set(texts)].filter(Boolean).join(" · ");
  byId("moment").setAttribute("aria-valuetext", byId("moment-text").textContent);
}

function showRuns() {
  byId("views").replaceChildren(...runs.map(({ box }) => box));
  byId("views").dataset.count = runs.length;
  byId("scrubbing").hidden = runs.length === 0;
}

async function openEditor(run, place) {
  const { frames, view } = run;
  if (frames.length === 0) return;
  const picture = new OffscreenCanvas(view.width, view.height);
  picture.getContext("2d").drawImage(frames.at(-1).strip, -place * view.width, 0);
  const part = await editor.edit(picture, [view.width, view.height]);
  if (part) draw([{ ...shared(), ...sides[0].settings(), ...part }]);
}

// Hangs results in the gallery, the newest first.
function hang(results) {
  const text = `${results.map((run) => run.summary()).join(" / ")} · seed ${results[0].result.seed_text}`;
  const again = element(
    "button",
    { type: "button", "aria-label": `Show again: ${text}`, onclick: () => showAgain(results, text) },
    thumbnail(results[0]),
    element("span", {}, text),
  );
  const pieces = byId("pieces");
  pieces.prepend(element("li", {}, again));
  while (pieces.children.length > KEPT) pieces.lastElementChild.remove();
  byId("gallery").hidden = false;
}

function showAgain(results, text) {
  abort?.abort();
  runs = results;
  showRuns();
  byId("moment").max = Math.max(...runs.map(({ frames }) => frames.length)) - 1;
  byId("moment").value = byId("moment").max;
  scrub();
  say(`Shown again: ${text}.`);
  byId("stage").focus();
}

// Up to four pictures, or all points, in small.
function thumbnail({ view, frames }) {
  const canvas = element("canvas", { width: 96, height: 96, "aria-hidden": "true" });
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  const { strip } = frames.at(-1);
  if (strip) {
    const count = Math.min(4, view.canvases.length);
    const side = count > 1 ? 48 : 96;
    for (let i = 0; i < count; i += 1) {
      const place = [(i % 2) * side, Math.floor(i / 2) * side, side, side];
      context.drawImage(strip, i * view.width, 0, view.width, view.height, ...place);
    }
  } else if (view.canvas) {
    context.drawImage(view.canvas, 0, 0, 96, 96);
  }
  return canvas;
}

byId("form").addEventListener("submit", (event) => {
  event.preventDefault();
  draw(sides.map((side) => ({ ...shared(), ...side.settings() })));
});
byId("stop").addEventListener("click", () => abort?.abort());
byId("compare").addEventListener("change", showSides);
byId("model").addEventListener("change", () => {
  runs = [];
  showRuns();
  showModel();
});
byId("dice").addEventListener("click", () => {
  byId("seed").value = String(Math.floor(Math.random() * 2 ** 32));
});
byId("moment").addEventListener("input", () => {
  isFollowing = byId("moment").value === byId("moment").max;
  scrub();
});
start();
