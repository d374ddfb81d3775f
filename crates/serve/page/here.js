// Drawing in this browser: a worker that answers as the server does.

import { Problem } from "./api.js";

const listeners = new Map();
let worker = null;
let last = 0;

function send(message) {
  if (!worker) {
    worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
    worker.onmessage = ({ data: { run, ...event } }) => listeners.get(run)?.(event);
    // Without its scripts a worker can't even say so.
    worker.onerror = () => {
      for (const heard of listeners.values()) heard({ name: "error", data: { detail: "The module for this browser could not be loaded." } });
      worker = null;
    };
  }
  worker.postMessage(message);
}

// Messages of one run, until the caller stops listening.
async function* heard(message, signal) {
  const run = (last += 1);
  const arrived = [];
  let wake = () => {};
  listeners.set(run, (event) => {
    arrived.push(event);
    wake();
  });
  const stop = () => wake();
  signal?.addEventListener("abort", stop);
  send({ run, ...message });
  try {
    for (;;) {
      if (signal?.aborted) throw new DOMException("stopped", "AbortError");
      const event = arrived.shift();
      if (event?.name === "error") throw new Problem(event.data);
      if (event) yield event;
      else await new Promise((next) => (wake = next));
    }
  } finally {
    signal?.removeEventListener("abort", stop);
    listeners.delete(run);
    worker?.postMessage({ run, isOver: true });
  }
}

export async function models() {
  for await (const { data } of heard({ about: true })) return [data];
}

// The events of a run, from "accepted" to "done". Aborting the signal cancels it.
export async function* events(settings, signal) {
  for await (const event of heard({ settings }, signal)) {
    yield event;
    if (event.name === "done") return;
  }
}
