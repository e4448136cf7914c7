"""Every key that a command prints stands in docs/json.md, in the section of that command; and every key there is printed."""

import re
from pathlib import Path

import pytest

from tests.cli.conftest import why128

PAGE = (Path(__file__).parents[2] / "docs" / "json.md").read_text()
SECTIONS = dict(re.findall(r"^## `why128 (.*?) --json`\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S))
BY_NAME = {
    "labels",
    "probabilities",
    "classes",
}  # their keys are names of classes; what stands below those is looked at

PRINTED = {
    "study": lambda study, desk: study,
    "train": lambda study, desk: why128("train", "pets", "--hidden", "4", "--epochs", "2", "--json", within=desk),
    "evaluate": lambda study, desk: why128("evaluate", "enough/enough.keras", "pets", "--json", within=desk),
    "predict": lambda study, desk: why128("predict", "enough/enough.keras", "pets/cat/000.png", "--json", within=desk),
    "inspect DATA": lambda study, desk: why128("inspect", "pets", "--json", within=desk),
    "inspect MODEL": lambda study, desk: why128("inspect", "enough/enough.keras", "--json", within=desk),
    "data": lambda study, desk: why128("data", "--json"),
}


def keys(value, named=False):
    """Every key of a document, wherever in it, but for names of classes."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if not named:
                yield key
            yield from keys(inner, named=key in BY_NAME and not named)
    elif isinstance(value, list):
        for inner in value:
            yield from keys(inner)


def documented(section):
    """The last part of every dotted name in code: `candidates[].gap` is gap; what is quoted as a value is none."""
    words = re.findall(r"`([^`]+)`", section) + re.findall(r'"(mean|low|high)"', PAGE)
    return {re.sub(r".*\.", "", word) for word in words if re.fullmatch(r"[a-z_0-9.\[\]]+", word)}


def test_every_command_that_prints_a_document_has_a_section():
    assert set(SECTIONS) == set(PRINTED)


@pytest.mark.parametrize("command", PRINTED)
def test_every_key_that_is_printed_is_documented(command, study, desk):
    printed = set(keys(PRINTED[command](study, desk).document))
    assert len(printed) > 2
    assert not printed - documented(SECTIONS[command])


@pytest.mark.parametrize("command", PRINTED)
def test_every_key_that_is_documented_is_printed(command, study, desk):
    rows = re.findall(r"^\| (.*?) \|", SECTIONS[command], re.M)
    promised = {re.sub(r".*\.", "", name) for row in rows for name in re.findall(r"`([a-z_0-9.\[\]]+)`", row)}
    assert promised
    assert not promised - set(keys(PRINTED[command](study, desk).document))


def test_the_numbers_of_every_optimizer_are_documented():
    from dataclasses import fields

    from why128 import optimizers

    for kind in optimizers.NAMED.values():
        assert {field.name for field in fields(kind)} <= documented(SECTIONS["study"])
