"""The studies of a folder: which there are, how they stand, and what may be done to them."""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time

import pytest

from tests.studio.conftest import Client
from why128.errors import InputRefused, SurroundingsError, UsageError
from why128.studies import store
from why128.studio import shelf as shelves
from why128.studio.app import Studio
from why128.studio.desk import PICTURES, Desk
from why128.studio.shelf import Running, Shelf
from why128.studio.uploading import Uploads


@pytest.fixture
def shelf(shelved, tmp_path):
    shutil.copytree(shelved / "why128-studies", tmp_path / "why128-studies")
    return Shelf(tmp_path)


def test_studies_are_listed_the_latest_first(shelf):
    (shelf.root / "no study").mkdir()
    (shelf.root / ".hidden").mkdir()
    shutil.copytree(shelf.root / "pets-1", shelf.root / "older")
    os.utime(shelf.root / "older", (1, 1))
    assert shelf.glance() == [("pets-1", "still"), ("older", "still")]
    assert Shelf(shelf.root).glance() == [], "a folder without studies"


def test_one_elsewhere_can_be_shown_but_not_deleted(shelf, tmp_path):
    shutil.copytree(shelf.root / "pets-1", tmp_path / "else" / "mine")
    named = Shelf(tmp_path, tmp_path / "else" / "mine")
    assert named.names() == ["mine", "pets-1"]
    with pytest.raises(UsageError, match=r"mine: it lies elsewhere .*; delete it there"):
        named.delete("mine")
    assert named.rename("mine", "ours") == "ours"
    assert named.names() == ["ours", "pets-1"]


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../pets-1", ".hidden", "no such", "a\0b"])
def test_no_other_folder_is_one(shelf, name):
    with pytest.raises(InputRefused, match="no study of this name") as caught:
        shelf.folder(name)
    assert caught.value.hint == "it may have been renamed or deleted"


def test_one_that_runs_is_left_alone(shelf):
    with store.Store(shelf.root / "pets-1"):
        assert shelf.state("pets-1") == "elsewhere"
        for act in (lambda: shelf.delete("pets-1"), lambda: shelf.rename("pets-1", "x")):
            with pytest.raises(UsageError, match="pets-1: it runs at this moment") as caught:
                act()
            assert caught.value.hint == "pause it first"
        with pytest.raises(UsageError, match="it was not started here, and can only be stopped where it was") as caught:
            shelf.pause("pets-1")
        assert caught.value.hint == "press Ctrl-C in its terminal; here it can be gone on with then"
        with pytest.raises(UsageError, match="pets-1: it runs already"):
            shelf.go_on("pets-1")
    assert shelf.state("pets-1") == "still"


@pytest.mark.parametrize("name", ["", "  ", ".x", "a/b", "..", "x" * 61, "a\nb"])
def test_a_name_is_a_plain_one(shelf, name):
    with pytest.raises(
        UsageError, match="name: expected at most 60 characters without / and not beginning with a dot, got '"
    ):
        shelf.rename("pets-1", name)


def test_a_name_is_its_own(shelf):
    (shelf.root / "taken").mkdir()
    with pytest.raises(UsageError, match="name: 'taken' is taken") as caught:
        shelf.rename("pets-1", "taken")
    assert caught.value.hint == "choose another"
    assert shelf.rename("pets-1", "Größe 3") == "Größe 3"
    assert shelf.names() == ["Größe 3"]
    shelf.delete("Größe 3")
    assert shelf.names() == []
    assert sorted(one.name for one in shelf.root.iterdir()) == ["taken"]


def test_what_a_killed_studio_was_deleting_goes(shelf):
    (shelf.root / ".deleted-abc").mkdir()
    Shelf(shelf.root.parent)
    assert not (shelf.root / ".deleted-abc").exists()


def ended(status, said=""):
    """A process that has ended so, after saying this."""
    file = tempfile.TemporaryFile()  # noqa: SIM115, as the shelf keeps it
    code = f"import os, sys; sys.stderr.write({said!r}); sys.stderr.flush(); os.kill(os.getpid(), {-status}) if {status} < 0 else sys.exit({status})"
    process = subprocess.Popen([sys.executable, "-c", code], stderr=file)
    process.wait()
    return Running(process, file)


def complaint(*how):
    one = ended(*how)
    with one.said:
        return one.complaint


def test_why_one_ended_is_said():
    assert complaint(0) is None
    assert complaint(3, "one of three\nwhy128: error: data: gone\nwhy128: hint: look\n") == "data: gone (look)"
    assert complaint(4, "why128: error: disk: full\n") == "disk: full"
    assert complaint(-9) == "the study's process was ended by signal 9; what it had trained is kept"
    assert complaint(1) == "the study's process was ended with status 1; what it had trained is kept"
    paused = ended(-15)
    paused.pausing = True
    with paused.said:
        assert paused.complaint is None


def test_where_none_can_be_started_it_is_said(shelf, monkeypatch):
    def refused(*_, **__):
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(shelves.subprocess, "Popen", refused)
    with pytest.raises(SurroundingsError, match=r"no study can be started here \(Cannot allocate memory\)") as caught:
        shelf.begin("x", "sample", [])
    assert caught.value.hint == "free some space or memory"


def test_one_that_is_refused_at_its_start_is_shown_and_goes(tmp_path):
    studio = Studio(Shelf(tmp_path), Uploads(tmp_path))
    client = Client(studio)
    name = studio.shelf.begin("lost", str(tmp_path / "nothing"), [])
    end = time.monotonic() + 60
    while studio.shelf.state(name) == "starting" and time.monotonic() < end:
        time.sleep(0.05)
    told = client.get("/api/watch", study=name).document
    assert told["studies"] == [{"name": name, "state": "failed"}]
    assert "no file or folder of that name" in told["study"]["error"]
    assert client.ask("/api/studies/delete", {"study": name}).status == 200
    assert studio.shelf.names() == []
    studio.stop()


def test_a_process_that_dies_is_said_and_the_next_works(monkeypatch):
    async def twice():
        desk = Desk()
        try:
            with pytest.raises(SurroundingsError) as caught:
                await desk.do(PICTURES, os._exit, 9)
            return str(caught.value), caught.value.hint, await desk.do(PICTURES, abs, -3)
        finally:
            desk.end()

    said, hint, found = asyncio.run(twice())
    assert said == (
        "studio: the process that works on pictures has ended before its work was done (killed, or out of memory); nothing is lost"
    )
    assert hint == "ask again; if it happens again, free some memory"
    assert found == 3


def test_one_that_dies_without_work_is_replaced():
    async def twice():
        desk = Desk()
        try:
            first = await desk.do(PICTURES, os.getpid)
            os.kill(first, 9)
            await asyncio.sleep(0.5)
            return first, await desk.do(PICTURES, os.getpid)
        finally:
            desk.end()

    first, second = asyncio.run(twice())
    assert first != second
