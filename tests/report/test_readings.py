"""Every reading by its text, where it is said and where nothing is; and on simulated truths, that it is said rightly."""

from dataclasses import replace

import numpy as np
import pytest

from tests.studying import LADDER, clear, examination, hits, plan, told, trial
from why128.report.readings import SAID, half, of_kind, readings, size
from why128.statistics.fitting import Harm
from why128.statistics.growth import PowerLaw
from why128.statistics.intervals import Interval
from why128.statistics.pairs import Difference
from why128.statistics.planning import More
from why128.statistics.spread import Limits, Spread
from why128.studies.budget import Budget


def said(kind, answers=None, *, asked=None, **more):
    """What a study says of this kind."""
    answers = clear()[:, :, :400] if answers is None else answers
    return of_kind(told(asked or plan(*LADDER), answers, **more), kind)


def test_all_that_can_be_said_in_order():
    study = told(plan(*LADDER, budget=Budget(neurons=8)), hits((70, 80, 84, 84.5)))
    kinds = [reading.kind for reading in readings(study)]
    assert kinds == sorted(kinds, key=list(SAID).index)
    assert {"budget", "underfit", "gap", "harm", "spread", "calibration"} <= set(kinds)
    for reading in readings(study):
        assert reading.text in of_kind(study, reading.kind)
        assert reading.text.endswith(".")


@pytest.mark.parametrize("learned", [0.25, np.nan])
def test_of_networks_that_never_learned_nothing_is_said(learned):
    study = told(plan(*LADDER, budget=Budget(neurons=8)), hits([25.0] * 4), learned=learned)
    assert readings(study) == []
    assert of_kind(study, "harm") == ""


def test_one_replicate_says_nothing_of_widths():
    """What stays is what holds of these very networks: how many numbers they have, and how the chosen one answers."""
    study = told(plan(*LADDER), clear()[:1], about={"learned": (10,) * 4})
    assert {reading.kind for reading in readings(study)} == {"interpolation", "calibration"}


def test_one_replicate_compares_two_networks_and_forecasts_nothing():
    """What it says of 16 against 128 neurons is McNemar's, of these two networks; a curve through one run each is none."""
    percents = [60.0, *(100 - 8 - 40 / w for w in WIDTHS[1:])]
    study = told(plan(*WIDTHS), hits(percents, 1, 10_000, 0.1), verdict={"enough": 4, "best": 7})
    assert of_kind(study, "compared").startswith("The one network of 16 neurons loses ")
    assert of_kind(study, "compared").endswith(
        " against the one of 128 neurons, paired on the same images; what others of these widths would do is not in it."
    )
    assert study.findings.growth is None


def test_one_candidate_is_compared_with_none():
    kinds = {reading.kind for reading in readings(told(plan(8), hits([80.0])))}
    assert not kinds & {"budget", "compared", "harm", "growth", "more", "minute"}


# ---------------------------------------------------------------- budget


@pytest.mark.parametrize(
    ("budget", "limit"),
    [
        (Budget(neurons=8), "8 neurons"),
        (Budget(neurons=8, bytes=64_000), "8 neurons and 64 KB"),
        (Budget(neurons=8, bytes=65_536, latency=50e-6), "8 neurons and 64 KiB and 50 µs an image"),
        (Budget(bytes=2500, latency=1e-3), "2,500 bytes and 1000 µs an image"),
    ],
)
def test_what_a_budget_buys(budget, limit):
    study = told(plan(*LADDER, budget=budget), clear())
    mean, low, high = (getattr(study.verdict.accuracies[2], name) for name in ("mean", "low", "high"))
    assert of_kind(study, "budget") == f"Within {limit}: 8 neurons, {100 * mean:.1f} ± {50 * (high - low):.1f} %."


def test_what_a_budget_costs():
    accuracies = tuple(Interval(m, m - 0.005, m + 0.005) for m in (0.7, 0.8, 0.9, 0.95))
    assert said("budget", asked=plan(*LADDER, budget=Budget(neurons=2)), verdict={"accuracies": accuracies}) == (
        "Within 2 neurons: 2 neurons, 80.0 ± 0.5 %. The budget costs 15.0 points: 32 neurons reach 95.0 %."
    )


