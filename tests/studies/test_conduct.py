"""A study from plan to folder: what it trains, keeps and tells, that it repeats itself, and that it opens test images once."""

from dataclasses import replace

import numpy as np
import pytest

from tests.studies.conftest import DATA as GIVEN
from tests.studies.conftest import PLAN as SMALL
from tests.studies.test_run import DATA, PLAN, SAME_OVER_100_STEPS, furthest
from why128 import optimizers, single
from why128.data import spool
from why128.data.images import SEALED, Dataset, Images
from why128.data.spool import in_memory
from why128.division import divide
from why128.errors import InputRefused, UsageError
from why128.formats import keras_file
from why128.layers import Dense
from why128.recipe import Recipe
from why128.report.answer import Answer
from why128.studies import conduct, store
from why128.studies.budget import Budget
from why128.studies.candidate import Candidate, Setting
from why128.studies.conduct import MOST_TWINS, study
from why128.studies.events import EpochDone, Luck, Replicate, Stage
from why128.studies.plan import Plan, candidates
from why128.studies.until import Until


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Without a test part of its own: one is set aside."""
    return study(PLAN, DATA, tmp_path_factory.mktemp("study"), workers=2)


def weights(folder):
    return {t.network: keras_file.load(folder / t.network).weights for t in store.read(folder)[1] if t.network}


def told(found):
    """All that a study answers, but for times."""
    accuracies = [found.evidence.learned(k).tolist() for k in range(len(found.candidates))]
    return found.verdict, found.replicate, found.test, accuracies, found.subject, found.findings.spread


@pytest.mark.parametrize("workers", [1, 2])
def test_a_study_run_again_gives_the_same_answer_and_identical_weights(workers, finished, tmp_path):
    again = study(PLAN, DATA, tmp_path / "s", workers=workers)
    assert told(again) == told(finished)
    first, second = weights(finished.folder), weights(again.folder)
    assert first.keys() == second.keys()
    assert all(furthest(first[name], second[name]) == 0 for name in first)


def test_images_on_disk_give_the_same_study_to_the_last_bit(finished, tmp_path, monkeypatch):
    """Its pixels lie on disk, and so do the parts that are taken of them to examine the chosen network."""
    monkeypatch.setattr(spool, "MOST", 0)
    monkeypatch.setattr(spool, "PIECE", 1000)
    far = replace(DATA, train=DATA.train.take(np.arange(len(DATA.train))))
    assert (in_memory(DATA.train.pixels) > 0, in_memory(far.train.pixels)) == (True, 0)
    again = study(PLAN, far, tmp_path / "s", workers=2)
    assert told(again) == told(finished)
    files = ("enough.keras", "examination.npz")
    assert [(again.folder / name).read_bytes() for name in files] == [
        (finished.folder / name).read_bytes() for name in files
    ]


def test_another_seed_gives_another_study(finished, tmp_path):
    other = study(replace(PLAN, recipe=Recipe(epochs=3, batch_size=32, seed=6)), DATA, tmp_path / "s")
    assert told(other)[3] != told(finished)[3]


@pytest.mark.parametrize("k", range(len(PLAN.candidates)))
def test_a_trial_trained_alone_ends_with_the_same_weights(k, finished):
    """15 steps here; test_run.py has 100 steps and a whole training."""
    trained = single.train(DATA, PLAN.candidates[k], PLAN.recipe, replicate=1)
    kept = keras_file.load(finished.folder / f"networks/{PLAN.candidates[k].label}-replicate1.keras")
    assert furthest(trained.network.weights, kept.weights) < SAME_OVER_100_STEPS


def test_a_trial_trained_alone_has_the_same_curves(finished):
    epochs = single.train(DATA, PLAN.candidates[1], PLAN.recipe).epochs
    due = [e for e in store.read(finished.folder)[2] if (e.candidate, e.replicate) == ("3", 0)]
    for name in ("loss", "accuracy", "val_loss", "val_accuracy"):
        assert [e[name] for e in epochs] == pytest.approx([getattr(e, name) for e in due], abs=1e-5)


# ---------------------------------------------------------------- what is kept


def test_every_trial_and_epoch_is_kept(finished):
    notes, trials, epochs = store.read(finished.folder)
    assert notes["plan"] == finished.plan.document()
    assert notes["subject"]["fingerprint"] == DATA.fingerprint
    assert notes["finished"] is True
    own = [t for t in trials if not t.twin]
    assert {(t.candidate, t.replicate) for t in own} == {(c.label, r) for c in PLAN.candidates for r in range(2)}
    assert len(epochs) == 3 * 2 * 3
    assert {(t.candidate, t.parameters) for t in own} == {("0", 260), ("3", 211), ("8x4", 576)}
    assert all(t.tuning is None for t in trials)


def test_the_bits_that_are_kept_are_the_hits_on_validation_images(finished):
    division = divide(DATA, PLAN.recipe.held_out, PLAN.recipe.seed)
    held_out = DATA.train.take(division.held_out)
    for trial in store.read(finished.folder)[1]:
        if not trial.twin:
            network = keras_file.load(finished.folder / trial.network)
            _, hits = network.assess(held_out.pixels, held_out.labels)
            assert (np.unpackbits(np.frombuffer(trial.hits, np.uint8), count=len(held_out)).astype(bool) == hits).all()
            assert trial.val_accuracy == pytest.approx(hits.mean())


def test_the_network_handed_over_is_the_best_replicate_of_the_chosen_width(finished):
    chosen = keras_file.load(finished.folder / "enough.keras")
    label = PLAN.candidates[finished.verdict.enough].label
    same = keras_file.load(finished.folder / f"networks/{label}-replicate{finished.replicate}.keras")
    assert furthest(chosen.weights, same.weights) == furthest(chosen.weights, finished.network.weights) == 0
    own = {t.replicate: t.val_accuracy for t in store.read(finished.folder)[1] if t.candidate == label and not t.twin}
    assert own[finished.replicate] == max(own.values())
    assert chosen.classes == DATA.classes
    assert chosen.about["replicate"] == finished.replicate


def test_seconds_are_shared_out_by_the_work(small):
    seconds = {t.candidate: t.seconds for t in small.evidence.trials[0] + small.evidence.trials[2] if t.replicate == 0}
    assert seconds["0"] / seconds["4"] == pytest.approx(260 / 280)
    assert [cost.seconds for cost in small.costs] == [
        pytest.approx(np.mean([t.seconds for t in of_one])) for of_one in small.evidence.trials
    ]


def test_costs_are_those_of_its_networks(small):
    assert [(cost.neurons, cost.parameters) for cost in small.costs] == [(0, 260), (2, 142), (4, 280)]
    assert all(cost.latency_one.median > 0 for cost in small.costs)


def test_it_says_by_what_it_was_made(small):
    assert set(small.environment) == {"versions", "python", "machine", "cores", "command"}
    assert set(small.environment["versions"]) == {"why128", "jax", "jaxlib", "numpy", "scipy"}


# ---------------------------------------------------------------- the test images


def test_the_test_images_are_opened_once_when_all_is_decided(ran):
    assert ran.opened == [len(ran.told)], "after everything that was told, and never again"


def test_no_training_is_given_a_test_image(ran):
    test = {picture.tobytes() for picture in GIVEN.test.pixels}
    assert len(ran.given) == 3, "what is foreseen, the replicates, and the twins"
    for data, division in ran.given:
        assert (data.test, division.test) == (None, None)
        assert not {picture.tobytes() for picture in data.train.pixels} & test


def test_images_set_aside_are_out_of_reach_too(monkeypatch, tmp_path):
    """Where there is no test part of its own, training is given no row, and no label, of those set aside."""
    given = []

    def nothing(plan, data, division, *rest):
        given.append((data, division))
        raise InterruptedError

    monkeypatch.setattr("why128.studies.conduct.Bench.of", nothing)
    with pytest.raises(InterruptedError):
        study(PLAN, DATA, tmp_path / "s")
    division = divide(DATA, PLAN.recipe.held_out, PLAN.recipe.seed)
    data, rows = given[0]
    used = np.concatenate([rows.learned, rows.held_out, rows.tuning])
    assert len(used) == len(division.learned) + len(division.held_out) == len(DATA.train) - len(division.test)
    assert rows.test is None
    assert np.flatnonzero(data.train.labels != SEALED).tolist() == sorted(used)


def test_a_row_of_a_test_image_is_not_trained_on(monkeypatch, tmp_path):
    """Whoever divides wrongly is found out before anything is trained."""
    right = conduct.without_test

    def wrong(data, division):
        kept, rows = right(data, division)
        return kept, replace(rows, tuning=np.flatnonzero(kept.train.labels == SEALED)[:1])

    monkeypatch.setattr(conduct, "without_test", wrong)
    with pytest.raises(AssertionError, match="no row of a test image may be trained on"):
        study(PLAN, DATA, tmp_path / "s")


def test_the_test_images_neither_taught_nor_chose(finished):
    subject = finished.subject
    assert subject.judged_by + subject.tested_on + subject.learned_from == len(DATA.train)
    assert not subject.test_given
    assert finished.examination.part == "test"
    assert len(finished.examination.labels) == subject.tested_on


def test_classes_too_small_for_test_images_are_examined_on_validation_images(tmp_path):
    rows = np.concatenate([np.flatnonzero(DATA.train.labels == c)[:9] for c in range(4)])
    few = Dataset("few", DATA.classes, DATA.train.take(rows), None, "0-255", (), ())
    found = study(Plan(candidates("0"), 1, Recipe(epochs=1, batch_size=32)), few, tmp_path / "s")
    assert (found.subject.tested_on, found.test, found.examination.part) == (0, None, "validation")
    assert len(found.examination.labels) == found.subject.judged_by
    assert found.examination.accuracy(0.95).mean == found.verdict.accuracies[0].mean


# ---------------------------------------------------------------- what it tells


def test_it_tells_what_it_does(ran):
    ahead, first, *rest = ran.told
    assert (ahead.networks, ahead.cores, ahead.more, ahead.disk) == (3 * 3 + 3, 2, False, 0)
    assert ahead.memory > 450e6
    assert first == Stage(("0", "2", "4"), 3, twins=False)
    at = next(i for i, heard in enumerate(rest) if isinstance(heard, Stage))
    own, stage, twins = rest[:at], rest[at], rest[at + 1 :]
    assert stage == Stage((SMALL.labels[ran.study.verdict.enough],), 3, twins=True)
    for part in (own, twins):
        assert sum(isinstance(heard, EpochDone) for heard in part) == 3 * 2
        assert sum(isinstance(heard, Replicate) for heard in part) == 3


# ---------------------------------------------------------------- twins


def test_twins_differ_from_their_replicate_in_one_part_of_their_luck(ran):
    """Twin r: the initial weights of replicate r + 1 (the last one's are the first's), everything else of r."""
    lucks = [heard.luck for heard in ran.told if isinstance(heard, Replicate)][3:]
    assert set(lucks) == {Luck(1, 0, 0), Luck(2, 1, 1), Luck(0, 2, 2)}
    evidence = ran.study.evidence
    assert [(t.twin, t.replicate) for t in evidence.twins] == [("initialisation", r) for r in range(3)]
    alone = {heard.luck.order: heard for heard in ran.told if isinstance(heard, Replicate) and heard.luck in lucks}
    answers = evidence.twin_hits("initialisation")
    assert all((answers[r] == alone[r].held_out.hits[0]).all() for r in range(3))


def test_more_replicates_than_twins(tmp_path):
    """The parts of luck are told by the first replicates' ring, the whole by all of them."""
    found = study(replace(SMALL, replicates=MOST_TWINS + 1), GIVEN, tmp_path / "s")
    assert len(found.evidence.twins) == MOST_TWINS
    assert found.findings.spread.replicates == MOST_TWINS + 1
    assert Answer(found).readings


