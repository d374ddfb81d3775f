"""Weights, inputs and files that the scripts here share.

Nothing random and nothing stored: the tests make the same weights and inputs from the formulas.
"""

import json

import numpy as np
import torch
from safetensors.numpy import save_file

WEIGHTS = (
    "parameters sorted by name; element k of parameter j, both from 0: "
    "s = sin(0.37 k + 1.3 j + 0.1); of two axes or more: 1.5 / sqrt(count / shape[0]) * s; "
    "of one axis: 'time_proj.weight' 2 s, other '*weight' 1 + 0.2 s, others 0.1 s; "
    "in float64, rounded to float32"
)

COMPACT = {"separators": (",", ":")}


def weight(name, j, shape):
    count = int(np.prod(shape))
    s = np.sin(0.37 * np.arange(count) + 1.3 * j + 0.1)
    if len(shape) >= 2:
        values = 1.5 / np.sqrt(count / shape[0]) * s
    elif name == "time_proj.weight":
        values = 2.0 * s
    elif name.endswith("weight"):
        values = 1.0 + 0.2 * s
    else:
        values = 0.1 * s
    return torch.from_numpy(values.astype(np.float32).reshape(shape))


def fill(network):
    """Gives the network the weights of the formula; returns the shapes by name."""
    shapes = {name: list(value.shape) for name, value in sorted(network.state_dict().items())}
    network.load_state_dict(
        {name: weight(name, j, shape) for j, (name, shape) in enumerate(shapes.items())}
    )
    return shapes


def wave(shape, scale, frequency, phase):
    """Element k: scale sin(frequency k + phase), rounded to float32."""
    values = scale * np.sin(frequency * np.arange(np.prod(shape)) + phase)
    return torch.from_numpy(values.astype(np.float32).reshape(shape))


def write_index(path, head, **groups):
    """A JSON file that has one line for each entry of a group."""
    parts = [json.dumps(head, **COMPACT)[:-1]]
    for group, entries in groups.items():
        lines = [f'"{name}":{json.dumps(entry, **COMPACT)}' for name, entry in entries.items()]
        parts.append(f'"{group}":{{\n' + ",\n".join(lines) + "\n}")
    with open(path, "w") as file:
        file.write(",".join(parts) + "}\n")


def write_arrays(path, head, arrays):
    # save_file writes the memory as it lies. One metadata key, as their order is not fixed.
    arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    save_file(arrays, path, metadata={"golden": json.dumps(head, **COMPACT)})
    path.chmod(0o644)
