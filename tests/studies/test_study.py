"""A study read from its folder is the study that was run; what is no study, or a damaged one, is refused by what is wrong."""

import json
import os
import shutil
import sqlite3

import numpy as np
import pytest

from tests.studies.conftest import DATA, PLAN
from tests.studying import LADDER, clear, hits, plan, told
from why128.errors import InputRefused, SurroundingsError
from why128.formats import keras_file
from why128.report.answer import Answer
from why128.studies.budget import Budget
from why128.studies.store import Store
from why128.studies.study import CHOSEN, EXAMINED, read

# ---------------------------------------------------------------- the same study


def test_a_study_read_again_answers_the_same(small):
    again = read(small.folder)
    assert again.verdict == small.verdict
    assert (again.plan, again.subject, again.costs, again.looks) == (
        small.plan,
        small.subject,
        small.costs,
        small.looks,
    )
    assert Answer(again).document() == Answer(small).document()
    assert str(Answer(again)) == str(Answer(small))
    json.dumps(Answer(again).document())


def test_a_study_can_be_moved(small, tmp_path):
    shutil.copytree(small.folder, tmp_path / "moved")
    moved = read(tmp_path / "moved")
    assert Answer(moved).sentence == Answer(small).sentence
    assert all((a == b).all() for a, b in zip(moved.network.weights, small.network.weights, strict=True))
    assert moved.folder == tmp_path / "moved"


def test_it_can_be_read_where_nothing_may_be_written(small, tmp_path):
    shutil.copytree(small.folder, tmp_path / "s")
    for file in (tmp_path / "s").glob("study.db-*"):
        file.unlink()
    (tmp_path / "s" / "study.db").chmod(0o444)
    assert Answer(read(tmp_path / "s")).sentence == Answer(small).sentence


def test_what_it_knows_of_its_data(small):
    subject = small.subject
    assert (subject.name, subject.fingerprint, subject.images) == ("pets", DATA.fingerprint, 240)
    assert subject.learned_from + subject.judged_by == 240
    assert (subject.tuned_by, subject.tested_on, subject.test_given, subject.leaked) == (0, 60, True, 0)
    assert len(subject.learned) == len(subject.judged) == 4


def test_the_network_handed_over_answers_as_examined(small):
    test = DATA.test
    assert small.examination.part == "test"
    answers = small.network.probabilities(small.network.preparation.to_input(test.pixels))
    assert (small.examination.labels == test.labels).all()
    np.testing.assert_array_equal(small.examination.probabilities, answers)
    assert small.test.mean == (answers.argmax(1) == test.labels).mean()


def test_the_network_says_whose_data_it_learned(small):
    """Of the whole data set, though the test part was out of reach when it was trained."""
    assert small.network.about["fingerprint"] == DATA.fingerprint
    assert small.network.about["replicate"] == small.replicate


# ---------------------------------------------------------------- what is no study


@pytest.fixture
def folder(small, tmp_path):
    """A copy to damage."""
    shutil.copytree(small.folder, tmp_path / "s")
    return tmp_path / "s"


def changed(folder, statement, *values):
    database = sqlite3.connect(folder / "study.db")
    with database:
        assert database.execute(statement, values).rowcount
    database.close()


def refusal(folder):
    with pytest.raises(InputRefused) as caught:
        read(folder)
    return str(caught.value), caught.value.hint


def test_a_folder_that_is_no_study(tmp_path):
    said, hint = refusal(tmp_path)
    assert said == (f"{tmp_path}: not a study, or a damaged one (it has no study.db); expected a folder with study.db")
    assert hint == "give the folder that why128 study named at its end"


def test_a_study_that_did_not_end(folder):
    changed(folder, "DELETE FROM study WHERE key = 'finished'")
    said, hint = refusal(folder)
    count = 9 + 3  # and the twins
    assert said == f"{folder}: expected a finished study, found one that did not end ({count} networks trained)"
    assert hint == f"go on with it: why128 study --resume {folder}"


def test_a_study_that_has_only_begun(tmp_path):
    with Store(tmp_path) as store:
        store.note(plan=PLAN.document())
    assert refusal(tmp_path)[0].endswith("found one that did not end (0 networks trained)")


@pytest.mark.parametrize("key", ["plan", "subject", "costs", "looks", "environment"])
def test_a_missing_note(folder, key):
    changed(folder, "DELETE FROM study WHERE key = ?", key)
    assert refusal(folder) == (f"{folder}: a damaged study (KeyError('{key}')); expected what why128 study wrote", None)


@pytest.mark.parametrize(
    ("key", "value", "what"),
    [
        ("subject", {"name": "pets"}, "missing"),
        ("subject", 3, "has no attribute"),
        ("costs", [], "expected"),
        ("costs", None, "not iterable"),
        ("plan", {**PLAN.document(), "candidates": []}, "at least one width"),
        ("plan", {**PLAN.document(), "optimizer": {"name": "mine"}}, "mine"),
        ("plan", [], "indices"),
    ],
)
def test_a_note_that_says_something_else(folder, key, value, what):
    changed(folder, "UPDATE study SET value = ? WHERE key = ?", json.dumps(value), key)
    assert what in refusal(folder)[0]


def test_trials_of_another_plan(folder):
    for table in ("trials", "times"):
        changed(folder, f"UPDATE {table} SET candidate = '64' WHERE candidate = '2'")
    assert refusal(folder)[0] == f"{folder}: a damaged study (KeyError('64')); expected what why128 study wrote"


def test_no_trials_at_all(folder):
    changed(folder, "DELETE FROM trials")
    assert "a damaged study" in refusal(folder)[0]


