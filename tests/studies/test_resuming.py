"""A study that was stopped goes on to the bits that it would have come to; what is not the same study is refused."""

import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest
from benchmarks.interruptions import results

from tests.studies.conftest import DATA, PLAN
from why128.errors import InputRefused, SurroundingsError, UsageError
from why128.formats import aside
from why128.studies import conduct, hiring, resuming, store
from why128.studies.conduct import study
from why128.studies.crew import Crew
from why128.studies.events import EpochDone, Lost, Replicate, Resumed, Stage
from why128.studies.until import Until


class Stopped(BaseException):
    """As Ctrl-C is one."""


def stopped(plan, folder, when, **how):
    """Run a study until `when` says so of what it tells; gives what it told."""
    heard = []

    def tell(event):
        heard.append(event)
        if when(heard):
            raise Stopped

    with pytest.raises(Stopped):
        study(plan, DATA, folder, tell, **how)
    return heard


def last(kind, count):
    """When so many of a kind were told."""
    return lambda heard: isinstance(heard[-1], kind) and sum(isinstance(e, kind) for e in heard) == count


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """What the study gives, by hash, and what it told: trained by a crew of its own."""
    found = {}
    for name, until in (("plan", None), ("until", Until(networks=30))):
        told, folder = [], tmp_path_factory.mktemp("undisturbed") / name
        study(PLAN, DATA, folder, told.append, until=until)
        found[name] = results(folder), told
    return found


@pytest.mark.parametrize(
    "when", [last(Stage, 1), last(EpochDone, 3), last(Replicate, 1), last(Stage, 2), last(Replicate, 5)]
)
def test_it_goes_on_to_the_same_bits(when, undisturbed, tmp_path):
    """Stopped before the first step, in the middle of a cohort, between cohorts, and among the twins."""
    stopped(PLAN, tmp_path / "s", when)
    study(PLAN, DATA, tmp_path / "s")
    assert results(tmp_path / "s") == undisturbed["plan"][0]


def test_so_it_does_in_a_process_of_its_own(undisturbed, tmp_path, monkeypatch):
    monkeypatch.setattr(hiring, "Crew", Crew)
    stopped(PLAN, tmp_path / "s", last(EpochDone, 3))
    assert any(path.suffix == ".npz" for path in (tmp_path / "s" / "checkpoints").iterdir())
    study(PLAN, DATA, tmp_path / "s")
    assert results(tmp_path / "s") == undisturbed["plan"][0]
    assert not (tmp_path / "s" / "checkpoints").exists(), "they have served"


def test_what_is_there_is_not_trained_again(undisturbed, tmp_path):
    stopped(PLAN, tmp_path / "s", last(Replicate, 2))
    told = []
    study(PLAN, DATA, tmp_path / "s", told.append)
    resumed, ahead, *_ = told
    assert ahead.networks == 3 + 3, "what is left of it, and the twins"
    assert resumed == Resumed(tmp_path / "s", 6)
    before = sum(isinstance(event, Replicate) for event in undisturbed["plan"][1])
    assert sum(isinstance(event, Replicate) for event in told) == before - 2


@pytest.mark.parametrize("when", [last(EpochDone, 2), last(Replicate, 1), last(Stage, 2)])
def test_one_that_stops_when_it_knows_takes_the_same_steps(when, undisturbed, tmp_path):
    stopped(PLAN, tmp_path / "s", when, until=Until(networks=30))
    study(PLAN, DATA, tmp_path / "s", until=Until(networks=30))
    assert results(tmp_path / "s") == undisturbed["until"][0]


def test_what_was_spent_before_an_interruption_counts(tmp_path):
    stopped(PLAN, tmp_path / "s", last(EpochDone, 2), until=Until(seconds=900.0))
    before = store.read(tmp_path / "s")[0]["spent"]
    stopped(PLAN, tmp_path / "s", last(EpochDone, 2), until=Until(seconds=900.0))
    assert 0 < before < store.read(tmp_path / "s")[0]["spent"]


def test_a_finished_one_is_read_and_nothing_is_trained(tmp_path):
    first = study(PLAN, DATA, tmp_path / "s")
    told = []
    again = study(PLAN, DATA, tmp_path / "s", told.append)
    assert told == []
    assert again.verdict == first.verdict


