"""Every chart: what Vega-Lite makes of it, what it says to whoever cannot see it, and that nothing in it points outside."""

import json
import math
import re
from xml.etree import ElementTree

import numpy as np
import pytest
import vl_convert

from tests import studying
from why128.errors import UsageError
from why128.report import rendering
from why128.report.charts import classes, cost, curves, gap, look, rows, spread
from why128.report.charts.figures import ABOUT, FIGURES, figure
from why128.report.charts.growth import Fit, growth
from why128.report.charts.rungs import Marks, Positions
from why128.statistics.intervals import Interval
from why128.studies.candidate import Candidate

HOSTILE = ("<script>alert(1)</script>", "a&b\"'", "\x1b[31m\nred", "日本" * 30)
DEEP = (0, Candidate((8, 4)), Candidate((16, 8)), 64)
FAMILIES = (0, 2, 8, Candidate((2,), "tanh"), Candidate((8,), "tanh"))


def settled():
    return studying.told(studying.plan(*studying.LADDER, tolerance=1.0), studying.clear())


def stuck():
    """Eleven widths, of which the small ones have runs at chance."""
    percents = (80, 25, 40, 60, 75, 82, 85, 86, 86.5, 86.6, 86.6)
    answers = studying.hits(percents, images=400)
    answers[:2, 1:3] = studying.hits((25, 25), replicates=2, images=400, seed=1)
    return studying.told(studying.plan(0, *(2**k for k in range(10))), answers)


def alone():
    """One candidate, one replicate, which diverged: there is no answer."""
    return studying.told(studying.plan(16), studying.hits((25.0,), 1, 80), learned=np.array([[np.nan]]), examined=None)


def of(ladder, replicates=3, percents=(60, 80), **more):
    percents = np.interp(np.linspace(0, 1, len(ladder)), np.linspace(0, 1, len(percents)), percents)
    return studying.told(studying.plan(*ladder), studying.hits(percents, replicates, 300), **more)


STUDIES = {
    "settled": settled,
    "stuck at chance": stuck,
    "no answer": alone,
    "three widths, one replicate": lambda: of((0, 8, 64), replicates=1),
    "two activations": lambda: of(FAMILIES),
    "two depths": lambda: of(DEEP),
    "hostile names": lambda: of((0, 8), about={"classes": HOSTILE}),
    "no neurons alone": lambda: of((0,)),
    "forty widths, some given up": lambda: of(range(0, 80, 2), runs=[3] * 30 + [5] * 10, replicates=5),
}


@pytest.fixture(scope="module", params=STUDIES)
def study(request):
    return STUDIES[request.param]()


@pytest.fixture(scope="module")
def figures(study):
    return {name: made for name, make in FIGURES.items() if (made := make(study)) is not None}


@pytest.fixture(scope="module")
def clear():
    return settled()