# ---------------------------------------------------------------- settings and samples


@pytest.fixture(scope="module")
def tuned(tmp_path_factory):
    """Two learning rates, one of them absurd, and samples of the replicates' own."""
    plan = replace(SMALL, settings=(Setting(1e-9), Setting(0.03)), resample=True, replicates=2)
    return study(plan, GIVEN, tmp_path_factory.mktemp("tuned"))


def test_each_candidate_gets_the_setting_that_suits_it(tuned):
    assert tuned.evidence.settings == (1, 1, 1)
    _, trials, _ = store.read(tuned.folder)
    own = [t for t in trials if not t.twin]
    assert len(own) == 3 * 2 * 2
    assert all(t.tuning is not None for t in own)
    assert tuned.subject.tuned_by > 0
    given = 240 - tuned.subject.tuned_by - tuned.subject.judged_by  # of which each replicate draws four fifths
    assert tuned.subject.learned_from == pytest.approx(0.8 * given, abs=2)
    assert tuned.network.about["learning_rate"] == 0.03
    assert (tuned.folder / "networks" / "2-setting0-replicate1.keras").is_file()
    assert Answer(tuned).document()["candidates"][0]["setting"]["learning_rate"] == 0.03
    assert "one recipe" not in [caveat.kind for caveat in Answer(tuned).caveats]


