"""The house: imports go down only, JAX stays in its room, what is public is listed once, documentation is executed."""

import ast
import doctest
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

import why128

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "why128"

# Floors, from the ground: a module may import those of lower floors, its own folder's, and no neighbour.
FLOORS = [
    ["errors", "statistics"],
    ["addresses", "arguments", "answers", "webpage"],
    ["activations", "initializers", "schedules", "regularizers", "constraints"],
    ["optimizers"],
    ["losses", "layers", "drawing"],
    ["recipe", "ladder", "data"],
    ["forward", "division"],
    ["network", "nn", "metrics"],
    ["engine", "formats", "arrays", "callbacks", "summary"],
    ["learner", "stack", "neurons"],
    ["fitting", "atlas"],
    ["sequential"],
    ["studies", "prediction"],
    ["judging"],
    ["single", "exporting", "resizing", "recurring"],
    ["report"],
    ["asking", "serve"],
    ["keras", "sklearn", "studio"],
    ["cli"],
    ["__init__", "__main__"],
]
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}

# The cohort of exceptions: a heavy library, or one room's import from another, kept out of start-up by a function.
ONLY_THERE = {
    "jax": {"engine"},
    "h5py": {"formats"},
    "flatbuffers": {"formats"},
    "click": {"cli"},
    "rich": {"cli"},
    "PIL": {"data", "report", "atlas", "studio"},
    "onnx": {"formats"},
    "onnxruntime": {"formats"},
    "sqlite3": {"studies"},
    "distributed": {"studies"},
    "tensorboard": {"callbacks"},
    "keras": {"formats"},
    "dask": {"studies"},
    "vl_convert": {"report"},
    "starlette": {"serve", "studio"},
    "uvicorn": {"serve"},
    "h11": {"serve"},
}


def modules():
    return sorted(SOURCE.rglob("*.py"))


def room(path):
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imported(path):
    """Every module that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_every_room_has_a_floor():
    assert {room(path) for path in modules()} == set(FLOOR)


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(SOURCE)))
def test_imports_go_down_only(path):
    own = room(path)
    for name in imported(path):
        parts = name.split(".")
        if parts[0] == "why128" and len(parts) > 1 and parts[1] in FLOOR and parts[1] != own:
            assert FLOOR[parts[1]] < FLOOR[own], f"{own} imports {name}"
        if parts[0] in ONLY_THERE:
            assert own in ONLY_THERE[parts[0]], f"{own} imports {name}"


def test_statistics_imports_numpy_and_scipy_only():
    for path in (SOURCE / "statistics").glob("*.py"):
        for name in imported(path):
            own = name.startswith("why128.statistics")
            assert own or name.split(".")[0] in {"numpy", "scipy", *sys.stdlib_module_names}, f"{path.name}: {name}"


# What turns data into code, or a name into a path: nobody here may, but for the reasons given.
CARRIES_CODE = {
    "pickle",
    "marshal",
    "shelve",
    "dill",
    "joblib",
    "cloudpickle",
    "yaml",
    "runpy",
    "code",
    "codeop",
    "ctypes",
}
CARRIES_CODE |= {"multiprocessing", "subprocess", "tarfile", "keras", "tensorflow", "torch"}
RUNS = {"eval", "exec", "compile", "__import__", "system", "popen", "extract", "extractall", "unpack_archive"}
RUNS |= {f"{start}{end}" for start in ("exec", "spawn") for end in ("l", "le", "lp", "lpe", "v", "ve", "vp", "vpe")}
HARMLESS = {("re", "compile"), ("platform", "system")}
ALLOWED = {
    # a study starts its own workers, and speaks with them over a private pair of sockets
    "studies/crew.py": {"imports pickle", "imports subprocess", "imports multiprocessing"},
    "studies/worker.py": {"imports multiprocessing"},
    "studio/desk.py": {
        "imports multiprocessing",
        "calls import_module",
    },  # what keeps the page waiting is done in processes of the studio's own
    "studio/uploading.py": {"imports tarfile"},  # whose members are read one by one, and written where they may be
    "studio/shelf.py": {"imports subprocess"},  # a study is the command line's own process
    "sklearn.py": {"calls compile"},  # Sequential's
    "resizing.py": {"calls compile"},  # likewise
    "engine/programs.py": {"calls compile"},  # JAX's: of our own functions
    "formats/live_keras.py": {
        "imports keras"
    },  # which opens a file that was written a moment ago, from our own network
    "__init__.py": {"calls import_module"},  # of the names listed there
    "cli/main.py": {"calls import_module"},  # likewise
}


def dangers(text):
    """What a module does that could run what it reads, or write where it was not asked to."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (f"imports {a.name.split('.')[0]}" for a in node.names if a.name.split(".")[0] in CARRIES_CODE)
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in CARRIES_CODE:
            yield f"imports {node.module.split('.')[0]}"
        elif isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            owner = getattr(getattr(node.func, "value", None), "id", "")
            given = {word.arg: getattr(word.value, "value", None) for word in node.keywords}
            if name in RUNS | {"import_module"} and (owner, name) not in HARMLESS:
                yield f"calls {name}"
            if (owner, name) == ("np", "load") and given.get("allow_pickle", True) is not False:
                yield "calls np.load without allow_pickle=False"
            if (owner, name) == ("Image", "open") and "formats" not in given:
                yield "calls Image.open without formats="
            if given.get("shell"):
                yield "starts a shell"


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(SOURCE)))
def test_nothing_that_is_read_can_run(path):
    assert set(dangers(path.read_text())) == ALLOWED.get(str(path.relative_to(SOURCE)), set())


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import pickle", "imports pickle"),
        ("from multiprocessing.connection import Pipe", "imports multiprocessing"),
        ("def f(x):\n    import torch.serialization", "imports torch"),
        ("eval(x)", "calls eval"),
        ("os.system(x)", "calls system"),
        ("os.execvp(x, y)", "calls execvp"),
        ("archive.extractall()", "calls extractall"),
        ("importlib.import_module(x)", "calls import_module"),
        ("np.load(x)", "calls np.load without allow_pickle=False"),
        ("np.load(x, allow_pickle=wanted)", "calls np.load without allow_pickle=False"),
        ("Image.open(x)", "calls Image.open without formats="),
        ("run(x, shell=True)", "starts a shell"),
    ],
)
def test_what_could_run_is_found(text, found):
    assert list(dangers(text)) == [found]
    assert list(dangers("re.compile(x); np.load(x, allow_pickle=False); Image.open(x, formats=F)")) == []