def below(value, key):
    """Every value of this key, wherever in a specification."""
    if isinstance(value, dict):
        yield from (value[k] for k in value if k == key)
        for inner in value.values():
            yield from below(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from below(inner, key)


def test_the_charts_that_need_little_are_always_there(figures):
    assert {"accuracy", "gap", "curves", "size", "latency"} <= set(figures)


def test_vega_lite_takes_every_chart(figures):
    for made in figures.values():
        assert vl_convert.vegalite_to_vega(made.specification, vl_version=rendering.VERSION)["marks"]


def test_a_chart_holds_its_own_finite_data_and_points_nowhere(figures):
    for made in figures.values():
        text = json.dumps(made.specification, allow_nan=False)
        assert re.findall(r"\w+://[^\"]*", text) == [look.SCHEMA]
        assert not list(below(made.specification, "url"))


def test_every_chart_says_what_it_shows(figures):
    for made in figures.values():
        assert " ".join(made.specification["title"]["text"]) == made.title
        assert made.sentence.endswith(".")
        assert re.search(r"\d", made.specification["description"])
        assert made.specification["description"].endswith(".")
        assert not re.search(r"\bnan\b|None", f"{made.title} {made.sentence} {made.specification['description']}")


def test_every_axis_of_numbers_has_a_title_and_no_rounded_logarithm(figures):
    for made in figures.values():
        for encoding in below(made.specification, "encoding"):
            for channel in ("x", "y"):
                if "scale" in (encoding.get(channel) or {}) and encoding[channel]["type"] == "quantitative":
                    assert encoding[channel]["title"]
                    assert encoding[channel]["scale"]["nice"] is False


def test_every_row_of_a_table_has_all_its_cells(figures):
    for made in figures.values():
        assert {len(row) for row in made.table.rows} <= {len(made.table.headings)}


def test_names_from_outside_are_shown_escaped():
    made = FIGURES["confusion"](STUDIES["hostile names"]())
    drawn = rendering.svg(made.specification, "confusion")
    assert "<script" not in drawn
    assert "&lt;script&gt;" in drawn
    assert "\x1b" not in drawn + made.title + made.sentence


# ------------------------------------------------------------------------------------------ single charts, by hand


def test_the_accuracy_chart_s_description(clear):
    percents = [100 * a.mean for a in clear.verdict.accuracies]
    best = max(percents)
    assert FIGURES["accuracy"](clear).specification["description"] == (
        f"Accuracy on validation images from {percents[0]:.1f} % with no hidden neurons to {percents[3]:.1f} % with 32 neurons; "
        f"the best is {best:.1f} % with {studying.LADDER[percents.index(best)]} neurons. "
        f"Marked as enough: 8 neurons, {percents[2]:.1f} %; the interval goes from 8 to 8 neurons."
    )


def test_the_accuracy_chart_draws_every_network_and_the_tolerance(clear):
    specification = FIGURES["accuracy"](clear).specification
    data = [values["values"] for values in below(specification, "data") if isinstance(values, dict)]
    assert max(map(len, data)) == 4 * 8  # four widths, eight replicates
    least = 100 * (clear.verdict.accuracies[clear.verdict.best].mean - 0.01)
    assert [least] == pytest.approx(
        [r["value"] for rows_ in data for r in rows_ if r.get("text") == ["best −", "1 point"]][:1]
    )
    assert [r["text"] for rows_ in data for r in rows_ if "enough" in str(r.get("text"))] == ["8 enough"] * 2


def test_a_close_up_is_drawn_only_where_the_verdict_is_lost_in_the_whole():
    near = FIGURES["accuracy"](of((0, 8, 64), percents=(78, 79, 80))).specification
    far = FIGURES["accuracy"](stuck()).specification
    assert "vconcat" not in near
    assert len(far["vconcat"]) == 2


def test_what_is_not_shown_is_marked_so_and_no_answer_is_not_marked():
    unsettled, none = (FIGURES["accuracy"](STUDIES[name]()) for name in ("three widths, one replicate", "no answer"))
    assert "likely, not shown" in json.dumps(unsettled.specification)
    assert "likely enough, but not shown" in unsettled.specification["description"]
    for word in ("enough", "interval on the answer", "likely"):
        assert word not in json.dumps(none.specification)


def test_no_neurons_stand_one_doubling_left_of_the_smallest_width():
    places = Positions.of(rows.rungs(of((0, 4, 16))))
    assert places.places == (2.0, 4.0, 16.0)
    assert places.title == "neurons (log scale; 0 stands apart)"
    assert places.labels == "datum.value < 2.02 ? '0' : format(datum.value, ',')"
    assert not places.within(1.9)
    assert places.within(3.0)


def test_the_shade_reaches_halfway_to_the_next_widths():
    places = Positions.of(rows.rungs(of((0, 4, 16, 64))))
    assert places.around(2, 2) == pytest.approx((8.0, 32.0))
    assert places.around(1, 2) == pytest.approx((math.sqrt(8), 32.0))
    assert places.around(0, 3) == pytest.approx(tuple(places.ends))  # no farther than the axis


def test_names_that_would_cover_each_other_are_left_out():
    def priced(count, families=1):
        share = [Interval(s, s, s) for s in np.linspace(0.5, 0.9, count).tolist()]
        return [cost.Priced(str(k), f"f{k % families}", 10.0 + k, share[k], k == 3) for k in range(count)]

    def named(found):
        drawn = cost.cost(found, "bytes", None, "t")
        return [row["label"] for row in drawn["layer"][-2]["data"]["values"] if row["label"]]

    assert named(priced(6)) == list("012345")
    assert named(priced(30)) == ["0", "3", "29"]
    worse = cost.Priced("w", "f1", 99.0, Interval(0.1, 0.1, 0.1))
    assert named([*priced(6, families=2), worse]) == list("012345")


def test_several_layers_stand_by_their_parameters():
    found = rows.rungs(of(DEEP))
    assert Positions.of(found).places == tuple(float(rung.parameters) for rung in found)
    assert Positions.of(found).title == "parameters (log scale)"


def test_the_width_that_can_learn_its_images_by_heart():
    """64 inputs, 4 classes: 69·w + 4 parameters meet 1,200 images × 4 classes at (4,800 - 4) / 69 neurons."""
    study = of((0, 8, 64))
    assert study.subject.learned_from == 1200
    assert rows.threshold(study) == pytest.approx(4796 / 69)
    assert rows.threshold(of(DEEP)) == 4800.0
    assert rows.threshold(of((0, 8))) is None


def test_the_threshold_is_marked_where_the_axis_reaches_it():
    found = rows.rungs(of((0, 8, 64)))
    for place, marked in ((60.0, True), (600.0, False), (None, False)):
        text = json.dumps(gap.gap(found, place, "t"), ensure_ascii=False)
        assert ("parameters = images × classes" in text) is marked


def test_the_gap_s_description():
    learned = np.array([0.70, 0.85, 0.95])
    study = studying.told(studying.plan(0, 8, 32), np.ones((3, 3, 300), bool), learned=learned)
    assert FIGURES["gap"](study).specification["description"] == (
        "Training minus validation accuracy lies between -30.0 points with no hidden neurons and -5.0 points with 32 neurons; "
        "it is -5.0 with 32 neurons."
    )


def test_a_network_that_diverged_has_no_gap():
    study = alone()
    assert rows.rungs(study)[0].gap is None
    assert FIGURES["gap"](study).specification["description"] == (
        "All networks of all candidates (1) diverged: there is no gap to show."
    )
    assert FIGURES["gap"](study).table.rows[0][-1] == "–"


def test_the_last_tick_of_many_epochs_is_a_whole_epoch():
    found = [rows.rungs(of((0, 8)))[1]]
    drawn = curves.curves([type(found[0])(**{**vars(found[0]), "curve": (0.5,) * 30})], 0, "t")
    assert drawn["encoding"]["x"]["axis"]["values"] == list(range(1, 31, 3))


def test_the_frontier_by_hand():
    def priced(price, share):
        return cost.Priced(str(price), "relu", price, Interval(share, share, share))

    cheap, dear, poor, twin = priced(10, 0.7), priced(40, 0.9), priced(30, 0.6), priced(40, 0.8)
    assert cost.frontier([dear, poor, cheap, twin]) == {0, 2}
    assert cost.frontier([cheap, cheap]) == {0}


def test_a_budget_is_drawn_and_lies_on_the_axis(clear):
    drawn = cost.cost(rows.priced(clear, "bytes"), "bytes", 1e7, "t")
    assert "your budget" in json.dumps(drawn)
    low, high = drawn["encoding"]["x"]["scale"]["domain"]
    assert low < 1e7 < high


@pytest.mark.parametrize(
    ("low", "high", "found"),
    [
        (1.0, 10.0, [1, 1.5, 2, 3, 4, 6, 8, 10]),
        (90.0, 4000.0, [100, 200, 500, 1000, 2000]),
        (1.0, 1e8, [10.0**k for k in range(9)]),
        (1.0, 1.2, [1.0]),
    ],
)
def test_ticks_of_a_logarithmic_axis(low, high, found):
    assert look.ticks(low, high) == pytest.approx(found)


COUNTS = np.array([[8, 2, 0], [1, 9, 0], [0, 0, 0]])


def test_errors_are_apart_from_what_is_right():
    drawn = classes.confusion(COUNTS, ("a", "b", "c"), "t")
    right, wrong = (layer["data"]["values"] for layer in drawn["layer"][:2])
    assert [(r["true"], r["answered"], r["share"]) for r in right] == [("a", "a", 80.0), ("b", "b", 90.0)]
    assert [(r["true"], r["answered"], r["share"]) for r in wrong] == [("a", "b", 20.0), ("b", "a", 10.0)]
    assert drawn["layer"][1]["encoding"]["color"]["scale"]["domain"] == [0, 20.0]
    assert drawn["description"] == (
        "Confusion matrix of 3 classes: 17 of 20 images answered rightly; most often a is taken for b: 2 images, "
        "20.0 % of that class."
    )
    assert classes.confusion_table(COUNTS, ("a", "b", "c")).rows == (("a", "b", "2", "20.0"), ("b", "a", "1", "10.0"))


def test_a_cell_that_rounds_to_nothing_is_not_empty():
    counts = np.array([[999, 1], [0, 1000]])
    texts = [
        row["text"] for layer in classes.confusion(counts, "ab", "t")["layer"][:2] for row in layer["data"]["values"]
    ]
    assert texts == ["100", "100", "·"]


def test_long_names_that_are_cut_alike_stay_apart():
    names = classes.distinct(["x" * 40 + "1" + "x" * 40, "x" * 40 + "2" + "x" * 40, "", "b"])
    assert len(set(names)) == 4
    assert max(map(len, names)) < 40
    assert names[2:] == ["(no name)", "b"]


def test_classes_are_sorted_and_the_hardest_is_named():
    found = [
        classes.ClassAccuracy("a", 10, Interval(0.5, 0.2, 0.8)),
        classes.ClassAccuracy("b", 10, Interval(0.9, 0.6, 1.0)),
    ]
    drawn = classes.per_class(found, 0.7, "t")
    assert drawn["encoding"]["y"]["sort"] == ["b", "a"]
    assert drawn["description"] == (
        "Of the 2 classes, b is answered rightly most often (90.0 %) and a least often (50.0 %); all together 70.0 %."
    )


FIT = Fit(
    Interval(0.1, 0.05, 0.12),
    0.5,
    Interval(0.9, 0.7, 1.1),
    ((1.0, Interval(0.6, 0.5, 0.7)), (8.0, Interval(0.18, 0.1, 0.2))),
)


def test_the_power_law_s_description_and_floor():
    errors = [(1, Interval(0.61, 0.5, 0.7)), (4, Interval(0.2, 0.1, 0.3))]
    drawn = growth(errors, FIT, "t")
    assert drawn["description"] == (
        "Validation error falls from 61.0 % with 1 to 20.0 % with 4 neurons. The power law fitted is "
        "10.0 % + 50.0 % × neurons^−0.90; its floor lies between 5.0 % and 12.0 %."
    )
    assert "floor 10.0 %" in json.dumps(drawn, ensure_ascii=False)


@pytest.mark.parametrize("floor", [0.0, 1e-6])
def test_a_floor_of_nothing_does_not_stretch_the_axis(floor):
    fit = Fit(
        Interval(floor, 0.0, 0.01), 0.5, FIT.exponent, ((1.0, Interval(0.5, 0.0, 0.7)), (8.0, Interval(0.08, 0.0, 0.2)))
    )
    errors = [(1, Interval(0.5, 0.4, 0.6)), (8, Interval(0.1, 0.0, 0.2))]
    domain = growth(errors, fit, "t")["encoding"]["y"]["scale"]["domain"]
    assert 0.5 < domain[0] < 10.0


def test_errors_of_nothing_can_be_drawn():
    none = [(1, Interval(0.0, 0.0, 0.0)), (8, Interval(0.0, 0.0, 0.0))]
    assert vl_convert.vegalite_to_vega(growth(none, FIT, "t"))


def test_the_spread_s_description():
    drawn = spread.spread([spread.Source("luck", 0.003, 0.001, 0.006), spread.Source("images", 0.008)], "t")
    assert drawn["description"] == (
        "How far each source alone moves one network's accuracy, in points: luck 0.30, images 0.80. The largest is images."
    )


def test_sources_that_were_not_measured_are_left_out(clear):
    assert [source.name for source in rows.sources(clear)] == [
        "all luck of training",
        "validation images",
        "luck and images together",
    ]
    assert rows.sources(of((0, 8), replicates=1)) == []


def test_a_curve_of_reliability_for_each_temperature(clear):
    made = FIGURES["reliability"](clear)
    assert {row[0] for row in made.table.rows} == {"as trained", "with temperature 1.10"}
    untempered = studying.told(
        studying.plan(*studying.LADDER), studying.clear(), examined=studying.examination(temperature=None)
    )
    assert {row[0] for row in FIGURES["reliability"](untempered).table.rows} == {"as trained"}


# ------------------------------------------------------------------------------------------ names


def test_a_chart_that_is_none_is_refused_with_the_names(clear):
    with pytest.raises(UsageError) as refused:
        figure(clear, "pie\x1b")
    assert str(refused.value) == f"--chart: expected one of {', '.join(FIGURES)}, got 'pie\\x1b'"
    assert refused.value.hint == "why128 report --list says what they show"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("growth", "a power law takes four widths of one activation, each trained at least twice"),
        ("spread", "it takes at least two replicates"),
        ("confusion", "its chosen network diverged"),
    ],
)
def test_a_chart_without_data_is_refused_with_what_it_takes(name, why):
    with pytest.raises(UsageError) as refused:
        figure(alone(), name)
    assert str(refused.value) == f"--chart: this study has nothing to draw for '{name}': {why}"
    assert refused.value.hint == "it has accuracy, gap, curves, size, latency"