def test_a_limit_that_none_keeps_is_left_aside_and_said_to_be():
    assert said("budget", asked=plan(*LADDER, budget=Budget(latency=1e-6))) == (
        "No network tried answers within 1 µs an image on this machine: the limit was left aside."
    )


def test_without_a_budget_nothing_is_said_of_one():
    assert said("budget") == ""


@pytest.mark.parametrize(
    ("count", "text"),
    [(64_000, "64 KB"), (65_536, "64 KiB"), (2_000_000, "2 MB"), (2 << 20, "2 MiB"), (2500, "2,500 bytes"), (999, "999 bytes"), (64_000_000, "64 MB")],
)  # fmt: skip
def test_how_a_size_is_said(count, text):
    assert size(count) == text


def test_how_an_estimate_is_said_with_half_its_interval():
    assert half(0.851, 0.846, 0.856) == "85.1 ± 0.5 %"


# ---------------------------------------------------------------- compared


def test_the_chosen_against_the_best():
    found = Difference(-0.006, -0.012, 0.001, 0.08)
    assert said("compared", findings={"against_best": found}, verdict={"enough": 1, "best": 3}) == (
        "Against 32 neurons, 2 neurons lose 0.6 points (-0.1 to 1.2), paired on the same images."
    )


def test_the_best_is_not_compared_with_itself():
    assert said("compared", verdict={"enough": 2, "best": 2}) == ""


# ---------------------------------------------------------------- what looks enough, and is not shown


@pytest.mark.parametrize(
    ("sure", "how"), [(0.8, "that holds at 80 % confidence, not at 95 %"), (0.0, "that may well be luck")]
)
def test_a_narrower_width_that_looks_enough_too(sure, how):
    study = told(plan(*LADDER, tolerance=2.0), hits((70, 80, 89, 90), 8, 4000, 0.2))
    seen = 100 * study.verdict.accuracies[2].mean
    changed = replace(study, verdict=replace(study.verdict, enough=3, settled=True, low=1, confidences=(0, 0, sure, 1)))
    assert of_kind(changed, "likely") == f"8 neurons look enough too ({seen:.1f} %); {how}."


def test_where_the_smallest_that_looks_enough_is_shown_nothing_else_is_said():
    assert said("likely") == ""
    assert said("likely", verdict={"settled": False, "enough": 3}) == ""


# ---------------------------------------------------------------- under- and overfitting


def test_widths_that_do_not_learn_what_they_are_shown():
    study = told(plan(*LADDER), clear())
    best = 100 * study.verdict.accuracies[study.verdict.best].mean
    assert of_kind(study, "underfit") == (
        "Underfitting: 0 and 2 neurons do not reach, even on the images they learn from, "
        f"the {best:.1f} % that the best reaches on unseen ones."
    )


def test_widths_that_learn_what_they_are_shown_do_not_underfit():
    assert said("underfit", learned=0.99) == ""


def test_the_gap_stays_small():
    assert said("gap", clear(), asked=plan(*LADDER, tolerance=5)) == (
        "The gap between training and validation images stays within 5 points at every width."
    )


def test_the_gap_opens():
    gaps = tuple(Interval(m, m - 0.01, m + 0.01) for m in (0.0, 0.005, 0.03, 0.08))
    assert said("gap", findings={"gaps": gaps, "opens": 2}) == (
        "From 8 neurons on, images learned from are answered better than unseen ones by more than 1 point; "
        "there by 3.0 points (2.0 to 4.0)."
    )


def test_a_gap_that_is_not_known_to_be_small_is_not_said_to_be():
    """Wide intervals; or wide in the middle of the ladder and not at its end."""
    gaps = tuple(Interval(m, m - 0.04, m + 0.04) for m in (0.0, 0.03, 0.02, 0.01))
    assert said("gap", findings={"gaps": gaps, "opens": None}) == (
        "The gap between training and validation images is largest at 2 neurons: 3.0 points (-1.0 to 7.0)."
    )


