"""The report: one file that asks nobody for anything, that everyone can read, and that says what the study says."""

import base64
import io
import re
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from tests import studying
from tests.report.test_charts import HOSTILE, alone, of, settled
from why128.report import markup
from why128.report.answer import Answer
from why128.report.charts.figures import FIGURES
from why128.report.charts.table import Table
from why128.report.page import notebook, page
from why128.report.rendering import SVG
from why128.studies.examination import Mistake

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

MOST = 1.5e6  # bytes of a page: an e-mail carries it
VOID = {"meta", "img", "br", "link", "input", "hr"}


class Elements(HTMLParser):
    """Every element with its attributes and the text inside it, and whether all were closed in their order."""

    def __init__(self, text):
        super().__init__()
        self.found, self.open, self.orderly = [], [], True
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        element = {"tag": tag, "text": "", **dict(attrs)}
        self.found.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag, attrs):
        self.found.append({"tag": tag, "text": "", **dict(attrs)})

    def handle_endtag(self, tag):
        self.orderly &= bool(self.open) and self.open.pop()["tag"] == tag

    def handle_data(self, data):
        for element in self.open:
            element["text"] += data

    def all(self, *tags):
        return [element for element in self.found if element["tag"] in tags]


@pytest.fixture(scope="module")
def answer():
    return Answer(settled())


@pytest.fixture(scope="module")
def text(answer):
    return page(answer)


@pytest.fixture(scope="module")
def seen(text):
    return Elements(text)


@pytest.fixture(scope="module")
def hostile():
    """A study whose names are chosen to break a page."""
    mistake = Mistake(np.zeros((300, 400, 3), np.uint8), 0, 1, 0.97)
    examined = studying.examination()
    examined = type(examined)(**{**vars(examined), "mistakes": (mistake,)})
    environment = {**studying.ENVIRONMENT, "command": ["/bin/why128", "study", "</code><script>x</script>; rm -rf"]}
    about = {"classes": HOSTILE, "name": "<img src=http://a.b onerror=x>"}
    return page(Answer(of((0, 8), about=about, examined=examined, environment=environment)))


def test_the_answer_comes_first(answer, seen):
    (heading,) = seen.all("h1")
    headline, _, said = answer.sentence.partition(": ")
    assert heading["text"] == headline == "8 neurons are enough"
    paragraphs = [p["text"] for p in seen.all("p")]
    assert paragraphs[0] == "How many neurons are enough for pets?"
    assert paragraphs[1] == said[0].upper() + said[1:]
    assert paragraphs[2].startswith("On 2,000 test images, looked at once, this network answers 85.0 % (")


def test_every_caveat_stands_before_the_numbers(answer, text):
    said = re.sub(r"</?code>", "", text)
    for caveat in answer.caveats:
        assert markup.safe(caveat) in said[: said.index("Every width")]


def test_every_chart_has_its_finding_its_sentence_and_its_numbers(answer, seen, text):
    made = [figure for make in FIGURES.values() if (figure := make(answer.study))]
    assert len(seen.all("figure")) == len(made) >= 9
    assert len(seen.all("details")) == len(made) + 1
    for figure in made:
        assert f"<h3>{markup.safe(figure.title)}</h3>\n<p>{markup.safe(figure.sentence)}</p>" in text
        assert markup.safe(figure.specification["description"]) in text


def test_the_table_marks_the_answer(seen):
    (marked,) = [row for row in seen.all("tr") if row.get("class") == "enough"]
    assert marked["text"].startswith("8")
    assert marked["text"].endswith("enough")


def test_it_says_how_to_repeat_it(answer, text):
    for said in (
        answer.study.subject.fingerprint,
        "why128 1, jax 1, numpy 1, scipy 1, Python 3.11",
        "x86_64, Linux",
        "why128 study",
    ):
        assert said in text
    assert "<code>why128 study</code>" in text


def test_a_study_asked_from_python_says_what_to_call():
    text = page(Answer(of((0, 8), environment={**studying.ENVIRONMENT, "command": ["/x/ipykernel_launcher.py", "-f"]})))
    assert "why128.study(data, plan)" in text
    assert "ipykernel" not in text