def test_where_replicates_draw_their_own_images_the_sample_has_twins(tuned):
    kinds = [(t.twin, t.replicate) for t in tuned.evidence.twins]
    assert sorted(kinds) == [(part, r) for part in ("initialisation", "order", "sample") for r in range(2)]
    assert {t.setting for t in tuned.evidence.twins} == {1}
    assert tuned.evidence.twin_hits("sample").shape == (2, tuned.subject.judged_by)


# ---------------------------------------------------------------- a study that stops when it knows


@pytest.mark.parametrize("networks", [6, 9, 14])
def test_it_trains_no_more_networks_than_it_may(networks, tmp_path):
    """Six for the first look at 0 and 4 neurons, three for the rung between; on 72 images it never knows."""
    found = study(replace(SMALL, tolerance=0.0), GIVEN, tmp_path / "s", until=Until(networks=networks))
    assert 6 <= found.evidence.replicates.sum() <= networks
    assert found.looks is not None
    assert not found.evidence.twins
    assert found.verdict.confidence == pytest.approx(1 - 0.05 / ((found.looks + 1) * (found.looks + 2)))
    assert Answer(found).sentence


def test_it_stops_when_its_time_is_over(tmp_path):
    heard = []
    found = study(replace(SMALL, tolerance=0.0), GIVEN, tmp_path / "s", heard.append, until=Until(seconds=1e-3))
    assert found.evidence.replicates.tolist() == [3, 3], "a first look is trained whole"
    assert [stage.labels for stage in heard if isinstance(stage, Stage)] == [("0", "4")]


