// Repeats calls of the module in JavaScript, and returns what each gave: its number, and its output in hexadecimal.

const hex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const unhex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));

// `files` has the contents of the files of the built-in model by their names.
export async function replay(calls, module, files) {
  const { exports } = (await WebAssembly.instantiate(module)).instance;
  return calls.map(({ function: name, arguments: args, input, file }) => {
    const parts = [unhex(input), file ? files[file] : new Uint8Array()];
    let place = exports.input(parts[0].length + parts[1].length);
    for (const part of parts) {
      new Uint8Array(exports.memory.buffer, place).set(part);
      place += part.length;
    }
    // Arguments of 64 bits are texts.
    const number = exports[name](...args.map((value) => (typeof value === "string" ? BigInt(value) : value)));
    const output = new Uint8Array(exports.memory.buffer, exports.output(), exports.output_length());
    return [number ?? 0, hex(output)];
  });
}
