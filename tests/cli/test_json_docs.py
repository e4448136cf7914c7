"""Every key that a command prints stands in docs/json.md, in the section of that command; and every key there is printed."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from tests.cli.conftest import why128
from tests.studying import hits, plan, told, trial
from why128 import optimizers
from why128.cli.main import COMMANDS
from why128.report.answer import Answer

PAGE = (Path(__file__).parents[2] / "docs" / "json.md").read_text()
SECTIONS = dict(re.findall(r"^## `why128 (.*?) --json`\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S))
# Their keys are names of classes or packages; what stands below those is looked at.
BY_NAME = {"labels", "probabilities", "classes", "versions", "class_scores", "class_biases"}
VALUES = ({"mean", "low", "high"}, {"median", "low", "high"})  # intervals and timings, explained at the top of the page

PRINTED = {
    "study": lambda study, desk: study.document,
    "study --dry-run": lambda study, desk: said(desk, "study", "pets", "--dry-run"),
    "train": lambda study, desk: said(desk, "train", "pets", "--hidden", "4", "--epochs", "2"),
    "evaluate": lambda study, desk: said(desk, "evaluate", "enough/enough.keras", "pets"),
    "predict": lambda study, desk: said(desk, "predict", four(desk), "pets/cat/000.png", "--explain"),
    "inspect DATA": lambda study, desk: said(desk, "inspect", "pets"),
    "inspect MODEL": lambda study, desk: said(desk, "inspect", "enough/enough.keras"),
    "export": lambda study, desk: said(desk, "export", "enough/enough.keras", "enough.h"),
    "neurons MODEL": lambda study, desk: said(desk, "neurons", four(desk), "--data", "pets"),
    "neurons STUDY": lambda study, desk: said(desk, "neurons", "enough"),
    "shrink": lambda study, desk: said(
        desk, "shrink", four(desk), "--data", "pets", "--to", "2", "--out", "small.keras"
    ),
    "grow": lambda study, desk: said(desk, "grow", four(desk), "--to", "9", "--out", "wide.keras"),
    "data": lambda study, desk: said(desk, "data"),
    "serve": lambda study, desk: serving(desk),
    "studio": lambda study, desk: opening(desk),
    "report": lambda study, desk: [
        said(desk, "report", "enough", "--chart", "gap", "--out", "gap.svg"),
        *said(desk, "report", "--list"),
    ],
}


def said(desk, *arguments):
    return why128(*arguments, "--json", within=desk).document


def four(desk):
    """A network of four hidden neurons."""
    said(desk, "train", "pets", "--hidden", "4", "--epochs", "2", "--save", "four.keras")
    return "four.keras"


def opening(desk):
    """As `serving`, of the page."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "why128.studio.running.run",
            lambda named, port, tell: tell("http://127.0.0.1:8129/", "http://127.0.0.1:8129/?key=k"),
        )
        return said(desk, "studio", "--no-browser")


def serving(desk):
    """What it prints when it listens; this one does not."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("why128.serve.server.serve", lambda network, address, tell: tell("http://127.0.0.1:8128", None))
        return said(desk, "serve", "enough/enough.keras")


def paths(value, at="", named=False):
    """Every key of a document by its path, such as `candidates[].gap`; intervals and timings are values."""
    if isinstance(value, dict) and set(value) not in VALUES:
        for key, inner in value.items():
            here = at if named else f"{at}.{key}".lstrip(".")
            if not named:
                yield here
            yield from paths(inner, here, named=key in BY_NAME and not named)
    elif isinstance(value, list):
        for inner in value:
            yield from paths(inner, at and f"{at}[]")


def documented(section):
    """The paths in the first column; of what a row holds in words ("`name` and …"), the paths below it."""
    found = set()
    for keys, text in re.findall(r"^\| (`.*?) \| (.*?) \|$", section, re.M):
        own = re.findall(r"`([a-z_0-9.\[\]]+)`", keys)
        found |= set(own)
        if len(own) == 1:
            found |= {f"{own[0]}.{name}" for name in re.findall(r"(?<![\[{])`([a-z_0-9]+)`", text)}
            found |= {f"{own[0]}.{name}" for name in re.findall(r'"(mean|low|high)"', text)}
            found |= {f"{own[0]}[].{name}" for name in re.findall(r"`([a-z_0-9]+)`", text)}
    return found


def promised(section):
    """The paths in the first column."""
    rows = re.findall(r"^\| (`.*?) \|", section, re.M)
    return {name for row in rows for name in re.findall(r"`([a-z_0-9.\[\]]+)`", row)}


def known():
    """The document of a study of which everything is known that can be."""
    asked = plan(0, 2, 4, 8, 16, 32, 64, tolerance=1.0, resample=True)
    answers = hits([60, 70, 79, 85.0, 88, 89.4, 90.1], 8, 4000, 0.1)
    twins = [
        trial(asked, 6, r, answers[(r + 2) % 5, 6], 0.9, twin=part)
        for r in range(5)
        for part in ("initialisation", "order", "sample")
    ]
    learned = answers.mean(2) + 0.03
    study = told(asked, answers, learned=learned, twins=twins, about={"learned": (100,) * 4}, verdict={"enough": 5})
    return Answer(study).document()


def test_every_command_that_prints_a_document_has_a_section():
    assert set(SECTIONS) == set(PRINTED)
    assert {name.split()[0] for name in SECTIONS} == set(COMMANDS)


@pytest.mark.parametrize("command", PRINTED)
def test_every_key_that_is_printed_is_documented(command, study, desk):
    printed = set(paths(PRINTED[command](study, desk)))
    printed = {path.removeprefix("[].") for path in printed}
    assert len(printed) > 2
    assert not printed - documented(SECTIONS[command])


@pytest.mark.parametrize("command", PRINTED)
def test_every_key_that_is_documented_is_printed(command, study, desk):
    printed = set(paths(PRINTED[command](study, desk)))
    if command == "study":
        printed |= set(paths(known()))
    printed = {path.removeprefix("[].") for path in printed}
    assert promised(SECTIONS[command])
    assert not promised(SECTIONS[command]) - printed


def test_every_key_of_a_study_of_which_everything_is_known_is_documented():
    printed = set(paths(known()))
    assert not printed - documented(SECTIONS["study"])
    assert all(value is not None for value in known()["findings"].values())


def test_the_numbers_of_every_optimizer_are_documented():
    for kind in optimizers.NAMED.values():
        assert {f"plan.optimizer.{field.name}" for field in fields(kind)} <= documented(SECTIONS["study"])


def test_a_key_that_is_not_documented_would_be_found():
    """This page's own check must be able to fail."""
    assert "candidates[].mine" in set(paths({"candidates": [{"mine": 1}]}))
    assert "candidates[].mine" not in documented(SECTIONS["study"])
    assert "verdict.latency_one" not in documented(SECTIONS["study"]), "a key of another place"
