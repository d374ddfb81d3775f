"""What the package is: its stubs, its names, what it imports, its README and its notebook."""

import ast
import contextlib
import inspect
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import typing

import pytest

import ancestral
from ancestral import _ancestral, _types

HERE = pathlib.Path(__file__).parent
STUBS = pathlib.Path(ancestral.__file__).with_name("_ancestral.pyi")


def members(body):
    """Names of a stub, each with its node."""
    named = (ast.ClassDef, ast.FunctionDef, ast.AnnAssign)
    nodes = [node for node in body if isinstance(node, named)]
    return {node.target.id if isinstance(node, ast.AnnAssign) else node.name: node for node in nodes}


def parameters(node):
    """The parameters of a stub, without self: names, kinds and defaults."""
    arguments = node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults = [None] * (len(positional) - len(arguments.defaults)) + arguments.defaults
    found = [(a.arg, "positional", d) for a, d in zip(positional, defaults, strict=True)]
    keywords = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    found += [(a.arg, "keyword", d) for a, d in keywords]
    found += [(arguments.kwarg.arg, "keywords", None)] if arguments.kwarg else []
    named = [(n, k, None if d is None else ast.literal_eval(d)) for n, k, d in found]
    return [one for one in named if one[0] not in ("self", "cls")]


def real_parameters(function):
    kinds = {"POSITIONAL_ONLY": "positional", "POSITIONAL_OR_KEYWORD": "positional", "KEYWORD_ONLY": "keyword", "VAR_KEYWORD": "keywords"}
    found = inspect.signature(function).parameters.values()
    none = inspect.Parameter.empty
    found = [(p.name, kinds[p.kind.name], None if p.default is none else p.default) for p in found]
    return [one for one in found if one[0] not in ("self", "cls")]


def test_the_stubs_are_those_of_the_module():
    stubs = members(ast.parse(STUBS.read_text(encoding="utf-8")).body)
    public = {name for name in vars(_ancestral) if not name.startswith("__") or name == "__version__"}
    assert {name for name in stubs if not name.startswith("_") or name == "__version__"} == public
    for name, node in stubs.items():
        real = getattr(_ancestral, name, None)
        if isinstance(node, ast.FunctionDef):
            assert real_parameters(real) == parameters(node), name
        if not isinstance(node, ast.ClassDef):
            continue
        stubbed = members(node.body)
        own = {key for key in vars(real) if not key.startswith("__") or key in ("__len__", "__next__", "__iter__")}
        assert {key for key in stubbed if key != "__new__"} == own, name
        for key, member in stubbed.items():
            if not isinstance(member, ast.FunctionDef) or key.startswith("__") and key != "__new__":
                continue
            if any(isinstance(d, ast.Name) and d.id == "property" for d in member.decorator_list):
                assert inspect.isgetsetdescriptor(vars(real)[key]), f"{name}.{key}"
                continue
            function = real if key == "__new__" else vars(real)[key]
            function = getattr(function, "__func__", function)
            assert real_parameters(function) == parameters(member), f"{name}.{key}"


def test_the_keywords_are_those_of_the_settings():
    drawing = set(typing.get_type_hints(_types.Drawing, localns=vars(_types)))
    assert drawing == set(_ancestral.settings_of_drawing())
    own = {"output", "resume", "threads"}
    training = set(typing.get_type_hints(_types.Training, localns=vars(_types)))
    assert training | own == set(_ancestral.settings_of_training())


def test_a_program_with_every_name_is_typed():
    sample = HERE / "typed.py"
    text = sample.read_text(encoding="utf-8")
    used = set(re.findall(r"ancestral(?:\.| import )(\w+)", text))
    missing = set(ancestral.__all__) - used
    assert not missing
    pyright = os.environ.get("PYRIGHT") or shutil.which("pyright")
    if pyright is None:
        pytest.skip("pyright is not installed")
    command = [pyright, "--pythonpath", sys.executable]
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_nothing_but_the_standard_library_is_imported_at_first():
    program = "import sys, ancestral; print(sorted({name.split('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    found = set(ast.literal_eval(done.stdout)) - {"ancestral"}
    assert not found & {"numpy", "torch", "PIL", "typing_extensions"}


def test_the_command_says_what_it_is(command):
    assert command("--version") == f"ancestral {ancestral.__version__}\n"
    program = pathlib.Path(sys.executable).with_name("ancestral")
    for arguments, code in [(["sample", "--steps", "x"], 2), (["sample", "nowhere"], 2), ([], 2)]:
        done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == code and done.stderr, arguments
    module = [sys.executable, "-m", "ancestral", "--version"]
    assert subprocess.run(module, capture_output=True, text=True).stdout.startswith("ancestral ")


def examples(text):
    return re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("name", ["README.md", "docs/python.md"])

def test_the_examples_of_the_texts_run(name, tmp_path, monkeypatch):
    path = HERE.parents[2] / name
    if not path.exists():
        pytest.skip(f"{name} is not here")
    monkeypatch.chdir(tmp_path)
    blocks = examples(path.read_text(encoding="utf-8"))
    assert blocks
    names: dict[str, object] = {}
    for block in blocks:
        if "torch" in block and pytest.importorskip("torch") is None:
            continue
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(block, name, "exec"), names)



def test_the_notebook_runs(tmp_path, monkeypatch):
    path = HERE.parent / "examples" / "reverse_process.ipynb"
    monkeypatch.chdir(tmp_path)
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    names: dict[str, object] = {}
    for cell in cells:
        if cell["cell_type"] == "code":
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile("".join(cell["source"]), path.name, "exec"), names)
