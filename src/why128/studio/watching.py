"""What the page shows of one study, whether it runs, was stopped, or has ended: made from its folder alone."""

from __future__ import annotations

from dataclasses import asdict
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np

from why128.errors import UsageError, Why128Error, shown
from why128.report import words
from why128.report.answer import HEADINGS, Answer
from why128.report.charts.figures import FIGURES, Figure
from why128.report.charts.learning import learning, under_way
from why128.report.charts.table import Table
from why128.report.rendering import svg
from why128.report.sections import PARTS
from why128.studies import store
from why128.studies.progress import Standing, standing
from why128.studies.resuming import again
from why128.studies.store import going_on, is_begun
from why128.studies.study import Study, read, so_far

LIVE = ("accuracy", "curves")  # charts of a study that runs: they are drawn anew again and again
ALL = tuple(name for _, names in PARTS.values() for name in names)

Blobs = dict[str, bytes]  # by key: what the page fetches by itself


def watched(folder: str, state: str, signature: tuple) -> tuple[dict[str, Any], Blobs]:
    """A study for the page; `state` is what the shelf says of it.  Never raises for what lies in the folder: it says so."""
    if not is_begun(folder):
        return _bare(folder, state), {}
    try:
        if state in ("still", "failed") and _ended(folder, signature[1:3]):
            return _finished(folder, signature)
        return _unfinished(folder, "stopped" if state == "still" else state, signature[1:3])
    except Why128Error as refused:
        return _bare(folder, "damaged") | {"error": str(refused), "hint": refused.hint}, {}


def brief(folder: str, state: str, signature: tuple) -> dict[str, Any]:
    """A line of the list of studies, and of their comparison."""
    found = watched(folder, state, signature)[0]
    return {key: found.get(key) for key in ("name", "state", "headline", "subject", "error", "compared")}


@lru_cache(maxsize=64)
def _ended(folder: str, stamp: tuple) -> bool:
    """Whether a study has come to its end; read once for each state of its data base."""
    return "finished" in store.read(folder)[0]


@lru_cache(maxsize=64)
def _finished(folder: str, signature: tuple) -> tuple[dict[str, Any], Blobs]:
    return _told(read(folder), "finished", ALL)


def _unfinished(folder: str, state: str, stamp: tuple) -> tuple[dict[str, Any], Blobs]:
    now = standing(folder)
    document, blobs = _so_far(folder, stamp)
    document = document | {"state": state} | _progress(now)
    if document["figures"] or now is None or not any(value is not None for value in now.accuracies.values()):
        return document, blobs
    drawn, key, data = _drawn("accuracy", under_way(now.accuracies))
    return document | {"figures": [{**drawn, "key": key}], "candidates": list(now.accuracies)}, {key: data}


@lru_cache(maxsize=8)
def _so_far(folder: str, stamp: tuple) -> tuple[dict[str, Any], Blobs]:
    """What a folder's data base gives; drawn once for each state of it, however often one looks."""
    found = so_far(folder)
    if found is not None:
        return _told(found, "running", LIVE)
    return _bare(folder, "running") | {"subject": shown(again(folder).name), "going_on": going_on(folder)}, {}


def _bare(folder: str, state: str) -> dict[str, Any]:
    return {
        "name": Path(folder).name, "folder": folder, "state": state, "headline": None, "said": None, "subject": None, "figures": [],
        "candidates": [], "caveats": [], "readings": [], "rows": [], "tested": None, "progress": None, "enough": None,
    }  # fmt: skip


