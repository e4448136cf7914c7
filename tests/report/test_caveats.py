"""Every caveat by its kind, text and advice; and that it is absent where it should be."""

from dataclasses import replace

import numpy as np
import pytest

from tests.studying import CLASSES, LADDER, clear, hits, plan, told
from why128.report.caveats import Caveat, caveats
from why128.statistics.learning import Groups
from why128.studies.budget import Budget
from why128.studies.candidate import Setting
from why128.studies.plan import MOST_REPLICATES

PLAIN = {"enough": 2, "low": 2, "high": 2, "best": 2}
TUNED = (Setting(0.001), Setting(0.01))


def said(answers=None, *, asked=None, **more):
    """The caveats of a study to which none belongs: five replicates, 8 neurons enough of 32, settings chosen."""
    answers = clear()[:, :, :400] if answers is None else answers
    verdict = PLAIN | more.pop("verdict", {})
    return caveats(told(asked or plan(*LADDER, settings=TUNED), answers, verdict=verdict, **more))


def only(*caveat):
    return [Caveat(*caveat)]


def test_a_study_without_a_fault_has_no_caveat():
    assert said() == []


def test_printing_one_gives_what_and_what_to_do():
    assert str(Caveat("kind", "This is so.", "Do that.")) == "This is so. Do that."
    assert str(Caveat("kind", "This is so.", "")) == "This is so."


# ---------------------------------------------------------------- of the run


def test_a_replicate_that_was_given_up():
    study = replace(
        told(plan(*LADDER, settings=TUNED), clear()[:, :, :400], verdict=PLAIN),
        lost=((3, "killed by signal 9 (SIGKILL)"),),
    )
    assert caveats(study) == only(
        "replicate lost",
        "Replicate 3 is missing: whatever trained it ended each time, the last time killed by signal 9 (SIGKILL).",
        "With --workers 1 it may have more memory.",
    )


# ---------------------------------------------------------------- of the plan


def test_one_candidate():
    assert said(hits([80.0], 5, 400), asked=plan(4), verdict=dict.fromkeys(PLAIN, 0)) == only(
        "one candidate", "Only one width was tried: there is nothing to compare it with.", "Try several."
    )


@pytest.mark.parametrize(
    ("replicates", "text"), [(1, "1 replicate: {} is not measured."), (4, "4 replicates: {} is measured badly.")]
)
def test_few_replicates(replicates, text):
    text = text.format("luck of initialisation and data order")
    assert said(clear()[:replicates, :, :400]) == only("few replicates", text, "Use --replicates 5 or more.")


def test_five_replicates_are_not_few():
    assert said(clear()[:5, :, :400]) == []


def test_replicates_that_were_done_count_not_those_that_were_planned():
    """A study that stops when it knows does not look at the plan's number."""
    assert said(asked=plan(*LADDER, settings=TUNED, replicates=1)) == []


@pytest.mark.parametrize("changes", [{"best": 3}, {"enough": 3, "low": 3, "high": 3, "best": 3}])
def test_the_edge_of_the_ladder(changes):
    assert said(verdict=changes) == only(
        "edge of the ladder",
        "The widest network tried (32 neurons) is among the best: wider ones may do better.",
        "Add wider ones with --widths.",
    )


def test_there_is_no_edge_where_a_budget_sets_it():
    asked = plan(*LADDER, settings=TUNED, budget=Budget(neurons=32))
    assert said(asked=asked, verdict={"best": 3}) == []


def test_undecided():
    assert said(verdict={"low": 1, "high": 2}) == only(
        "undecided",
        "Widths 2 to 8 cannot be told apart with certainty.",
        "More replicates or more images would narrow this.",
    )


def test_of_one_replicate_nothing_is_undecided_since_nothing_was_decided():
    kinds = [caveat.kind for caveat in said(clear()[:1, :, :400], verdict={"low": 0, "high": 3})]
    assert kinds == ["few replicates"]


def test_one_recipe():
    assert said(asked=plan(*LADDER)) == only(
        "one recipe",
        "All widths were trained by one recipe, which may suit some better than others.",
        "--learning-rates 0.0003,0.001,0.003 gives each its own best.",
    )