def test_a_replicate_that_was_given_up_is_missed_and_tried_again(monkeypatch, tmp_path):
    real = conduct._events

    def poor(job, entries, lucks):
        for event in real(job, entries, lucks):
            if isinstance(event, Replicate) and event.number == 1 and len(entries) > 1:
                event = Lost(event.luck, "killed by signal 9 (SIGKILL)", 3)
            yield event

    monkeypatch.setattr(conduct, "_events", poor)
    found = study(PLAN, DATA, tmp_path / "s")
    assert found.lost == ((1, "killed by signal 9 (SIGKILL)"),)
    assert found.evidence.replicates.tolist() == [2, 2, 2]
    stopped(PLAN, tmp_path / "t", last(Stage, 2))
    assert store.read(tmp_path / "t")[0]["lost"] == [[1, "killed by signal 9 (SIGKILL)"]]
    monkeypatch.undo()
    again = study(PLAN, DATA, tmp_path / "t")
    assert again.lost == ()
    assert again.evidence.replicates.tolist() == [3, 3, 3]


def test_where_everything_was_given_up(monkeypatch, tmp_path):
    def poor(job, entries, lucks):
        yield from (Lost(luck, "killed by signal 9 (SIGKILL)", 3) for luck in lucks)

    monkeypatch.setattr(conduct, "_events", poor)
    with pytest.raises(SurroundingsError) as caught:
        study(PLAN, DATA, tmp_path / "s")
    assert str(caught.value) == f"{tmp_path / 's'}: no network could be trained: killed by signal 9 (SIGKILL)"
    assert caught.value.hint == (
        f"free some memory, try narrower widths or --workers 1, then go on with why128 study --resume {tmp_path / 's'}"
    )


def test_a_disk_that_refuses_says_how_to_go_on(monkeypatch, tmp_path):
    def refused(path, data, lasting=True):
        if "networks" in str(path):
            raise SurroundingsError(f"{path}: no space", hint="free some space, or choose another disk")
        write(path, data, lasting)

    write = aside.write
    monkeypatch.setattr(aside, "write", refused)
    with pytest.raises(SurroundingsError) as caught:
        study(PLAN, DATA, tmp_path / "s")
    assert caught.value.hint == (
        f"free some space, or choose another disk, then go on with why128 study --resume {tmp_path / 's'}"
    )


def test_rows_that_say_nothing_are_damage(tmp_path):
    stopped(PLAN, tmp_path / "s", last(Stage, 2))
    with closing(sqlite3.connect(tmp_path / "s" / "study.db")) as database, database:
        database.execute("UPDATE trials SET hits = x'00'")
    with pytest.raises(InputRefused) as caught:
        study(PLAN, DATA, tmp_path / "s")
    assert str(caught.value) == (
        f"{tmp_path / 's'}: a damaged study (ValueError('answers to another number of images than 72')); "
        "expected what why128 study wrote"
    )


# ---------------------------------------------------------------- what is not the same study


def between(monkeypatch, other):
    """Another process does this after a study has looked at the folder, and before it holds the folder's lock."""

    class Late(store.Store):
        def __init__(self, folder, notes):
            monkeypatch.undo()
            other()
            super().__init__(folder, notes)

    monkeypatch.setattr(conduct, "Store", Late)


def test_another_study_that_was_quicker_is_not_mixed(tmp_path, monkeypatch):
    other = replace(PLAN, replicates=2)
    between(monkeypatch, lambda: stopped(other, tmp_path / "s", last(Replicate, 1)))
    with pytest.raises(UsageError, match="another study, with other replicates; nothing was changed"):
        study(PLAN, DATA, tmp_path / "s")
    assert len(store.read(tmp_path / "s")[1]) == 3


def test_the_same_study_that_ended_meanwhile_is_read(tmp_path, monkeypatch):
    stopped(PLAN, tmp_path / "s", last(Replicate, 1))
    between(monkeypatch, lambda: study(PLAN, DATA, tmp_path / "s"))
    told = []
    study(PLAN, DATA, tmp_path / "s", told.append)
    assert told == []


@pytest.fixture
def folder(tmp_path, halfway):
    shutil.copytree(halfway, tmp_path / "s")
    return tmp_path / "s"


@pytest.fixture(scope="module")
def halfway(tmp_path_factory):
    folder = tmp_path_factory.mktemp("halfway") / "s"
    stopped(PLAN, folder, last(Replicate, 1))
    return folder


def refused(kind, plan, data, folder, until=None):
    before = results(folder)
    with pytest.raises(kind) as caught:
        study(plan, data, folder, until=until)
    assert results(folder) == before, "nothing was changed"
    return str(caught.value), caught.value.hint


