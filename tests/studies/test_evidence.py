"""Evidence: rows in any order become the arrays that inference asks for, and the same ones when a study is opened again."""

from dataclasses import replace

import numpy as np
import pytest

from tests.studying import flat_epochs, hits, plan, rows, trial
from why128.studies.candidate import Setting
from why128.studies.evidence import CURVES, Evidence
from why128.studies.store import EpochRow, Store, read

ASKED = plan(0, 2, 8, epochs=3)
ANSWERS = hits([50, 60, 80], replicates=4, images=101)  # an odd number: the last byte of bits is not full


def seen(trials, asked=ASKED, epochs=(), judged_by=101):
    return Evidence.of(asked, judged_by, trials, epochs)


def test_hits_come_back_from_rows_in_any_order():
    trials = rows(ASKED, ANSWERS)
    mixed = [trials[i] for i in np.random.default_rng(0).permutation(len(trials))]
    evidence = seen(mixed)
    assert (evidence.hits([0, 1, 2]) == ANSWERS).all()
    assert (evidence.hits([2, 0]) == ANSWERS[:, [2, 0]]).all(), "in the order asked for"
    assert evidence.hits([0]).dtype == bool
    assert evidence.accuracies(2) == pytest.approx(ANSWERS[:, 2].mean(1))
    assert evidence.learned(2) == pytest.approx(ANSWERS[:, 2].mean(1) + 0.01)


def test_what_was_kept_is_what_was_seen(tmp_path):
    """Through the data base and back: every array is the same."""
    trials = rows(ASKED, ANSWERS, learned=[0.5, 0.6, np.nan])
    twins = [trial(ASKED, 1, r, ANSWERS[r, 1], 0.6, twin="initialisation") for r in range(4)]
    epochs = flat_epochs(ASKED, trials, rise=0.01)
    with Store(tmp_path) as store:
        store.add([*twins, *trials], epochs)
    _, kept, kept_epochs = read(tmp_path)
    before, after = seen([*trials, *twins], epochs=epochs), seen(kept, epochs=kept_epochs)
    assert (before.hits([0, 1, 2]) == after.hits([0, 1, 2])).all()
    assert (before.twin_hits("initialisation") == after.twin_hits("initialisation")).all()
    assert before.parameters.tolist() == after.parameters.tolist() == [260, 142, 556]
    assert after.diverged(2).all()
    for k in range(3):
        assert before.diverged(k).tolist() == after.diverged(k).tolist()
        for name in CURVES:
            np.testing.assert_array_equal(before.curves(k)[name], after.curves(k)[name])


def test_labels_and_replicates():
    evidence = seen(rows(ASKED, ANSWERS))
    assert evidence.labels == ("0", "2", "8")
    assert evidence.candidates == ASKED.candidates
    assert (evidence.replicates.tolist(), evidence.in_question.tolist()) == ([4, 4, 4], [True] * 3)


def test_candidates_that_were_not_tried_have_no_place():
    evidence = seen([t for t in rows(ASKED, ANSWERS) if t.candidate != "2"])
    assert (evidence.tried, evidence.labels) == ((0, 2), ("0", "8"))
    assert (evidence.hits([1]) == ANSWERS[:, [2]]).all()


def test_candidates_with_fewer_replicates_are_compared_in_those_that_all_have():
    evidence = seen(rows(ASKED, ANSWERS, runs=[2, 4, 4]))
    assert evidence.in_question.tolist() == [False, True, True]
    assert (evidence.hits([0, 1, 2]) == ANSWERS[:2]).all()
    assert (evidence.hits([1, 2]) == ANSWERS[:, 1:]).all()


def test_replicates_are_matched_by_number():
    """A deadline may leave out one in the middle."""
    trials = [t for t in rows(ASKED, ANSWERS) if (t.candidate, t.replicate) != ("2", 1)]
    assert (seen(trials).hits([1, 2]) == ANSWERS[[0, 2, 3]][:, 1:]).all()


def test_a_network_that_diverged_is_known_by_having_no_file():
    evidence = seen(rows(ASKED, ANSWERS, learned=[[0.5, 0.5, 0.5], [0.5, np.nan, 0.5], [0.5] * 3, [0.5] * 3]))
    assert evidence.diverged(1).tolist() == [False, True, False, False]
    assert np.isfinite(evidence.learned(1)).all(), "what it answers by accident is counted as any answer is"


# ---------------------------------------------------------------- settings

SETTINGS = (Setting(), Setting(0.01), Setting(0.1))


