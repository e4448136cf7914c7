"""docs/keras.md says of everything what is there and what is not: compared with Keras's own signatures."""

import inspect
import re

import keras
import pytest

from tests.test_house import ROOT
from why128 import callbacks, constraints, initializers, layers, losses, metrics, optimizers, regularizers, schedules
from why128.layers.words import ABSENT
from why128.sequential import Sequential

PAGE = (ROOT / "docs" / "keras.md").read_text()
K = keras
OURS_ALONE = {"self", "input_shape", "name", "kwargs", "layers", "seed", "replicate"}
MODULES = {
    "layers": (layers, K.layers),
    "optimizers": (optimizers, K.optimizers),
    "schedules": (schedules, K.optimizers.schedules),
    "losses": (losses, K.losses),
    "metrics": (metrics, K.metrics),
    "regularizers": (regularizers, K.regularizers),
    "constraints": (constraints, K.constraints),
    "callbacks": (callbacks, K.callbacks),
}


def arguments(made):
    return [name for name in inspect.signature(made).parameters if name not in OURS_ALONE and not name.startswith("_")]


def here(module, theirs):
    """What both have, by name."""
    kinds = [name for name in sorted(vars(module)) if name[0].isupper() and callable(getattr(module, name))]
    return [name for name in kinds if isinstance(getattr(theirs, name, None), type)]


def row(name, ours, theirs):
    """What the page says of one thing."""
    own, all_of_them = arguments(ours), arguments(theirs)
    absent = [one for one in all_of_them if one not in own and one != "kwargs"]
    listed = ", ".join(f"`{one}`" for one in own if one in all_of_them) or "none"
    return f"| `{name}` | {listed} | {', '.join(f'`{one}`' for one in absent) or 'none'} |"


ROWS = [
    (section, name, getattr(ours, name), getattr(theirs, name))
    for section, (ours, theirs) in MODULES.items()
    for name in here(ours, theirs)
]


@pytest.mark.parametrize(("section", "name", "ours", "theirs"), ROWS, ids=[f"{row[0]}.{row[1]}" for row in ROWS])
def test_every_row_says_what_is_there(section, name, ours, theirs):
    part = PAGE.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    assert row(name, ours, theirs) in part.splitlines()


def test_no_row_is_of_what_is_not_there():
    rows = [line for line in PAGE.splitlines() if line.startswith("| `") and line.count("|") == 4]
    due = {row(name, ours, theirs) for _, name, ours, theirs in ROWS}
    methods = {line for line in rows if line.startswith("| `Sequential.")}
    assert set(rows) - due - methods == set()
    assert len(methods) == len(METHODS)


METHODS = ("compile", "fit", "evaluate", "predict", "train_on_batch", "test_on_batch", "predict_on_batch", "summary", "build", "add", "pop",
           "get_weights", "set_weights", "count_params", "save")  # fmt: skip


@pytest.mark.parametrize("method", METHODS)
def test_what_a_model_can_be_asked(method):
    due = row(f"Sequential.{method}", getattr(Sequential, method), getattr(K.Sequential, method))
    assert due in PAGE.splitlines()


@pytest.mark.parametrize(
    "argument", sorted({a for s, _, o, t in ROWS if s == "layers" for a in arguments(t) if a not in arguments(o)})
)
def test_an_argument_of_a_layer_that_is_absent_has_another_way(argument):
    assert argument in ABSENT
    assert ABSENT[argument] in " ".join(PAGE.split())


ASKING = [row for row in ROWS if row[0] in ("layers", "optimizers", "losses", "metrics") and isinstance(row[2], type)]
REQUIRED = {
    "Activation": ("relu",), "Dense": (3,), "Dropout": (0.5,), "GaussianNoise": (0.1,), "Rescaling": (2.0,), "Reshape": ((3,),),
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "ours", "theirs"),
    [row[1:] for row in ASKING],
    ids=[f"{row[0]}.{row[1]}" for row in ASKING],
)
def test_an_absent_argument_that_asks_for_nothing_is_passed_over(name, ours, theirs):
    given = {
        key: parameter.default
        for key, parameter in inspect.signature(theirs).parameters.items()
        if key not in (*arguments(ours), *OURS_ALONE) and parameter.default is not inspect.Parameter.empty
    }
    given |= {"dtype": "float32", "trainable": True} if theirs.__module__.startswith("keras.src.layers") else {}
    assert ours(*REQUIRED.get(name, ()), **given) == ours(*REQUIRED.get(name, ()))


def test_every_initializer_is_named():
    part = PAGE.partition("\n## initializers\n")[2]
    assert all(f"`{name}`" in part for name in initializers.NAMED)


@pytest.mark.parametrize("page", ["keras", "sklearn"])
def test_the_page_s_own_code_says_what_it_says(page, capsys):
    text = (ROOT / "docs" / f"{page}.md").read_text()
    code, said = re.search(r"```python\n(.*?)```\s+```text\n(.*?)```", text, re.S).groups()
    exec(compile(code, f"docs/{page}.md", "exec"), {})
    assert capsys.readouterr().out == said
