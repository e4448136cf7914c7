"""A study as one HTML file that opens with no network, and as the short form that a notebook shows.

There is no script in it and no address: charts are drawn before, pictures are inside, and a policy in the page forbids the
browser to load anything whatever.
"""

from __future__ import annotations

import base64
import re
from importlib.resources import files
from typing import TYPE_CHECKING

from why128.errors import shown
from why128.report import sections, words
from why128.report.charts.figures import FIGURES
from why128.report.charts.table import Table
from why128.report.markup import items, paragraph, section, table
from why128.report.rendering import png
from why128.studies.study import Study
from why128.webpage import FOOTER, document, safe

if TYPE_CHECKING:
    from why128.report.answer import Answer

OPTION = r"--[a-z][a-z-]*( [0-9][0-9.,]*\b)?"  # of the command line: not to be broken at its dashes
LINKS = {
    "widths": "neurons", "costs": "costs", "network": "the network", "uncertainty": "uncertainty", "more": "more",
    "how": "how it was done",
}  # fmt: skip


def page(answer: Answer) -> str:
    """The whole report: the answer first, then what it rests on."""
    study = answer.study
    body = [
        sections.charts(study, "widths"),
        sections.charts(study, "costs"),
        sections.charts(study, "network", sections.mistakes(study)),
        sections.charts(study, "uncertainty"),
        sections.further(study),
        sections.how(study),
    ]
    present = [name for name, part in zip(LINKS, body, strict=True) if part]
    headline, said = words.parted(study)
    style = files("why128.report").joinpath("page.css").read_text("utf-8")
    return document(
        f"{headline} – {shown(study.subject.name)}",
        style,
        [
            _opening(study, headline, said),
            f'<nav aria-label="On this page">{items([f"<a href=#{name}>{LINKS[name]}</a>" for name in present])}</nav>',
            "<main>",
            _caveats(answer),
            section("candidates", "Every width", _rows(answer)),
            *filter(None, body),
            "</main>",
            FOOTER,
        ],
    )


def notebook(answer: Answer) -> str:
    """The answer in a notebook's cell: its sentence, its first chart, and its table."""
    figure = FIGURES["accuracy"](answer.study)
    assert figure is not None  # every study has it
    drawn = base64.b64encode(png(figure.specification)).decode("ascii")
    image = f'<img src="data:image/png;base64,{drawn}" alt="{safe(figure.specification["description"])}" width="640">'
    return f"<div>\n<p><b>{safe(answer.sentence)}</b></p>\n{image}\n{_rows(answer)}\n</div>"


def _opening(study: Study, headline: str, said: str) -> str:
    about = f"How many neurons are enough for {shown(study.subject.name)}?"
    said = paragraph(said, "verdict") + "\n" + paragraph(words.tested(study))
    return f"<header>\n{paragraph(about, 'eyebrow')}\n<h1>{safe(headline)}</h1>\n{said}\n</header>"


def _caveats(answer: Answer) -> str:
    """What a careful reader should know, each with what to do about it."""
    said = [re.sub(OPTION, r"<code>\g<0></code>", safe(caveat)) for caveat in answer.caveats]
    return section("caveats", "Before you rely on it", items(said, "caveats"))


def _rows(answer: Answer) -> str:
    from why128.report.answer import HEADINGS  # answer.py shows itself by this module

    headings = tuple(HEADINGS.cells())
    rows = tuple(tuple(row.cells()) for row in answer.rows())
    marked = answer.study.verdict.enough if answer.study.settled else None
    return table(Table((*headings[:-1], headings[-1] or "mark"), rows), "Every width tried", marked=marked)