@pytest.mark.parametrize("bits", [b"", b"\xff", b"\xff" * 500])
def test_answers_to_another_number_of_images(folder, bits):
    """Whether one network's or all: missing answers are not wrong ones."""
    changed(folder, "UPDATE trials SET hits = ? WHERE replicate = 0 AND candidate = '0'", bits)
    assert "answers to another number of images than" in refusal(folder)[0]
    changed(folder, "UPDATE trials SET hits = ?", bits)
    assert "answers to another number of images than" in refusal(folder)[0]


@pytest.mark.parametrize("content", [b"", b"mine", b"PK\x03\x04"])
def test_a_damaged_examination(folder, content):
    (folder / EXAMINED).write_bytes(content)
    said, _ = refusal(folder)
    assert said.startswith(f"{folder}: a damaged study (ValueError(")
    assert "no examination" in said


def test_an_examination_that_is_a_pipe_a_device_or_immense(folder):
    """It is read without waiting, and without taking the memory."""
    place = folder / EXAMINED
    place.unlink()
    os.mkfifo(place)
    assert refusal(folder)[0] == f"{place}: expected a file, found a FIFO"
    place.unlink()
    place.symlink_to("/dev/zero")
    assert refusal(folder)[0] == f"{place}: expected a file, found a device"
    place.unlink()
    with open(place, "wb") as sparse:
        sparse.truncate(1 << 42)
    with pytest.raises(SurroundingsError, match="too large for the memory of this machine"):
        read(folder)


def test_an_examination_cut_in_the_middle(folder):
    whole = (folder / EXAMINED).read_bytes()
    (folder / EXAMINED).write_bytes(whole[: len(whole) // 2])
    assert "no examination" in refusal(folder)[0]


def test_the_network_is_gone(folder):
    (folder / CHOSEN).unlink()
    study = read(folder)
    assert Answer(study).sentence
    with pytest.raises(InputRefused) as caught:
        study.network
    assert str(caught.value).startswith(f"{folder / CHOSEN}: ")
    assert keras_file.load(folder / study.evidence.trials[study.verdict.enough][0].network)


def test_a_folder_s_name_is_shown_safely(tmp_path):
    assert r"a\x1b[31m: not a study" in refusal(tmp_path / "a\x1b[31m")[0]


# ---------------------------------------------------------------- what it says of itself


def test_a_study_is_settled_where_its_verdict_is():
    study = told(plan(*LADDER), clear())
    assert (study.settled, study.failed) == (True, False)
    assert (Answer(study).settled, Answer(study).enough, Answer(study).interval) == (True, 8, (8, 8))


def test_one_candidate_settles_nothing():
    study = told(plan(4), hits([80.0]))
    assert not study.settled
    assert not Answer(study).document()["verdict"]["settled"]


@pytest.mark.parametrize("learned", [None, np.nan])
def test_a_study_of_networks_that_never_learned_settles_nothing(learned):
    study = told(plan(0, 2, tolerance=50.0), hits([25.0, 25.0]), learned=learned)
    assert study.verdict.settled, "they are alike, to be sure"
    assert (study.settled, study.failed) == (False, True)
    assert not Answer(study).document()["verdict"]["settled"]
    assert [row.mark for row in Answer(study).rows()] == ["failed", "failed"]


def test_one_network_that_learned_is_enough_to_speak_of_widths():
    learned = np.full((5, 2), 0.25)
    learned[0, 1] = 0.9
    assert not told(plan(0, 2), hits([25.0, 25.0]), learned=learned).failed


def test_a_limit_in_time_that_none_keeps_decides_nothing():
    asked = plan(*LADDER, budget=Budget(latency=1e-6))
    assert told(asked, clear()).verdict.within_budget == (True,) * 4


def test_a_limit_in_time_that_some_keep():
    asked = plan(*LADDER, budget=Budget(latency=25e-6))
    study = told(asked, clear(), latencies=[10e-6, 20e-6, 30e-6, 40e-6])
    assert study.verdict.within_budget == (True, True, False, False)
    assert Answer(study).enough == 2


def test_the_replicate_handed_over_is_the_best_that_did_not_diverge():
    answers = hits([70.0, 80, 90], replicates=3)
    answers[2, 2] = True
    answers[0, 2] = False
    assert told(plan(0, 2, 8), answers).replicate == 2
    learned = np.full((3, 3), 0.9)
    learned[2, 2] = np.nan
    assert told(plan(0, 2, 8), answers, learned=learned, verdict={"enough": 2}).replicate == 1


def test_the_test_accuracy_is_that_of_test_images_alone():
    assert told(plan(*LADDER), clear()).test.mean == 0.85
    assert told(plan(*LADDER), clear(), examined="validation").test is None
    assert told(plan(*LADDER), clear(), examined=None).test is None


def test_what_was_asked_looking_more_than_once_is_answered_more_carefully():
    once, third = (told(plan(*LADDER), clear(), looks=looks).verdict for looks in (None, 2))
    assert once.confidence == 0.95
    assert third.confidence == pytest.approx(1 - 0.05 / 12)


@pytest.mark.parametrize(("images", "first"), [(3, 0), (10, 2), (50, None)])
def test_from_where_on_there_are_parameters_enough(images, first):
    """Of 0, 1 and 8 neurons with 260, 73 and 556 parameters; four classes: no neurons come first, and have more than one has."""
    study = told(plan(0, 1, 8), hits([60.0, 70, 80]), about={"learned": (images,) * 4})
    assert study.evidence.parameters.tolist() == [260, 73, 556]
    assert study.findings.interpolates == first
