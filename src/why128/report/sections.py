"""The parts of a report below the answer: charts with their sentences, the network, and how it was done."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import PurePath

from why128.errors import shown
from why128.report import words
from why128.report.charts.classes import NAME
from why128.report.charts.figures import FIGURES, Figure
from why128.report.charts.table import Table
from why128.report.markup import details, items, paragraph, picture, scrolling, section, table
from why128.report.readings import of_kind
from why128.report.rendering import svg
from why128.studies.study import Study
from why128.webpage import safe

PICTURES = 12  # wrong answers that the page shows
PARTS = {  # sections of charts: their heading, and what they show
    "widths": ("What more neurons do", ("accuracy", "gap", "growth", "curves")),
    "costs": ("What they cost", ("size", "latency")),
    "network": ("The network", ("confusion", "classes", "reliability")),
    "uncertainty": ("Where the uncertainty comes from", ("spread",)),
}


def charts(study: Study, part: str, *more: str) -> str:
    """A section of charts; `more` is HTML that follows them."""
    heading, names = PARTS[part]
    found = [FIGURES[name](study) for name in names]
    return section(part, heading, *(_figure(one) for one in found if one is not None), *more)


def _figure(figure: Figure) -> str:
    """A chart under its finding, with its sentence and its numbers."""
    drawn = scrolling(svg(figure.specification, figure.name, titled=False), f"Chart: {figure.title}", "chart")
    numbers = details("The numbers", paragraph(figure.specification["description"]) + table(figure.table, figure.title))
    return f"<figure>\n<h3>{safe(figure.title)}</h3>\n{paragraph(figure.sentence)}\n{drawn}\n{numbers}\n</figure>"


def mistakes(study: Study) -> str:
    """The most confidently wrong answers, as pictures."""
    examined = study.examination
    if examined is None or not examined.mistakes:
        return ""
    names = [shown(name, NAME) for name in study.subject.classes]
    pieces = []
    for one in examined.mistakes[:PICTURES]:
        true, answered, sure = names[one.true], names[one.answered], words.percent(one.probability, 0)
        seen = picture(one.pixels, f"true class {true}, answered {answered} with {sure}")
        pieces.append(f"{seen}<b>{safe(true)}</b><br>answered {safe(answered)}<br>with {safe(sure)}")
    return "<h3>The most confidently wrong answers</h3>\n" + items(pieces, "mistakes")


def further(study: Study) -> str:
    """What more replicates, images, or minutes would buy."""
    return section("more", "What more would buy", *(paragraph(of_kind(study, kind)) for kind in ("more", "minute")))


def how(study: Study) -> str:
    """Recipe, versions, fingerprint, seeds, machine, and the commands that repeat it."""
    found = Table(("what", "how"), tuple((what, value) for what, value in _facts(study) if value))
    return section(
        "how",
        "How it was done",
        table(found, "How it was done", "words"),
        paragraph("The study again:"),
        f"<pre><code>{safe(_again(study))}</code></pre>",
        details("The whole plan", f"<pre><code>{safe(_plan(study))}</code></pre>"),
    )


def _facts(study: Study) -> Iterator[tuple[str, str]]:
    plan, subject, made = study.plan, study.subject, study.environment
    recipe, runs = plan.recipe, study.evidence.replicates
    yield "data", f"{shown(subject.name)}: {subject.images:,} images, {len(subject.classes)} classes"
    yield "image shape", " × ".join(map(str, subject.image_shape))
    yield "fingerprint", subject.fingerprint
    yield (
        "images learned from, validation, test",
        f"{subject.learned_from:,}, {subject.judged_by:,}, {subject.tested_on:,}",
    )
    often = words.counted(int(runs.max()), "replicate")
    if runs.min() < runs.max():
        often = f"{runs.min()} to {often}"
    yield "networks trained", f"{words.counted(len(study.candidates), 'candidate')}, {often} each"
    yield "recipe", f"{recipe.epochs} epochs, batch size {recipe.batch_size}, {recipe.optimizer!r}"
    yield "question", f"tolerance {words.points(plan.tolerance)}, confidence {words.level(plan.confidence)}"
    yield "seed", f"{recipe.seed}; the network handed over is of replicate {study.replicate}"
    yield (
        "versions",
        ", ".join(f"{name} {number}" for name, number in {**made["versions"], "Python": made["python"]}.items()),
    )
    yield "machine", shown(made["machine"])
    yield "folder", shown(study.folder)


def _again(study: Study) -> str:
    """The command as it was typed; a study asked from Python has none, and says what to call."""
    program, *rest = study.environment["command"]
    name = PurePath(program).name
    if name in ("why128", "__main__.py"):
        return shlex.join(["why128", *rest])
    return "why128.study(data, plan)   # in Python, with the data of this fingerprint and the plan below"


def _plan(study: Study) -> str:
    return "\n".join(f"{key} = {value!r}" for key, value in study.plan.document().items())
