"""`why128 report`: the page, a chart alone, and every refusal by its text."""

import json
import re

import pytest

from tests.cli.conftest import listing, why128
from tests.cli.test_refusals import INPUT, SURROUNDINGS, USAGE, check_form
from why128.report.charts.figures import FIGURES

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def written(study, desk):
    assert study.status == 0, study.err
    return why128("report", "enough", within=desk)


def test_the_page_is_written_into_the_study(written, desk):
    assert (written.status, written.out) == (0, "written: enough/report.html\n")
    text = (desk / "enough" / "report.html").read_text("utf-8")
    assert text.startswith("<!doctype html>")
    assert "cat" in text


def test_the_page_says_what_the_study_said(written, study, desk):
    headline = study.document["verdict"]["sentence"].partition(":")[0]
    assert f"<h1>{headline}</h1>" in (desk / "enough" / "report.html").read_text("utf-8")


def test_a_page_can_be_written_again_elsewhere_and_over_an_older_one(written, desk):
    (desk / "mine.html").write_text("older")
    assert why128("report", "enough", "--out", "mine.html", within=desk).status == 0
    assert (desk / "mine.html").read_bytes() == (desk / "enough" / "report.html").read_bytes()


def test_a_chart_by_its_ending(study, desk):
    said = why128("report", "enough", "--chart", "gap", "--out", "gap.svg", "--json", within=desk)
    assert said.document == {"report": "gap.svg", "chart": "gap"}
    assert (desk / "gap.svg").read_text("utf-8").startswith("<svg ")
    assert why128("report", "enough", "--chart", "gap", "--out", "gap.PNG", within=desk).status == 0
    assert (desk / "gap.PNG").read_bytes().startswith(PNG)


def test_a_chart_goes_into_the_study_where_nothing_is_said(study, desk):
    assert why128("report", "enough", "--chart", "size", within=desk).out == "written: enough/size.png\n"
    assert (desk / "enough" / "size.png").read_bytes().startswith(PNG)


def test_charts_are_listed():
    said = why128("report", "--list")
    assert [line.split()[0] for line in said.out.splitlines()] == list(FIGURES)
    assert json.loads(why128("report", "--list", "--json").out)[0] == {
        "chart": "accuracy",
        "shows": "accuracy against neurons, with the verdict and its interval",
    }


REFUSED = {
    "no study": ((), USAGE, "report: expected the folder of a study, got none"),
    "not there": (("nowhere",), INPUT, "nowhere: not a study, or a damaged one"),
    "a folder that is none": (("pets",), INPUT, "pets: not a study, or a damaged one"),
    "unknown chart": (
        ("enough", "--chart", "pie"),
        USAGE,
        f"--chart: expected one of {', '.join(FIGURES)}, got 'pie'",
    ),
    "a chart without data": (
        ("enough", "--chart", "growth"),
        USAGE,
        "--chart: this study has nothing to draw for 'growth': a power law takes four widths",
    ),
    "ending of a chart": (
        ("enough", "--chart", "gap", "--out", "gap.jpg"),
        USAGE,
        "--out: expected a chart to end in .png or .svg, got 'gap.jpg'",
    ),
    "ending of a page": (
        ("enough", "--out", "page.png"),
        USAGE,
        "--out: expected a report to end in .html or .htm, got 'page.png'",
    ),
    "no such folder": (
        ("enough", "--out", "missing/page.html"),
        SURROUNDINGS,
        "missing/page.html: could not be written: No such file or directory; nothing was changed",
    ),
    "a folder in the way": (
        ("enough", "--out", "way.html"),
        SURROUNDINGS,
        "way.html: could not be written: Is a directory; nothing was changed",
    ),
}


def there(desk):
    """All files but SQLite's own notes, which reading touches."""
    return [entry for entry in listing(desk) if not entry[0].endswith(("-shm", "-wal"))]


HINTS = {
    "no study": "why128 study named it at its end",
    "ending of a chart": "without --chart the whole report is written",
    "ending of a page": "--chart NAME writes a chart as a picture",
}


@pytest.mark.parametrize("case", HINTS)
def test_what_to_do_next(case, study, desk):
    said = why128("report", *REFUSED[case][0], within=desk)
    assert said.err.endswith(f"why128: hint: {HINTS[case]}\n")


def test_a_link_in_a_study_is_not_written_through(study, desk):
    (desk / "mine").write_text("mine")
    (desk / "enough" / "report.html").unlink(missing_ok=True)
    (desk / "enough" / "report.html").symlink_to(desk / "mine")
    said = why128("report", "enough", within=desk)
    (desk / "enough" / "report.html").unlink()
    assert said.status == INPUT
    assert check_form(said).startswith(
        "enough/report.html: expected a study's own file, found a link; nothing was changed"
    )
    assert said.err.endswith("why128: hint: say with --out where to write\n")
    assert (desk / "mine").read_text() == "mine"


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_written_is_refused(case, study, desk):
    (desk / "way.html").mkdir(exist_ok=True)
    arguments, status, message = REFUSED[case]
    before = there(desk)
    said = why128("report", *arguments, within=desk)
    assert said.status == status
    assert re.match(re.escape(message), check_form(said))
    assert there(desk) == before
