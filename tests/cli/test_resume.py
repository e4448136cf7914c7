"""`why128 study` that was stopped: it says how to go on, and goes on, whichever way it is told to."""

import json
import os
import shutil

import pytest
from benchmarks.interruptions import results

from tests.cli.conftest import QUICK, picture_folder, pictures, why128
from why128.studies import conduct, store


@pytest.fixture
def stopped(tmp_path, monkeypatch):
    """A study of pictures, stopped by Ctrl-C after its first replicate: the command, and what it said."""
    monkeypatch.chdir(tmp_path)
    picture_folder(tmp_path / "pets", *pictures(40))
    keep = conduct._keep

    def interrupted(*arguments):
        keep(*arguments)
        raise KeyboardInterrupt

    command = ("study", "pets", *QUICK, "--json")
    with monkeypatch.context() as patch:
        patch.setattr(conduct, "_keep", interrupted)
        said = why128(*command)
    return command, said


def test_it_says_how_to_go_on(stopped):
    _, said = stopped
    assert said.status == 130
    assert said.out == ""
    assert [line for line in said.err.splitlines() if line][-2:] == [
        "what was trained is kept; go on with: why128 study --resume why128-studies/pets-1",
        "why128: stopped",
    ]
    notes, trials, _ = store.read("why128-studies/pets-1")
    assert notes["source"] == {"data": os.path.abspath("pets"), "size": None, "skip_bad": False, "drop": []}
    assert len(trials) == 2


def test_the_same_command_and_resume_come_to_the_same(stopped, tmp_path):
    command, _ = stopped
    shutil.copytree("why128-studies/pets-1", "elsewhere")
    again = why128(*command)
    assert again.status == 0
    assert (
        "going on with why128-studies/pets-1, which was stopped; 2 networks of it are there" in again.err.splitlines()
    )
    assert os.listdir("why128-studies") == ["pets-1"]
    resumed = why128("study", "--resume", "elsewhere", "--json")
    assert resumed.status == 0
    assert results(tmp_path / "elsewhere") == results(tmp_path / "why128-studies" / "pets-1")
    assert why128("study", *command[1:-1], "--out", "afresh").status == 0
    assert results(tmp_path / "afresh") == results(tmp_path / "elsewhere")
    read = why128("study", "--resume", "elsewhere", "--json")
    assert (read.status, json.loads(read.out)) == (0, json.loads(resumed.out)), "a finished one answers at once"
    assert why128(*command).status == 0
    assert sorted(os.listdir("why128-studies")) == ["pets-1", "pets-2"], "one that has ended is not begun again"


def test_data_that_is_gone_or_elsewhere(stopped, tmp_path):
    os.rename("pets", "moved")
    gone = why128("study", "--resume", "why128-studies/pets-1")
    assert gone.status == 3
    assert gone.err.splitlines() == [
        f"why128: error: {os.path.abspath('pets')}: no file or folder of that name, and not a known data set "
        "(sample, fashion-mnist, mnist, kmnist, digits)",
        "why128: hint: nothing is lost; say where the data is now: why128 study DATA --resume why128-studies/pets-1",
    ]
    shutil.copytree("moved", "pets")
    assert why128("study", "pets", *QUICK, "--out", "undisturbed").status == 0
    assert why128("study", "moved", "--resume", "why128-studies/pets-1").status == 0
    assert results(tmp_path / "undisturbed") == results(tmp_path / "why128-studies" / "pets-1")


def test_a_plan_is_not_given_anew(stopped):
    said = why128("study", "--resume", "why128-studies/pets-1", "--until-settled", "--epochs", "3")
    assert said.status == 2
    assert said.err.splitlines()[-2:] == [
        "why128: error: --resume: expected no other options than --workers, --on and --json, got --epochs",
        "why128: hint: the study knows its plan; to change it, begin another",
    ]


def test_data_that_was_given_as_arrays(stopped):
    with store.Store("why128-studies/pets-1") as kept:
        kept.note(source=None)
    said = why128("study", "--resume", "why128-studies/pets-1")
    assert said.status == 2
    assert said.err.splitlines() == [
        "why128: error: why128-studies/pets-1: its data was given as arrays; expected DATA too",
        "why128: hint: why128 study DATA --resume why128-studies/pets-1",
    ]


def test_what_is_no_study(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = why128("study", "--resume", "nowhere")
    assert said.status == 3
    assert said.err.startswith("why128: error: nowhere: not a study, or a damaged one (")
    assert os.listdir() == []
