"""The few pieces of HTML that a report is made of.  Every text goes through `safe`: names may come from anywhere."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image

from why128.report.charts.table import Table
from why128.webpage import safe

SIDE = 112  # pixels that a picture is shown at, and the most that are kept of a large one


def paragraph(text: str | None, kind: str = "") -> str:
    """A paragraph; nothing for nothing."""
    return f"<p{_kind(kind)}>{safe(text)}</p>" if text else ""


def section(name: str, heading: str, *parts: str) -> str:
    """A section with its heading, to which a link can lead; nothing where there is nothing to say."""
    body = "\n".join(filter(None, parts))
    return (
        f'<section aria-labelledby="{name}">\n<h2 id="{name}">{safe(heading)}</h2>\n{body}\n</section>' if body else ""
    )


def table(found: Table, caption: str, kind: str = "", marked: int | None = None) -> str:
    """A table that scrolls by itself on a narrow screen; the row `marked` stands out."""
    head = "".join(f'<th scope="col">{safe(heading)}</th>' for heading in found.headings)
    rows = []
    for k, (first, *rest) in enumerate(found.rows):
        cells = "".join(f"<td>{safe(cell)}</td>" for cell in rest)
        rows.append(f'<tr{_kind("enough" if k == marked else "")}><th scope="row">{safe(first)}</th>{cells}</tr>')
    body = f"<thead><tr>{head}</tr></thead>\n<tbody>\n" + "\n".join(rows) + "\n</tbody>"
    return scrolling(f'<table{_kind(kind)} aria-label="{safe(caption)}">\n{body}\n</table>', caption)


def scrolling(inner: str, label: str, kind: str = "") -> str:
    """What may be wider than the screen, in a box that the keyboard can reach and move."""
    kinds = f"scroll {kind}".strip()
    return f'<div class="{kinds}" tabindex="0" role="region" aria-label="{safe(label)}">{inner}</div>'


def details(summary: str, inner: str) -> str:
    """What is folded away until asked for."""
    return f"<details><summary>{safe(summary)}</summary>\n{inner}\n</details>"


def items(texts: list[str], kind: str = "") -> str:
    """A list of pieces that are HTML already."""
    return f"<ul{_kind(kind)}>\n" + "\n".join(f"<li>{text}</li>" for text in texts) + "\n</ul>" if texts else ""


def picture(pixels: np.ndarray, says: str) -> str:
    """A small picture, (height, width) or (height, width, 3) bytes, inside the page, with a text for who cannot see it."""
    image = Image.fromarray(pixels)
    image.thumbnail((SIDE, SIDE))
    file = io.BytesIO()
    image.save(file, "PNG")
    data = base64.b64encode(file.getvalue()).decode("ascii")
    return f'<img src="data:image/png;base64,{data}" alt="{safe(says)}" width="{SIDE}" height="{SIDE}">'


def _kind(kind: str) -> str:
    return f' class="{kind}"' if kind else ""
