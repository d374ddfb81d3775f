// The server's API.

const KEPT = "ancestral token";

// What went wrong, as the server reports it.
export class Problem extends Error {
  constructor({ title, detail, status, pointer, type }, wait) {
    super((detail ?? title ?? `status ${status}`).replaceAll("`", ""));
    Object.assign(this, { status, pointer, wait, isCancelled: type?.endsWith("cancelled") ?? false });
  }
}

export function keepToken(token) {
  sessionStorage.setItem(KEPT, token);
}

// An answer that is not an error. The path is relative, so that the page works below the path of a proxy.
export async function ask(path, { headers, ...options } = {}) {
  const token = sessionStorage.getItem(KEPT);
  const authorization = token ? { authorization: `Bearer ${token}` } : {};
  let answer;
  try {
    answer = await fetch(path.replace(/^\//, ""), { ...options, headers: { ...headers, ...authorization } });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem({ detail: "The server does not answer. Is “ancestral serve” still running?" });
  }
  if (answer.ok) return answer;
  const report = await answer.json().catch(() => ({ title: answer.statusText }));
  throw new Problem({ ...report, status: answer.status }, answer.headers.get("retry-after"));
}

export async function models() {
  return (await (await ask("v1/models")).json()).data;
}

// The events of a request, from "accepted" to "done". Aborting the signal cancels it.
export async function* events(settings, signal) {
  const answer = await ask("v1/samples", {
    method: "POST",
    headers: { "content-type": "application/json", accept: "text/event-stream" },
    body: JSON.stringify(settings),
    signal,
  });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    const blocks = (text + value).split(/\r?\n\r?\n/);
    text = blocks.pop();
    for (const block of blocks) {
      const event = parsed(block);
      if (event?.name === "error") throw new Problem(event.data);
      if (event) yield event;
      if (event?.name === "done") return;
    }
  }
  throw new Problem({ detail: "The connection ended before the samples were there." });
}

// One event; nothing for a comment, which only keeps the connection open.
function parsed(block) {
  let [name, data] = ["", ""];
  for (const line of block.split(/\r?\n/)) {
    if (line.startsWith("event:")) name = line.slice(6).trim();
    if (line.startsWith("data:")) data += line.slice(5);
  }
  return data && { name, data: JSON.parse(data) };
}

export function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

export async function base64Of(blob) {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let letters = "";
  for (const byte of bytes) letters += String.fromCharCode(byte);
  return btoa(letters);
}