@pytest.mark.parametrize(
    ("learned", "begins"),
    [
        ([0.70, 0.80, 0.90, 0.99], "From 32 neurons on, images learned from are answered better"),
        ([0.85, 0.95, 0.99, 0.99], "From no hidden neurons on, images learned from are answered better"),
    ],
)
def test_a_gap_that_was_planted_is_found(learned, begins):
    assert said("gap", clear(), learned=learned).startswith(begins)


def test_more_neurons_hurt():
    found = Harm(2, 3, Interval(0.021, 0.009, 0.033), shown=True)
    assert said("harm", findings={"harm": found}) == (
        "More neurons hurt here: 32 neurons do worse than 8 neurons by 2.1 points (0.9 to 3.3)."
    )


def test_no_sign_that_more_neurons_hurt():
    found = Harm(2, 3, Interval(0.001, -0.009, 0.011), shown=False)
    assert said("harm", findings={"harm": found}) == "No sign that more neurons hurt, up to 32 neurons."
    assert said("harm", findings={"harm": None}) == ""


@pytest.mark.parametrize(
    ("percents", "begins"),
    [
        ((70, 85, 90, 84), "More neurons hurt here: 32 neurons do worse than 8 neurons by "),
        ((70, 85, 90, 90), "No sign that more neurons hurt"),
        ((70, 80, 85, 90), "No sign that more neurons hurt"),
    ],
)
def test_a_fall_that_was_planted_is_found(percents, begins):
    assert said("harm", hits(percents, 5, 4000)).startswith(begins)


def test_networks_that_never_learned_are_no_harm_of_neurons():
    """Of four widths the widest is at chance, on the images learned from as well."""
    learned = np.array([[0.7, 0.9, 0.9, 0.25]] * 5)
    assert said("harm", hits((70, 90, 90, 25), 5, 4000), learned=learned) == (
        "5 of 5 runs at 32 neurons did not learn at all: that these do worse is no sign of too many neurons."
    )


def test_from_where_on_images_can_be_learned_by_heart():
    """8 neurons have 556 parameters; 4 × 34 images × 4 classes are 544."""
    assert said("interpolation", about={"learned": (34,) * 4}) == (
        "From 8 neurons on networks have at least as many parameters as there are images × classes (136 × 4): "
        "they can learn their images by heart."
    )
    assert said("interpolation", about={"learned": (35,) * 4}).startswith("From 32 neurons on")
    assert said("interpolation", about={"learned": (10_000,) * 4}) == ""
    assert said("interpolation", about={"learned": (1,) * 4}).startswith("All networks tried have at least as many")


# ---------------------------------------------------------------- growth


def law(floor=0.15, scale=0.4, exponent=1.0, misfit=0.5, widths=(4.0, 8.0, 16.0, 32.0), spread=0.0):
    """A power law whose draws are its own curve, but for so much on floor and scale."""
    away = np.linspace(-spread, spread, 101)
    drawn = np.stack([floor + away, scale + 10 * away, np.full(101, exponent)], axis=1)
    limits = Interval(exponent, exponent, exponent)
    return PowerLaw(Interval(floor, floor - spread, floor + spread), scale, limits, misfit, widths, 0.95, drawn)


def test_what_another_doubling_would_buy():
    """error(w) = 0.15 + 0.4/w: from 32 to 64 neurons 0.4/64 = 0.6 points."""
    assert said("growth", findings={"growth": law(spread=0.01)}) == (
        "From 4 neurons on the error falls with width as a power law: another doubling, from 32 to 64 neurons, "
        "would buy 0.6 points (0.5 to 0.8); no width is expected to pass 85.0 % (84.0 to 86.0 %)."
    )


def test_an_error_that_is_not_seen_to_fall():
    assert said("growth", findings={"growth": law(scale=0.0, spread=0.01, widths=(1.0, 2.0, 4.0, 8.0))}) == (
        "From 1 neuron on the error is not seen to fall with width: no forecast is made."
    )


