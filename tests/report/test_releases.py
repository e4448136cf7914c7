"""Studies of every release open in this one and answer as they did, and are not touched."""

import hashlib
import json
from pathlib import Path

import pytest

from why128 import load_study

FOLDERS = sorted((Path(__file__).parents[1] / "fixtures").glob("*/study"))


def digests(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()}


def test_this_release_has_its_study():
    assert FOLDERS


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parts[-2])
def test_it_answers_as_it_did(folder):
    before, said = digests(folder), json.loads((folder / "said.json").read_text())
    answer = load_study(folder)
    assert (answer.sentence, answer.settled) == (said["sentence"], said["settled"])
    assert answer.network.classes == ("0", "1", "2", "3")
    assert digests(folder) == before
