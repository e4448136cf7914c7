"""How far a running study is, as its folder tells: while it runs, and not after it; and what it would answer if it ended now."""

from dataclasses import replace

import numpy as np
import pytest

from tests.studies.conftest import DATA, PLAN
from why128.errors import SurroundingsError, UsageError
from why128.formats import aside
from why128.report import words
from why128.report.answer import Answer
from why128.report.charts.figures import available, figure
from why128.report.charts.learning import learning
from why128.studies import progress, store
from why128.studies.conduct import study
from why128.studies.events import EpochDone, Luck, Replicate, Stage
from why128.studies.progress import Progress, standing
from why128.studies.study import read, so_far


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """A study that was looked at after everything that it told: how far, what it would answer, and the answer in the end."""
    folder, looks = tmp_path_factory.mktemp("watched") / "s", []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(progress, "KEPT", 0.0)
        found = study(PLAN, DATA, folder, lambda heard: looks.append((heard, standing(folder), so_far(folder))))
    return found, folder, looks


def test_what_is_told_is_what_its_folder_tells(watched):
    _, _, looks = watched
    seen = Progress(PLAN)
    for heard, told, _ in looks:
        seen.hear(heard)
        if isinstance(heard, Stage | EpochDone | Replicate):
            due = seen.standing()
            assert (told.share, told.finished, told.twins) == (due.share, due.finished, due.twins)
            assert told.accuracies == due.accuracies
            assert told.curves == due.curves


def test_curves_grow_by_the_epoch_and_end_with_their_replicate():
    seen = Progress(PLAN)
    for epoch in range(2):
        seen.hear(EpochDone(Luck.of(0), epoch, {"val_accuracy": np.array([0.25, 0.5, 0.75]) + epoch / 8}))
    assert seen.standing().curves == {"0": [[0.25, 0.375]], "2": [[0.5, 0.625]], "4": [[0.75, 0.875]]}
    assert seen.standing().share == 1 / 3
    seen.hear(Replicate(Luck.of(0), [], None, None, None, {}, np.zeros(3)))
    assert seen.standing().curves == {"0": [], "2": [], "4": []}
    assert seen.standing().accuracies == {"0": 0.375, "2": 0.625, "4": 0.875}


def test_long_curves_are_thinned():
    plan = replace(PLAN, recipe=replace(PLAN.recipe, epochs=250))
    seen = Progress(plan)
    for epoch in range(250):
        seen.hear(EpochDone(Luck.of(0), epoch, {"val_accuracy": np.full(3, epoch / 250)}))
    found = seen.standing()
    assert found.every == 3
    assert found.curves["4"][0] == [round((3 * point + 2) / 250, 5) for point in range(83)]
    drawn = learning("4 neurons", [], [], found.curves["4"], found.every)
    assert [row["epoch"] for row in drawn["data"]["values"]] == list(range(3, 250, 3))


def test_after_the_end_nothing_is_told_or_left(watched):
    _, folder, _ = watched
    assert standing(folder) is None
    assert not (folder / store.PROGRESS).exists()


def test_what_it_would_answer_sharpens_to_the_answer(watched):
    found, folder, looks = watched
    assert looks[0][2] is None, "before its first replicate"
    counts = [0 if one is None else int(one.evidence.replicates.max()) for _, _, one in looks]
    assert counts == sorted(counts)
    assert set(counts) == {0, 1, 2, 3}
    last = looks[-1][2]
    assert last.verdict == found.verdict == read(folder).verdict
    assert words.sentence(last) == words.sentence(found)


def test_what_is_measured_at_the_end_is_left_open_before(watched):
    found, _, looks = watched
    last = looks[-1][2]
    assert available(last) == [
        name for name in available(found) if name not in ("size", "latency", "confusion", "classes", "reliability")
    ]
    with pytest.raises(UsageError, match="nothing to draw for 'size': costs are measured at its end"):
        figure(last, "size")
    rows = Answer(last).rows()
    assert [(row.neurons, row.validation) for row in rows] == [
        (row.neurons, row.validation) for row in Answer(found).rows()
    ]
    assert {row.latency for row in rows} == {""}


def test_a_folder_that_cannot_hold_it_stops_no_study(tmp_path, monkeypatch):
    write = aside.write

    def refused(path, data, lasting=True):
        if not lasting:
            raise SurroundingsError("no space")
        write(path, data, lasting)

    monkeypatch.setattr(aside, "write", refused)
    study(PLAN, DATA, tmp_path / "s")
    assert standing(tmp_path / "s") is None


def test_what_is_no_progress_is_none(tmp_path, monkeypatch):
    monkeypatch.setattr(progress, "is_written", lambda folder: True)
    assert standing(tmp_path) is None
    for text in ("", "[]", "{}", '{"twins": 1}', "null"):
        (tmp_path / store.PROGRESS).write_text(text)
        assert standing(tmp_path) is None
