"""Repeats calls of the module in wasmtime, and prints as JSON what each gave: its number, and its output.

    python replay.py ancestral.wasm expected.json digits > replayed.json
"""

import json
import pathlib
import sys

from wasmtime import Instance, Module, Store

module, calls, digits = (pathlib.Path(argument) for argument in sys.argv[1:])
store = Store()
# Without imports: the module needs nothing of its host.
exports = Instance(store, Module(store.engine, module.read_bytes()), []).exports(store)
memory = exports["memory"]
replayed = []
for call in json.loads(calls.read_text()):
    content = bytes.fromhex(call["input"])
    if file := call.get("file"):
        content += (digits / file).read_bytes()
    memory.write(store, content, exports["input"](store, len(content)))
    number = exports[call["function"]](store, *(int(x) if isinstance(x, str) else x for x in call["arguments"]))
    place = exports["output"](store)
    output = memory.read(store, place, place + exports["output_length"](store))
    replayed.append([number or 0, output.hex()])
json.dump(replayed, sys.stdout)