def test_every_chart_is_told_of():
    assert list(ABOUT) == list(FIGURES)


# ------------------------------------------------------------------------------------------ pictures


@pytest.fixture(scope="module")
def drawn(clear):
    return rendering.svg(FIGURES["accuracy"](clear).specification, "acc")


def test_an_svg_is_one_picture_with_its_text(clear, drawn):
    root = ElementTree.fromstring(drawn)
    assert root.get("role") == "img"
    title, text = root[0], root[1]
    assert root.get("aria-labelledby") == f"{title.get('id')} {text.get('id')}"
    assert title.text == "8 neurons are enough"
    assert text.text == FIGURES["accuracy"](clear).specification["description"]
    assert not any(key.startswith("aria-") for element in list(root.iter())[1:] for key in element.attrib)


def test_an_svg_keeps_to_itself(drawn):
    ids = re.findall(r'\bid="([^"]*)"', drawn)
    assert len(set(ids)) == len(ids)
    assert all(name.startswith("acc-") for name in ids)
    assert set(re.findall(r"url\(#([^)]*)\)", drawn)) <= set(ids)
    assert set(re.findall(r"\w+://[^\"<> ]*", drawn)) == {rendering.SVG}
    assert not re.search(r"<script|<image|href|onload", drawn)


def test_an_svg_is_the_same_each_time(clear, drawn):
    assert rendering.svg(FIGURES["accuracy"](clear).specification, "acc") == drawn