def test_other_data(folder):
    other = replace(DATA, train=DATA.train.take(slice(1, None)))
    said, hint = refused(InputRefused, PLAN, other, folder)
    assert said == (
        f"{folder}: a study of other data; expected that of these ({other.fingerprint[:12]}…), "
        f"found {DATA.fingerprint[:12]}…; nothing was changed"
    )
    assert hint == "give the data as it was, or another folder with --out"


@pytest.mark.parametrize(
    ("plan", "until", "differs"),
    [
        (replace(PLAN, tolerance=1.0), None, "tolerance"),
        (replace(PLAN, replicates=2), None, "replicates"),
        (PLAN, Until(networks=30), "limits"),
    ],
)
def test_another_plan(folder, plan, until, differs):
    said, hint = refused(UsageError, plan, DATA, folder, until)
    assert said == f"{folder}: another study, with other {differs}; nothing was changed"
    assert hint == f"give another folder with --out, or go on with that one: why128 study --resume {folder}"


def test_one_from_before_there_was_a_choice_of_precision_is_the_same_study(folder, tmp_path):
    old = shutil.copytree(folder, tmp_path / "old")
    with closing(sqlite3.connect(old / "study.db")) as base, base:
        ((kept,),) = base.execute("SELECT value FROM study WHERE key = 'plan'")
        plan = {name: value for name, value in json.loads(kept).items() if name != "precision"}
        base.execute("UPDATE study SET value = ? WHERE key = 'plan'", [json.dumps(plan)])
    assert study(PLAN, DATA, old).plan.recipe.precision == "float32"


def test_other_versions(folder, monkeypatch):
    monkeypatch.setattr(resuming, "versions", lambda: conduct.versions() | {"jax": "99.0"})
    said, hint = refused(InputRefused, PLAN, DATA, folder)
    was = conduct.versions()["jax"]
    assert (
        said == f"{folder}: a study that was begun with jax {was}, this is jax 99.0; its networks would be of two kinds"
    )
    assert hint == "install those versions, or begin anew in another folder with --out"


def test_a_function_of_ones_own_is_refused_before_anything_is_trained(tmp_path):
    def bent(x):
        return 0.5 * x

    plan = replace(PLAN, candidates=(replace(PLAN.candidates[1], activation=bent),))
    with pytest.raises(UsageError) as caught:
        study(plan, DATA, tmp_path / "s")
    assert str(caught.value) == "study: the activation bent is a function of your own, which no network's file can hold"
    assert caught.value.hint == "use one of Keras's by its name, such as relu; Sequential.fit takes any function"
    assert not (tmp_path / "s").exists()


# ---------------------------------------------------------------- which folder


def test_the_same_question_finds_the_folder_in_which_it_was_begun(halfway, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert str(resuming.own_folder(PLAN, DATA, None)) == "why128-studies/pets-1"
    shutil.copytree(halfway, "why128-studies/pets-1")
    assert str(resuming.own_folder(PLAN, DATA, None)) == "why128-studies/pets-1"
    assert str(resuming.own_folder(replace(PLAN, tolerance=0.1), DATA, None)) == "why128-studies/pets-2"
    assert str(resuming.own_folder(PLAN, DATA, Until())) == "why128-studies/pets-2"
    with store.Store("why128-studies/pets-1"):
        assert str(resuming.own_folder(PLAN, DATA, None)) == "why128-studies/pets-2", "somebody is writing it"
    shutil.copytree(halfway, "why128-studies/pets-2")
    assert str(resuming.own_folder(PLAN, DATA, None)) == "why128-studies/pets-2", "the last one begun"
    study(PLAN, DATA, "why128-studies/pets-2")
    assert str(resuming.own_folder(PLAN, DATA, None)) == "why128-studies/pets-1", "the other one has ended"


def test_how_it_is_asked_again(halfway):
    assert resuming.again(halfway) == resuming.Asked(PLAN.on(DATA), None, None, "pets")


def test_a_damaged_plan_is_told_with_its_folder(folder):
    with store.Store(folder) as kept:
        kept.note(plan={"widths": [8]})
    with pytest.raises(InputRefused) as caught:
        resuming.again(folder)
    assert str(caught.value).startswith(f"{folder}: plan: expected what Plan.document() gives, got something else or")


def test_a_damaged_one_cannot_be_asked_again(folder):
    with store.Store(folder) as kept:
        kept.note(until={"years": 3})
    with pytest.raises(InputRefused, match=r"a damaged study \(.*years.*\); expected what why128 study wrote$"):
        resuming.again(folder)