def test_too_few_networks_for_a_first_look_are_refused_before_anything_is_written(tmp_path):
    with pytest.raises(UsageError, match="expected at least 6 networks, which a first look takes, got 5"):
        study(SMALL, GIVEN, tmp_path / "s", until=Until(networks=5))
    assert not (tmp_path / "s").exists()


def test_a_limit_in_size_is_kept_where_a_study_stops_when_it_knows(tmp_path):
    """The narrow ones, though too small beside the wide, are what is asked about."""
    plan = replace(SMALL, candidates=candidates("0,1,2,4"), budget=Budget(neurons=1))
    found = study(plan, GIVEN, tmp_path / "s", until=Until(networks=24))
    assert found.candidates[found.verdict.enough].neurons <= 1
    assert [c.neurons <= 1 for c in found.candidates] == list(found.verdict.within_budget)


# ---------------------------------------------------------------- what goes wrong


def test_networks_that_diverge_are_told_of_and_none_is_handed_over(tmp_path):
    wild = Plan(
        (Candidate((2,), "linear"), Candidate((4,), "linear")), 2,
        Recipe(epochs=2, batch_size=16, optimizer=optimizers.SGD(1e6), seed=3),
    )  # fmt: skip
    found = study(wild, GIVEN, tmp_path / "s")
    assert not any(t.network for t in store.read(found.folder)[1])
    assert list((found.folder / "networks").iterdir()) == []
    assert found.failed
    assert found.examination is None
    assert found.test is None
    answer = Answer(found)
    assert answer.sentence == "No answer: none of these networks learned anything; nothing can be said of their widths."
    assert "nan" not in str(answer)
    assert answer.document()["network"] is None
    assert [c.kind for c in answer.caveats][:2] == ["few replicates", "diverged"]
    with pytest.raises(InputRefused, match=r"enough\.keras"):
        found.network


def test_a_class_that_is_too_small_is_refused_before_anything_is_written(tmp_path):
    labels = DATA.train.labels.copy()
    labels[labels == 3] = 2
    labels[0] = 3
    lonely = Dataset("pets", DATA.classes, Images(DATA.train.pixels, labels), None, "0-255", (), ())
    with pytest.raises(InputRefused, match="classes with 1 image cannot be split"):
        study(PLAN, lonely, tmp_path / "s")
    assert not (tmp_path / "s").exists()


def test_a_folder_that_holds_something_is_refused_and_left(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="expected a new or an empty folder, found something there"):
        study(PLAN, DATA, tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]


def test_pictures_in_colour_and_in_shares_of_one(tmp_path):
    colour = np.stack([DATA.train.pixels[..., 0]] * 3, -1).astype(np.float32) / 255
    data = Dataset("pets", DATA.classes, Images(colour, DATA.train.labels), None, "0-1", (), ())
    found = study(Plan(candidates("0"), 1, Recipe(epochs=1, batch_size=32)), data, tmp_path / "s")
    assert (found.network.preparation.mode, found.network.preparation.scale) == ("rgb", (0.0, 1.0))
    assert found.network.image_shape == (8, 8, 3)
    assert isinstance(found.network.layers[-1], Dense)
    assert {m.pixels.shape for m in found.examination.mistakes} == {(8, 8, 3)}
    assert not found.settled, "one width in one replicate"