def tuned(accuracies, asked=None):
    """Trials of one candidate whose accuracies on tuning images are these, (R, S); their hits tell them apart."""
    asked = asked or plan(4, settings=SETTINGS)
    return [
        trial(asked, 0, r, np.arange(16) < 5 * s + r, 0.5, setting=s, tuning=accuracy)
        for r, of_one in enumerate(accuracies)
        for s, accuracy in enumerate(of_one)
    ]


def test_the_setting_is_chosen_on_tuning_images():
    """The second is best there; the third, best on the images that judge, is not looked at."""
    evidence = seen(tuned([[0.5, 0.7, 0.6], [0.5, 0.7, 0.6]]), plan(4, settings=SETTINGS), judged_by=16)
    assert evidence.settings == (1,)
    assert [t.setting for t in evidence.trials[0]] == [1, 1]
    assert evidence.hits([0]).sum(axis=2).tolist() == [[5], [6]]


def test_it_is_the_mean_over_replicates_that_counts_not_the_luckiest():
    evidence = seen(tuned([[0.9, 0.7, 0.1], [0.1, 0.7, 0.1]]), plan(4, settings=SETTINGS), judged_by=16)
    assert evidence.settings == (1,)


def test_of_equally_good_settings_the_first():
    evidence = seen(tuned([[0.5, 0.5, 0.5]])[::-1], plan(4, settings=SETTINGS), judged_by=16)
    assert evidence.settings == (0,)


def test_each_candidate_has_its_own_setting():
    asked = plan(2, 8, settings=SETTINGS[:2])
    trials = [
        trial(asked, k, 0, ANSWERS[0, k], 0.5, setting=s, tuning=0.9 if s == k else 0.1)
        for k in range(2)
        for s in range(2)
    ]
    curves = [EpochRow(t.candidate, t.setting, 0, 0, 1.0, 0.5, 1.0, t.tuning) for t in trials]
    evidence = seen(trials, asked, curves)
    assert evidence.settings == (0, 1)
    assert [evidence.curves(k)["val_accuracy"].tolist() for k in range(2)] == [[[0.9]], [[0.9]]], "its own curves"


# ---------------------------------------------------------------- twins


def ring(factor, candidate=1, replicates=4):
    """Twins whose answers say whose they are: twin r answers image r alone."""
    return [
        trial(ASKED, candidate, r, np.arange(101) == r, 0.5, twin=factor) for r in np.roll(np.arange(replicates), 2)
    ]


def whose(answers):
    return [int(np.flatnonzero(row)[0]) for row in answers]


def test_twins_come_by_replicate():
    evidence = seen([*ring("initialisation"), *rows(ASKED, ANSWERS)])
    assert whose(evidence.twin_hits("initialisation")) == [0, 1, 2, 3]
    assert len(evidence.trials[1]) == 4, "twins are no replicates"


def test_one_ring_shows_the_order_too():
    """Twin r has the weights of replicate r + 1 and the order of r: it is replicate r + 1's with another order."""
    evidence = seen([*ring("initialisation"), *rows(ASKED, ANSWERS)])
    assert whose(evidence.twin_hits("order")) == [3, 0, 1, 2]


def test_where_samples_are_drawn_anew_the_order_has_its_own_twins():
    asked = replace(ASKED, resample=True)
    both = [*ring("initialisation"), *ring("order")]
    assert seen([*ring("initialisation"), *rows(ASKED, ANSWERS)], asked).twin_hits("order") is None
    assert whose(seen([*both, *rows(ASKED, ANSWERS)], asked).twin_hits("order")) == [0, 1, 2, 3]


def test_no_twins():
    evidence = seen(rows(ASKED, ANSWERS))
    assert [evidence.twin_hits(name) for name in ("initialisation", "order", "sample")] == [None] * 3


# ---------------------------------------------------------------- curves


def test_curves_have_their_places():
    trials = rows(ASKED, ANSWERS)
    epochs = [
        EpochRow(t.candidate, 0, t.replicate, e, 10.0 * t.replicate + e, 0.1 * e, None, 0.01 * e)
        for t in trials
        for e in range(3)
    ]
    curves = seen(trials, epochs=epochs[::-1]).curves(2)
    assert curves["loss"].tolist() == [[10 * r + e for e in range(3)] for r in range(4)]
    assert curves["accuracy"].shape == curves["val_accuracy"].shape == (4, 3)
    assert np.isnan(curves["val_loss"]).all(), "what was not a number comes back as none"
