"""`Atlas`: the ledger of a network's neurons, as a person holds it."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from why128.atlas import words
from why128.atlas.page import page
from why128.atlas.sheet import contact_sheet
from why128.atlas.table import comma_separated, document
from why128.errors import UsageError, shown
from why128.formats import aside
from why128.neurons.ledger import Ledger, Neuron
from why128.webpage import safe

WRITERS: dict[str, Callable[[Ledger], bytes]] = {
    ".html": lambda ledger: page(ledger).encode("utf-8"),
    ".png": contact_sheet,
    ".csv": lambda ledger: comma_separated(ledger).encode("utf-8"),
}
LINES = 20  # of a printed table


class Atlas:
    """What each hidden neuron sees, is worth and costs; `print` shows it, a notebook shows its pictures, `save` writes it."""

    def __init__(self, ledger: Ledger):
        self.ledger = ledger

    @property
    def neurons(self) -> tuple[Neuron, ...]:
        """Every hidden neuron, layer by layer."""
        return self.ledger.neurons

    def rows(self) -> list[dict[str, str]]:
        """Each neuron's line in words, by its headings."""
        return [words.cells(self.ledger, neuron) for neuron in self.neurons]

    def document(self) -> dict[str, Any]:
        """Every number (docs/json.md)."""
        return document(self.ledger)

    def save(self, path: str | os.PathLike) -> None:
        """Write it: a page (.html), a picture of all neurons (.png), or a table (.csv).  An older file is replaced.

        Raises UsageError for another ending, SurroundingsError where the disk refuses.
        """
        check_ending(path)
        aside.write(path, WRITERS[Path(path).suffix.lower()](self.ledger))

    def __str__(self) -> str:
        return "\n".join(
            [
                words.headline(self.ledger),
                words.judged(self.ledger),
                *words.summary(self.ledger),
                words.costs(self.ledger),
                "",
                *self.lines(),
            ]
        )

    def lines(self, most: int = LINES) -> list[str]:
        """A table of those that are worth most."""
        best = sorted(self.neurons, key=lambda one: -one.lost.mean)[:most]
        rows = [list(words.COLUMNS), *(list(words.cells(self.ledger, one).values()) for one in best)]
        wide = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        left = {list(words.COLUMNS).index(name) for name in ("prefers", "speaks for", "lost most", "flags")}
        found = [
            "  ".join(
                f"{c:<{w}}" if i in left else f"{c:>{w}}" for i, (c, w) in enumerate(zip(row, wide, strict=True))
            ).rstrip()
            for row in rows
        ]
        more = len(self.neurons) - len(best)
        return [*found, *([f"… and {more:,} more, each worth less"] if more else [])]

    def _repr_html_(self) -> str:
        data = base64.b64encode(contact_sheet(self.ledger)).decode("ascii")
        said = "".join(f"<li>{safe(one)}</li>" for one in words.summary(self.ledger))
        opening = f"<p><b>{safe(words.headline(self.ledger))}.</b> {safe(words.judged(self.ledger))}</p><ul>{said}</ul>"
        return f'{opening}<img alt="what every neuron looks for" src="data:image/png;base64,{data}">'


def check_ending(path: str | os.PathLike) -> None:
    """Raises UsageError for a file that no atlas can be written as: asked before the work, not after it."""
    ending = Path(path).suffix.lower()
    if ending not in WRITERS:
        got = shown(repr(ending)) if ending else "no ending"
        raise UsageError(
            f"{shown(path)}: expected a path that ends in {', '.join(WRITERS)}, got {got}",
            hint="for example neurons.html",
        )