def test_it_asks_nobody_for_anything(seen, text):
    assert set(re.findall(r"\w+://[^\"'<> )]*", text)) == {SVG}
    assert not seen.all("script", "link", "iframe", "object", "embed", "form", "base")
    (policy,) = [meta["content"] for meta in seen.all("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    assert policy == POLICY
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'unsafe-inline'")
    for element in seen.found:
        assert element.get("src", "data:").startswith("data:image/png;base64,") or "src" not in element
        assert element.get("href", "#").startswith("#")
        assert not any(name.startswith("on") for name in element)
    assert "@import" not in text


def test_it_is_well_formed_and_small(seen, text):
    assert seen.orderly
    assert not seen.open
    assert len(text.encode()) < MOST


def test_ids_are_unique_and_links_lead_somewhere(seen):
    ids = [element["id"] for element in seen.found if "id" in element]
    assert len(set(ids)) == len(ids)
    assert {link["href"][1:] for link in seen.all("a")} <= set(ids)
    assert {name for e in seen.found if "aria-labelledby" in e for name in e["aria-labelledby"].split()} <= set(ids)


def test_a_screen_reader_finds_its_way(seen):
    assert seen.all("html")[0]["lang"] == "en"
    levels = [int(heading["tag"][1]) for heading in seen.all("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert all(cell.get("scope") in ("col", "row") for cell in seen.all("th"))
    assert all(table.get("aria-label") for table in seen.all("table"))
    assert all(image["alt"] for image in seen.all("img"))
    assert all(picture["role"] == "img" for picture in seen.all("svg"))
    assert all(box.get("aria-label") for box in seen.found if "tabindex" in box)


def test_it_has_a_dark_form_and_one_for_paper(text):
    assert "@media (prefers-color-scheme: dark)" in text
    assert "@media print" in text


def test_wrong_answers_are_shown_with_what_was_said(seen):
    pictures = seen.all("img")
    assert len(pictures) == 12
    assert pictures[0]["alt"] == "true class cat, answered dog with 85 %"


def test_names_from_outside_can_do_nothing(hostile):
    seen = Elements(hostile)
    assert seen.orderly
    assert not seen.all("script")
    assert not re.search(r"<(script|img src=http)", hostile)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in hostile
    assert "\x1b" not in hostile
    assert "why128 study &#x27;&lt;/code&gt;&lt;script&gt;" in hostile
    assert not any(name.startswith("on") for element in seen.found for name in element)


def test_a_large_picture_is_made_small(hostile):
    (image,) = Elements(hostile).all("img")
    assert len(image["src"]) < 2000
    assert 'alt="true class &lt;script&gt;alert(1)&lt;/script&gt;, answered a&amp;b' in hostile


def test_a_study_without_an_answer_says_so_and_marks_nothing():
    text = page(Answer(alone()))
    assert "<h1>No answer</h1>" in text
    assert "interval on the answer" not in text
    assert "The most confidently wrong answers" not in text


def test_the_page_is_the_same_each_time():
    study = of((0, 8), replicates=2)
    assert page(Answer(study)) == page(Answer(study))


def test_a_picture_keeps_its_pixels():
    pixels = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
    data = re.search(r"base64,([^\"]*)", markup.picture(pixels, 'a "b"')).group(1)
    assert (np.asarray(Image.open(io.BytesIO(base64.b64decode(data)))) == pixels).all()
    assert 'alt="a &quot;b&quot;"' in markup.picture(pixels, 'a "b"')


def test_a_table_escapes_and_names_its_rows():
    drawn = markup.table(Table(("a<", "b"), (("1&", "2"),)), "c>", marked=0)
    assert '<th scope="col">a&lt;</th>' in drawn
    assert '<tr class="enough"><th scope="row">1&amp;</th><td>2</td></tr>' in drawn
    assert 'aria-label="c&gt;"' in drawn


def test_nothing_to_say_makes_no_section():
    assert markup.section("x", "X", "", "") == ""
    assert markup.items([]) == ""
    assert markup.paragraph(None) == ""


def test_a_notebook_shows_the_sentence_the_chart_and_the_table(answer):
    seen = Elements(notebook(answer))
    assert seen.orderly
    assert seen.all("b")[0]["text"] == answer.sentence
    (image,) = seen.all("img")
    assert image["src"].startswith("data:image/png;base64,")
    assert image["alt"] == FIGURES["accuracy"](answer.study).specification["description"]
    assert len(seen.all("tr")) == 1 + len(studying.LADDER)