def _told(study: Study, state: str, names: tuple[str, ...]) -> tuple[dict[str, Any], Blobs]:
    answer, (headline, said) = Answer(study), words.parted(study)
    figures, blobs = [], {}
    for name in names:
        figure = FIGURES[name](study)
        if figure is not None:
            document, key, data = _of_figure(figure)
            blobs[key] = data
            figures.append({**document, "key": key})
    document = _bare(str(study.folder), state) | {
        "headline": headline,
        "said": said,
        "final": state == "finished",
        "subject": f"{shown(study.subject.name)}: {study.subject.images:,} images, {len(study.subject.classes)} classes",
        "tested": words.tested(study),
        "headings": HEADINGS.cells(),
        "rows": [{"cells": row.cells(), "mark": row.mark} for row in answer.rows()],
        "caveats": [str(one) for one in answer.caveats] if state == "finished" else [],
        "readings": [one.text for one in answer.readings] if state == "finished" else [],
        "figures": figures,
        "candidates": list(study.evidence.labels),
        "enough": study.evidence.labels[study.verdict.enough] if study.answered else None,
        "compared": _compared(study, answer),
        "going_on": going_on(study.folder),
    }
    return document, blobs


def _compared(study: Study, answer: Answer) -> list[tuple[str, str]]:
    """What studies are compared by: each heading with its text."""
    runs = study.evidence.replicates
    between = "" if answer.interval is None else " to ".join(map(str, answer.interval))
    return [
        ("data", f"{shown(study.subject.name)}, {study.subject.images:,} images"),
        (
            "enough",
            f"{answer.enough if answer.enough is not None else '–'}{'' if answer.settled else ' (not settled)'}",
        ),
        ("between", between),
        ("accuracy", words.limits(study.verdict.accuracies[study.verdict.enough])),
        ("tolerance", words.points(study.plan.tolerance)),
        ("confidence", words.level(study.plan.confidence)),
        ("networks", f"{int(np.sum(runs)):,}"),
    ]


def _progress(now: Standing | None) -> dict[str, Any]:
    if now is None:
        return {"progress": None}
    return {"progress": {"said": words.under_way(now), "share": now.share, "now": now.accuracies}}


def learned(folder: str, candidate: str) -> tuple[dict[str, Any], Blobs]:
    """The learning curves of one candidate.  Raises InputRefused for what is no study, UsageError for no candidate of it."""
    found, now = so_far(folder), standing(folder)
    going, every = (now.curves.get(candidate, []), now.every) if now else ([], 1)
    seen: list[Any] = []
    unseen: list[Any] = []
    named = candidate
    if found is not None and candidate in found.evidence.labels:
        k = found.evidence.labels.index(candidate)
        named = words.neurons(found, k)
        curves = found.evidence.curves(k)
        seen, unseen = curves["accuracy"].tolist(), curves["val_accuracy"].tolist()
    elif not going:
        raise UsageError(
            f"candidate: no curve of '{shown(candidate, 40)}' is there yet", hint="wait for its first epoch"
        )
    drawn, key, data = _drawn("learning", learning(named, seen, unseen, going, every))
    return {**drawn, "key": key}, {key: data}


def _of_figure(figure: Figure) -> tuple[dict[str, Any], str, bytes]:
    document, key, data = _drawn(figure.name, figure.specification)
    return document | {"title": figure.title, "sentence": figure.sentence, "table": _table(figure.table)}, key, data


def _drawn(name: str, specification: dict[str, Any]) -> tuple[dict[str, Any], str, bytes]:
    data = svg(specification, name, titled=False).encode()
    root = ElementTree.fromstring(data)
    size = {side: float(root.attrib[side]) for side in ("width", "height")}
    title = " ".join(specification["title"]["text"])
    said = {"name": name, "title": title, "sentence": "", "alt": specification["description"], "table": None}
    return said | size, sha256(data).hexdigest()[:24], data


def _table(found: Table) -> dict[str, Any]:
    return asdict(found)


def networks(folder: str) -> list[dict[str, str]]:
    """The networks of a study: the one handed over, those made from it, and every trained one."""
    place = Path(folder)
    own = sorted(place.glob("*.keras"), key=lambda path: (path.name != "enough.keras", path.name))
    found = [{"path": str(path), "name": path.stem, "kind": "own"} for path in own]
    trained = sorted(place.glob("networks/*.keras"), key=lambda path: _order(path.stem))
    return found + [{"path": str(path), "name": path.stem, "kind": "trained"} for path in trained]


def _order(stem: str) -> tuple[int, str]:
    digits = "".join(c for c in stem.partition("-")[0] if c.isdigit())
    return int(digits or 0), stem