def test_what_is_no_power_law():
    assert said("growth", findings={"growth": law(misfit=0.001)}) == (
        "The error does not fall with width by one power law: no forecast is made."
    )


def test_too_few_widths_for_a_law():
    assert said("growth") == ""


WIDTHS = (0, 2, 4, 8, 16, 32, 64, 128)


def test_a_law_that_was_planted_is_read():
    """error(w) = 8 + 40/w %: another doubling of 128 neurons buys 0.16 points, and no width passes 92 %."""
    percents = [60.0, *(100 - 8 - 40 / w for w in WIDTHS[1:])]
    text = said("growth", hits(percents, 5, 10_000, 0.1), asked=plan(*WIDTHS))
    assert text.startswith(
        "From 2 neurons on the error falls with width as a power law: another doubling, from 128 to 256"
    )
    floor = float(text.partition("expected to pass ")[2].split()[0])
    assert floor == pytest.approx(92, abs=1.0)


@pytest.mark.parametrize(
    ("percents", "ends"),
    [
        ([85.0] * 8, "not seen to fall with width: no forecast is made."),
        ([60, 70, 80, 90, 85, 80, 70, 60], "by one power law: no forecast is made."),
    ],
)
def test_where_there_is_no_law_none_is_read(percents, ends):
    assert said("growth", hits(percents, 5, 4000), asked=plan(*WIDTHS)).endswith(ends)


# ---------------------------------------------------------------- where the spread comes from


def spread(**changes):
    luck = Interval(0.0045, 0.003, 0.01)
    return replace(Spread(None, None, None, luck, 0.004, 0.002, 5, 2000), **changes)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("luck", "the luck of training, which more replicates would average out"),
        ("images", "which validation images there are, which only more images would mend"),
        ("both", "single answers that luck decides, which more replicates or more images would average out"),
    ],
)
def test_what_limits_the_answer(source, text):
    found = {"spread": None, "limits": Limits({source: 0.714, "other": 0.286}, source)}
    assert said("spread", findings={**found, "spread": spread(luck=None)}) == (
        f"What limits the answer most: {text} (71 % of the variance)."
    )


def test_luck_and_its_parts():
    found = spread(
        initialisation=Interval(0.0031, 0.001, 0.009), order=Interval(0.002, 0, 0.01), sample=Interval(0.001, 0, 0.1)
    )
    assert said("spread", findings={"spread": found, "limits": None}) == (
        "One network of this width differs from the next by luck with an SD of 0.45 points "
        "(initialisation alone 0.31 points, data order alone 0.20 points, training sample alone 0.10 points)."
    )


def test_luck_whose_parts_are_not_known():
    assert said("spread", findings={"spread": spread(), "limits": None}) == (
        "One network of this width differs from the next by luck with an SD of 0.45 points."
    )
    assert said("spread", findings={"spread": None, "limits": None}) == ""


def test_twins_of_some_of_the_replicates_are_enough():
    """Eight replicates, and twins of the first five."""
    asked, answers = plan(*LADDER), clear()
    twins = [trial(asked, 2, r, answers[(r + 2) % 5, 2], 0.9, twin="initialisation") for r in range(5)]
    text = said("spread", answers, asked=asked, twins=twins, verdict={"enough": 2})
    assert "initialisation alone " in text
    assert "data order alone " in text


# ---------------------------------------------------------------- how much more


def more(**changes):
    return replace(More(None, None, None, None), **changes)


SETTLED, OPEN = {"settled": True, "low": 1, "high": 2}, {"settled": False, "low": 1, "high": 2}