# ---------------------------------------------------------------- of the runs


def learned(**changes):
    """Shares of the images learned from (5, 4), all high, but for some candidates: by their place."""
    values = np.full((5, 4), 0.95)
    for place, runs in changes.items():
        values[:, int(place[1:])] = runs
    return values


def test_runs_that_never_learned():
    seen = said(clear()[:5, :, :400], learned=learned(_0=[0.25, 0.25, 0.95, 0.95, 0.95], _3=[0.25] + [0.95] * 4))
    assert seen == only(
        "never learned",
        "2 of 5 runs at no hidden neurons; 1 of 5 runs at 32 neurons never learned.",
        "Their widths are judged by all their runs; a smaller learning rate, or several starts, may help them.",
    )


def test_runs_that_diverged():
    seen = said(clear()[:5, :, :400], learned=learned(_3=[np.nan] + [0.95] * 4))
    assert seen == only(
        "diverged",
        "1 of 5 runs at 32 neurons diverged.",
        "Their widths are judged by all their runs; a smaller learning rate, or several starts, may help them.",
    )


def test_runs_that_ended_in_two_groups():
    seen = said(clear()[:5, :, :400], learned=learned(_3=[0.5, 0.5, 0.98, 0.98, 0.98]))
    assert seen == only(
        "uneven runs",
        "Of 5 runs at 32 neurons, 2 ended near 50 % of the images learned from, the others near 98 %.",
        "Train this width several times and keep the best.",
    )


def test_failures_that_may_not_have_shown():
    """1 − 0.05^(1/5) = 45 %: as many could fail, and five runs still all have gone well, one time in twenty."""
    seen = said(clear()[:5, :, :400], learned=learned(_1=[0.25, 0.25, 0.95, 0.95, 0.95]))
    assert seen[1:] == only(
        "failures unseen",
        "All 5 runs at 8 neurons went well, but narrower ones failed, and as many as 45 % of such runs could fail "
        "without having shown: that is not called enough.",
        "209 replicates of it would tell.",
    )
    assert seen[0].kind == "never learned"


def test_failures_that_more_replicates_than_are_taken_would_tell():
    (seen,) = said(verdict={"doubtful": (0, 0, MOST_REPLICATES + 1, 0)})
    assert (seen.kind, seen.do) == ("failures unseen", "Ask with a greater tolerance.")


@pytest.mark.parametrize(
    "changes",
    [{"doubtful": (0, 209, 0, 0)}, {"doubtful": (0, 0, 209, 0), "too_small": (True, True, True, False)}],
    ids=["far from the best", "too small"],
)
def test_failures_at_widths_that_are_not_enough_anyway_are_not_told(changes):
    assert said(verdict=changes) == []


def test_a_width_that_failed_itself_has_failures_that_were_seen():
    seen = said(clear()[:5, :, :400], learned=learned(_1=[0.25] * 5, _2=[0.25] + [0.95] * 4))
    assert "failures unseen" not in [caveat.kind for caveat in seen if "at 8 neurons" in caveat.says]


def test_still_learning():
    seen = said(rise=0.01)
    assert seen == only(
        "still learning",
        "At the last epoch networks of 0 to 32 neurons were still learning: with more epochs the answer may be another.",
        "Use --epochs 8.",
    )


def test_one_that_still_learns():
    assert said(findings={"still_learning": (False, False, True, False)})[0].says.startswith(
        "At the last epoch networks of 8 neurons were still"
    )


def test_where_nothing_learned_there_is_no_best_and_nothing_to_decide():
    seen = said(hits([25.0] * 4, 5, 400), learned=0.25, verdict={"best": 3, "low": 0, "high": 3})
    assert [caveat.kind for caveat in seen] == ["never learned"]


# ---------------------------------------------------------------- of the images


@pytest.mark.parametrize(("count", "each"), [(299, "0.334 points"), (101, "0.99 points"), (100, "1 point")])
def test_few_validation_images(count, each):
    seen = said(clear()[:, :, :count], about={"judged": (count - 60, 20, 20, 20)})
    assert seen == only(
        "few validation images",
        f"Only {count} validation images: each one is {each}.",
        "More labelled images would make the answer surer.",
    )


