// The built page, and a server for it.

import { createReadStream, existsSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

export const site = join(process.env.WASM, "site");
const tests = fileURLToPath(new URL(".", import.meta.url));
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".wasm": "application/wasm" };

// The site as any static host serves it, with replay.js of the tests beside it.
export async function serve() {
  const server = createServer(({ url }, answer) => {
    const name = normalize(decodeURI(url.split("?")[0])).replace(/\/$/, "/index.html");
    const path = join(name === "/replay.js" ? tests : site, name);
    if (!existsSync(path)) return answer.writeHead(404).end();
    answer.writeHead(200, { "content-type": TYPES[extname(path)] ?? "application/octet-stream" });
    createReadStream(path).pipe(answer);
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  return { url: `http://127.0.0.1:${server.address().port}/`, stop: () => server.close() };
}