@pytest.mark.parametrize(
    ("found", "verdict", "text"),
    [
        (
            more(replicates=20, images=1600),
            SETTLED,
            "To narrow the interval to one rung, 12 more replicates (20 in all) would probably do; "
            "so about 1,600 validation images instead of 400 would.",
        ),
        (
            more(replicates=20),
            SETTLED,
            "To narrow the interval to one rung, 12 more replicates (20 in all) would probably do.",
        ),
        (
            more(images=1600),
            SETTLED,
            "To narrow the interval to one rung, replicates alone will not do: "
            "about 1,600 validation images instead of 400 would, probably.",
        ),
        (
            more(),
            SETTLED,
            "To narrow the interval to one rung, neither more replicates alone nor more validation images alone will do: "
            "the candidates are too alike for this tolerance.",
        ),
        (
            more(replicates=50, replicates_to_settle=12, images_to_settle=800),
            OPEN,
            "To settle it, 4 more replicates (12 in all) would probably do; so about 800 validation images instead of 400 would.",
        ),
        (
            more(replicates=50, images=3200),
            OPEN,
            "To settle it, neither more replicates alone nor more validation images alone will do: "
            "the candidates are too alike for this tolerance.",
        ),
    ],
)
def test_what_more_it_would_take(found, verdict, text):
    assert said("more", findings={"more": found}, verdict=verdict) == text


def test_where_it_is_known_nothing_more_is_needed():
    assert said("more") == said("minute") == ""


@pytest.mark.parametrize(
    ("found", "verdict", "seconds", "text"),
    [
        (more(replicates=20), SETTLED, 0.5, "buys about 60 replicates more: enough for that (--replicates 20)."),
        (more(replicates_to_settle=9), OPEN, 0.5, "buys about 60 replicates more: enough for that (--replicates 9)."),
        (more(replicates=68), SETTLED, 0.5, "buys about 60 replicates more: enough for that (--replicates 68)."),
        (
            more(replicates=69),
            SETTLED,
            0.5,
            "buys about 60 replicates more: narrower, but probably not down to one width.",
        ),
        (more(), SETTLED, 30.0, "buys about 1 replicate more: narrower, but probably not down to one width."),
        (more(), OPEN, 30.0, "buys about 1 replicate more: probably not enough to settle it."),
        (more(), SETTLED, 0.0001, "buys about 992 replicates more: narrower, but probably not down to one width."),
        (more(), SETTLED, 60.0, "would not buy a replicate of this ladder (120 s each)."),
    ],
)
def test_what_one_more_minute_buys(found, verdict, seconds, text):
    """Eight replicates of four networks of so many seconds each, on two cores."""
    study = told(plan(*LADDER), clear()[:, :, :400], findings={"more": found}, verdict=verdict)
    costs = tuple(replace(cost, seconds=seconds) for cost in study.costs)
    changed = replace(study, costs=costs)
    vars(changed)["findings"] = study.findings
    assert of_kind(changed, "minute") == f"One more minute {text}"


def test_a_study_that_stopped_of_itself_does_not_ask_for_another_minute():
    assert said("minute", findings={"more": more(replicates=20)}, verdict=SETTLED, looks=2) == ""


# ---------------------------------------------------------------- calibration


def test_probabilities_that_mean_what_they_say():
    assert said("calibration", examined=examination(right=1700, sure=0.85)) == (
        "No sign that its probabilities mislead: they are off by 0.0 points on average, no more than chance explains."
    )


def test_probabilities_that_are_off_and_mended():
    """95 % sure and right in 85 %: off by 10 points; at a temperature of T the odds 57 : 1 become their T-th root."""
    study = told(plan(*LADDER), clear()[:, :, :400], examined=examination(right=1700, sure=0.95, temperature=1.7))
    odds = (0.95 / (0.05 / 3)) ** (1 / 1.7)
    after = 100 * abs(odds / (odds + 3) - 0.85)
    assert of_kind(study, "calibration") == (
        f"Its probabilities are off by 10.0 points on average; with a temperature of 1.70, by {after:.1f}."
    )


def test_probabilities_that_are_off_and_no_temperature_is_known():
    assert said("calibration", examined=examination(right=1700, sure=0.95, temperature=None)) == (
        "Its probabilities are off by 10.0 points on average."
    )


def test_a_network_that_diverged_has_no_probabilities():
    assert said("calibration", examined=None) == ""