def test_three_hundred_are_not_few():
    assert said(clear()[:, :, :300]) == []


@pytest.mark.parametrize(
    ("count", "each", "least"),
    [(99, "1.01 points", 2), (40, "2.5 points", 3), (8, "12.5 points", 13)],
)
def test_fewer_validation_images_than_the_tolerance_asks_for(count, each, least):
    share = count // 4
    seen = said(clear()[:, :, :count], about={"judged": (count - 3 * share, share, share, share)})
    assert seen[:1] == only(
        "few validation images",
        f"Only {count} validation images: each one is {each}, more than the tolerance of 1.",
        f"A tolerance of {least} or more can be answered sooner.",
    )


def test_without_a_tolerance_there_is_none_to_raise():
    asked = plan(*LADDER, settings=TUNED, tolerance=0)
    seen = said(clear()[:, :, :40], asked=asked, about={"judged": (10, 10, 10, 10)})
    assert [caveat.do for caveat in seen] == ["More labelled images would make the answer surer."]


def test_a_class_missing_from_the_validation_images():
    seen = said(about={"judged": (0, 200, 200, 0)})
    assert seen == only(
        "class missing",
        "No validation image is of class cat, fox: nothing is known of how it is answered.",
        "Add images of it.",
    )


def test_unequal_classes():
    seen = said(about={"learned": (900, 90, 400, 400), "judged": (110, 11, 100, 100)})
    assert seen == only(
        "unequal classes",
        "Classes are unequal: 1,010 images of cat, 101 of dog; the accuracy is mostly that of the large ones.",
        "Look at the accuracy of each class in the report.",
    )


def test_classes_that_differ_less():
    assert said(about={"learned": (900, 90, 400, 400), "judged": (100, 11, 100, 100)}) == []


def test_a_rare_class():
    seen = said(about={"judged": (100, 9, 100, 191)})
    assert seen == only("rare class", "Class dog has only 9 validation images.", "Its own accuracy is not known well.")
    assert said(about={"judged": (100, 1, 100, 191)})[0].says == "Class dog has only 1 validation image."
    assert said(about={"judged": (100, 10, 100, 190)}) == []


def test_names_of_classes_are_shown_safely():
    names = ("a\x1b[31m", *CLASSES[1:])
    (seen,) = said(about={"classes": names, "judged": (0, 200, 100, 100)})
    assert r"class a\x1b[31m: nothing" in seen.says


def test_duplicates_between_test_and_training_images():
    assert said(about={"leaked": 1234}) == only(
        "duplicates",
        "1,234 of 2,000 test images are also among the training images: the test accuracy is too good.",
        "Remove them and ask again.",
    )


def test_no_test_images():
    assert said(about={"tested_on": 0}, examined="validation") == only(
        "no test images",
        "No test images: the classes are too small to set some aside, so the accuracy is that of images which helped to choose.",
        "Give more images, or a test part.",
    )


# ---------------------------------------------------------------- their order


def test_the_most_important_comes_first():
    answers = hits([25, 30, 80, 80], 3, 40)
    study = told(
        plan(*LADDER), answers, about={"tested_on": 0, "leaked": 2, "judged": (0, 13, 13, 14)}, rise=0.01,
        verdict={"best": 3, "low": 0, "high": 3, "enough": 2},
        learned=[[0.25, 0.9, 0.9, np.nan], [0.25, 0.25, 0.9, np.nan], [0.25, 0.9, 0.9, np.nan]], examined="validation",
        findings={"uneven": (None, None, Groups(1, 3, 0.5, 0.9), None)},
    )  # fmt: skip
    assert [caveat.kind for caveat in caveats(study)] == [
        "few replicates", "never learned", "diverged", "uneven runs", "failures unseen", "edge of the ladder", "undecided",
        "few validation images", "class missing", "duplicates", "still learning", "one recipe", "no test images",
    ]  # fmt: skip