def test_what_infers_cannot_open_the_test_images():
    """Selection and judgement use different images: only those who hold a Division can open what is sealed."""
    openers = {path.name for path in modules() if re.search(r"test\.open\(\)|import .*Sealed", path.read_text())}
    assert openers == {"conduct.py", "single.py"}
    for name in ("evidence", "verdict", "findings", "settling", "tuning"):
        path = SOURCE / "studies" / f"{name}.py"
        assert not path.exists() or not any("division" in used for used in imported(path)), name


def test_a_module_says_why_it_exists_and_is_not_too_long():
    for path in modules():
        text = path.read_text()
        assert ast.get_docstring(ast.parse(text)), path
        assert text.count("\n") <= 400, path


def test_functions_fit_on_a_screen():
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                words = ast.get_docstring(node, clean=False)
                length = node.end_lineno - node.lineno + 1 - (len(words.splitlines()) if words else 0)
                assert length <= 40, f"{path.name}: {node.name} has {length} lines"


@pytest.mark.parametrize("name", why128.__all__)
def test_what_is_public_is_there_and_explained(name):
    assert getattr(why128, name) is not None
    assert name == "__version__" or getattr(why128, name).__doc__


def test_importing_is_light():
    heavy = {"jax", "numpy", "scipy", "rich", "h5py", "PIL", "click"}
    code = "import sys, why128; print(*(m for m in sys.modules if '.' not in m))"
    found = set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())
    assert not found & heavy


def test_the_file_tree_in_architecture_is_the_real_one():
    tree = re.search(r"```text\nsrc/why128/\n(.*?)```", (ROOT / "ARCHITECTURE.md").read_text(), re.S).group(1)
    named = {line.split()[0].rstrip("/") for line in tree.splitlines() if re.match(r"  [a-z_]", line)}
    assert named == {path.name for path in SOURCE.iterdir() if not path.name.startswith("__")}


def test_the_folders_in_architecture_are_the_real_ones():
    rows = re.search(r"```text\nbenchmarks/(.*?)```", (ROOT / "ARCHITECTURE.md").read_text(), re.S).group(0)
    named = set(re.findall(r"^([a-z]+)/", rows, re.M))
    kept = subprocess.run(["git", "ls-files"], capture_output=True, text=True, cwd=ROOT).stdout.split()
    assert not kept or named == {path.partition("/")[0] for path in kept if re.match(r"[a-z]+/", path)}


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.py")), ids=lambda p: p.name)
def test_an_example_is_explained_shown_and_kept(path):
    text = path.read_text()
    assert ast.get_docstring(ast.parse(text))
    assert text.count("\n") <= 400
    assert path.with_suffix(".json").exists()
    picture = f"examples/{path.stem}.svg"
    assert (ROOT / picture).exists()
    assert f"({picture})" in (ROOT / "README.md").read_text()
    own = {name.split(".")[0] for name in imported(path)}
    assert own <= {"why128", "numpy", *sys.stdlib_module_names}, "an example uses this library and no part of its house"


def blocks(path, language):
    return re.findall(rf"```{language}\n(.*?)```", path.read_text(), re.S)


@pytest.mark.parametrize("block", blocks(ROOT / "README.md", "python"))
def test_the_readme_s_python_runs(block, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile(block, "README.md", "exec"), {})


def test_the_readme_s_commands_exist():
    commands = re.findall(r"^why128 (\w+)", "\n".join(blocks(ROOT / "README.md", "sh")), re.M)
    assert commands
    for command in commands:
        importlib.import_module(f"why128.cli.{command}")


def test_versions_are_locked_by_hash():
    lock = (ROOT / "requirements.lock").read_text()
    assert "--hash=sha256:" in lock
    assert "://" not in lock, "no registry's address"


def test_what_security_refers_to_is_there():
    """Each place and each test by which a defence is shown."""
    named = re.findall(r"`((?:src|tests|scripts)/[\w./]+)(?:::(\w+))?`", (ROOT / "SECURITY.md").read_text())
    assert len(named) > 20
    for path, test in named:
        assert (ROOT / path).exists(), path
        assert not test or f"def {test}(" in (ROOT / path).read_text(), f"{path}::{test}"


def test_doctests_run_from_here_too():
    assert doctest.testmod(importlib.import_module("why128.addresses")).failed == 0
