"""The examples run, in their smallest form; what is kept of them is what they would draw and say again."""

import json
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from examples import double_descent
from examples.double_descent import FULL, QUICK, drawn, networks, peak

from tests.test_house import ROOT
from why128.data.source import open_data
from why128.division import divide
from why128.studies.events import EpochDone

KEPT = ROOT / "examples" / "double_descent.json"
README = " ".join((ROOT / "README.md").read_text().split())


@pytest.fixture(scope="module")
def record():
    return json.loads(KEPT.read_text())


def heard(_):
    pass


def test_double_descent_runs(tmp_path, capsys):
    out = tmp_path / "out"
    double_descent.main(["--quick", "--out", str(out)])
    told = capsys.readouterr()
    assert told.err.startswith("2 studies of 3 networks, 3 epochs\nabout 1 min on these ")
    result = json.loads((out / "double_descent.json").read_text())
    assert told.out.startswith(double_descent.said(result))
    assert [(row["wrong"], row["neurons"]) for row in result["networks"]] == [
        (w, n) for w in (0.2, 0) for n in (1, 8, 64)
    ]
    assert all(0 < row["unseen"]["error"] < 95 for row in result["networks"])
    assert (result["in_one_go"], len(result["seconds_by_study"])) == (True, 2)
    picture = ElementTree.parse(out / "double_descent.svg").getroot()
    assert picture.tag == "{http://www.w3.org/2000/svg}svg"


def test_the_smallest_form_is_never_the_record(capsys):
    with pytest.raises(SystemExit, match="2"):
        double_descent.main(["--quick", "--record"])
    assert "--record: not allowed with argument --quick" in capsys.readouterr().err


@pytest.mark.parametrize("draws", ["0", "-1", "many"])
def test_some_draws_are_asked_for(draws, capsys):
    with pytest.raises(SystemExit, match="2"):
        double_descent.main(["--draws", draws])
    assert "--draws: " in capsys.readouterr().err


def test_it_goes_on_where_it_was_stopped(tmp_path):
    def stop(event):
        if isinstance(event, EpochDone):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        networks(QUICK, 0.2, 0, tmp_path / "stopped", stop)
    assert networks(QUICK, 0.2, 0, tmp_path / "stopped", heard) == networks(QUICK, 0.2, 0, tmp_path / "whole", heard)


def test_what_it_learns_from_and_what_it_does_not_see():
    sample = open_data("sample").train
    data, unseen = drawn(0.2, 1)
    right, same = drawn(0.0, 1)
    assert (data.train.labels != right.train.labels).sum() == 1000  # a fifth of 5,000, all changed to another class
    assert (data.train.pixels == right.train.pixels).all()
    assert (unseen.labels == same.labels).all()
    for wrong in (data, right):
        assert len(divide(wrong, double_descent.HELD_OUT, 1).learned) == double_descent.LEARNED
    both = np.concatenate([right.train.pixels, unseen.pixels]).reshape(len(sample), -1)
    assert (np.sort(both.sum(1)) == np.sort(sample.pixels.reshape(len(sample), -1).sum(1))).all()


def test_error_descends_twice_where_it_rises_between_two_falls():
    assert peak({1: 60.0, 2: 80.0, 3: 30.0, 4: 32.0, 8: 36.0, 16: 20.0, 32: 21.0}) == (3, 8)
    assert peak({1: 80.0, 2: 30.0, 4: 30.9, 8: 20.0}) is None
    assert peak({1: 80.0, 2: 30.0, 4: 40.0, 8: 39.5}) is None
    assert peak({1: 60.0, 2: 80.0, 4: 20.0}) is None


def test_the_record_is_of_the_whole_figure(record):
    form = replace(FULL, draws=record["asked"]["draws"])
    found = [(row["wrong"], row["draw"], row["neurons"]) for row in record["networks"]]
    assert found == [(wrong, draw, width) for wrong, draw in form.studies for width in form.widths]
    assert record["asked"] == double_descent.asked(form)


def test_the_picture_is_that_of_the_record(record):
    assert (ROOT / "examples" / "double_descent.svg").read_text() == double_descent.picture(record)


def test_the_readme_says_what_the_record_says(record):
    for sentence in double_descent.said(record).splitlines():
        assert sentence in README