def test_a_title_can_be_left_to_the_page(clear):
    bare = rendering.svg(FIGURES["accuracy"](clear).specification, titled=False)
    assert bare.count("8 neurons are enough") == 1  # in its text alternative alone


def test_a_notebook_gets_a_picture_and_a_text(clear):
    specification = FIGURES["spread"](clear).specification
    bundle = rendering.mimebundle(specification)
    assert bundle["image/png"].startswith(b"\x89PNG\r\n")
    assert bundle["image/png"] == rendering.png(specification)
    assert bundle["text/plain"] == f"{' '.join(specification['title']['text'])}\n{specification['description']}"


# ------------------------------------------------------------------------------------------ colours

# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB
BLINDNESS = {
    "none": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
TOLD_APART = 15.0  # CIE 1976 distance: 2.3 is just noticeable; the palette's closest pair lies at some 20


def linear(colour):
    values = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ np.clip(rgb, 0, 1)
    f = np.where((t := xyz / [0.9505, 1, 1.089]) > 0.008856, np.cbrt(t), 7.787 * t + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("blindness", BLINDNESS)
@pytest.mark.parametrize(
    "together", [(look.VALIDATION, look.TRAINING, look.CHOSEN), look.FAMILIES, (look.VERMILION, look.BLUE)]
)
def test_colours_that_stand_together_are_told_apart_by_everyone(blindness, together):
    seen = [lab(np.array(BLINDNESS[blindness]) @ linear(colour)) for colour in together]
    apart = [math.dist(a, b) for i, a in enumerate(seen) for b in seen[:i]]
    assert min(apart) > TOLD_APART


@pytest.mark.parametrize("ink", [look.INK, look.QUIET, look.CHOSEN_INK, look.QUESTION_INK, look.PURPLE_INK])
def test_letters_can_be_read_on_white(ink):
    assert 1.05 / (linear(ink) @ [0.2126, 0.7152, 0.0722] + 0.05) >= 4.5  # WCAG 2.2, 1.4.3


def test_numbers_can_be_read_in_the_darkest_cell():
    assert (linear(look.VERMILION) @ [0.2126, 0.7152, 0.0722] + 0.05) / 0.05 >= 4.5


def test_a_row_of_shades_goes_from_light_to_dark():
    light = [lab(linear(shade))[0] for shade in look.shades(11)]
    assert light == sorted(light, reverse=True)
    assert len(look.shades(1)) == 1


def test_marks_need_no_answer():
    assert rows.marks(alone()) == Marks(None, False, 0, 0, 0, 0.01)
