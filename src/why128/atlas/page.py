"""The atlas: every neuron on one HTML file that opens with no network, to sort and to filter.

The one script in it is the page's own, by its hash; a policy forbids the browser anything else, and to load anything whatever.
"""

from __future__ import annotations

import base64
import json
from importlib.resources import files
from typing import Any

import numpy as np

from why128.atlas import words
from why128.atlas.sheet import COLUMNS, sheet, small
from why128.data.images import as_bytes
from why128.neurons.ledger import Ledger, Neuron
from why128.webpage import FOOTER, document, safe

MOST, LEAST = 6, 2  # images shown of those that excite a neuron most, and least
SHOWN, TILE = 46, 40  # pixels a side of a picture in the table, and in the mosaic
SORTED = {  # heading: the key that it sorts by, and whether that is a text
    "neuron": ("place", False), "fires": ("fires", False), "prefers": ("prefers", True), "selectivity": ("selectivity", False),
    "speaks for": ("speaks", True), "lost": ("lost", False), "lost most": ("worst", False), "flags": ("flags", True),
}  # fmt: skip


def page(ledger: Ledger) -> str:
    """The whole atlas."""
    script, style = (files("why128.atlas").joinpath(name).read_text("utf-8") for name in ("page.js", "page.css"))
    pictures = _Pictures(ledger)
    body = [
        _opening(ledger),
        "<main>",
        _mosaic(ledger, pictures),
        _controls(ledger),
        _table(ledger, pictures),
        _dialog(),
        "</main>",
    ]
    data = f'<script type="application/json" id="by-class">{_by_class(ledger)}</script>'
    return document(words.headline(ledger), style + pictures.style, [*body, FOOTER, data], script)


class _Pictures:
    """All pictures as a few sheets, from which the page cuts each by its place."""

    def __init__(self, ledger: Ledger):
        used = sorted({place for one in ledger.neurons for place in (*one.most[:MOST], *one.least[:LEAST])})
        self._places = {image: place for place, image in enumerate(used)}
        self._sizes: dict[str, tuple[int, int]] = {}
        sheets = {"seen": [small(as_bytes(ledger.images.pixels[image])) for image in used]}
        for number, looks in enumerate(ledger.looks, 1):
            sheets[f"layer{number}"] = [small(looks.picture(neuron)) for neuron in range(len(looks.weights))]
        self.style = "".join(self._sheet(name, found) for name, found in sheets.items() if found)

    def _sheet(self, name: str, found: list[np.ndarray]) -> str:
        self._sizes[name] = found[0].shape[1], found[0].shape[0]
        data = base64.b64encode(sheet(found)).decode("ascii")
        across = min(COLUMNS, len(found))
        return f".{name} {{ background-image: url(data:image/png;base64,{data}); --across: {across}; }}\n"

    def weights(self, ledger: Ledger, neuron: Neuron, side: int, says: str = "") -> str:
        """What a neuron looks for."""
        return self._cut(f"layer{neuron.layer}", neuron.number, side, len(ledger.of(neuron.layer)), says)

    def image(self, image: int, says: str) -> str:
        """One of the images looked at."""
        return self._cut("seen", self._places[image], SHOWN, len(self._places), says)

    def _cut(self, name: str, place: int, side: int, count: int, says: str) -> str:
        width, height = self._sizes[name]
        scale = side / max(width, height)
        wide, high = round(width * scale), round(height * scale)
        row, column = divmod(place, COLUMNS)
        across = min(COLUMNS, count)
        told = f' role="img" aria-label="{safe(says)}"' if says else ' aria-hidden="true"'
        return (
            f'<span class="pic {name}"{told} style="width:{wide}px;height:{high}px;background-size:{wide * across}px auto;'
            f'background-position:-{column * wide}px -{row * high}px"></span>'
        )


def _opening(ledger: Ledger) -> str:
    said = "".join(f"<li>{safe(one)}</li>" for one in words.summary(ledger))
    return f"""<header>
<p class="eyebrow">What does each neuron do?</p>
<h1>{safe(words.headline(ledger))}</h1>
<p>{safe(words.judged(ledger))}</p>
<ul>{said}</ul>
<p class="quiet">{safe(words.costs(ledger))}</p>
</header>"""


def _mosaic(ledger: Ledger, pictures: _Pictures) -> str:
    parts = []
    for layer in range(1, len(ledger.widths) + 1):
        tiles = []
        for neuron in ledger.of(layer):
            called, odd = words.name(ledger, neuron), neuron.flags.words()
            label = f"neuron {called}" + (f", {', '.join(odd)}" if odd else "")
            cut = pictures.weights(ledger, neuron, TILE)
            tiles.append(
                f'<a href="#n{called}" aria-label="{safe(label)}" title="{safe(label)}"{" class=odd" * bool(odd)}>{cut}</a>'
            )
        composed = ledger.looks[layer - 1].composed
        heading = f"<h3>Layer {layer}</h3>" if len(ledger.widths) > 1 else ""
        note = (
            '<p class="quiet">Composed: its weights times those of the layers before, as if nothing bent in between.</p>'
            if composed
            else ""
        )
        parts.append(f'{heading}{note}<div class="mosaic">{"".join(tiles)}</div>')
    legend = (
        '<p class="legend"><span>against</span><span class="bar" role="img" aria-label="colours from blue by white to red"></span>'
        "<span>for</span></p><p class=quiet>White is nothing; one scale for all of a layer. An outline marks what is odd.</p>"
    )
    return (
        f'<section aria-labelledby="glance"><h2 id="glance">What they look for</h2>{legend}{"".join(parts)}</section>'
    )


def _controls(ledger: Ledger) -> str:
    flags = "".join(f'<option value="{flag}">{flag}</option>' for flag in words.FLAGS)
    classes = "".join(f'<option value="{safe(name)}">{safe(name)}</option>' for name in ledger.classes)
    layers = "".join(f'<option value="{layer}">{layer}</option>' for layer in range(1, len(ledger.widths) + 1))
    layer = f'<label>Layer <select data-filter="layer"><option value="">all</option>{layers}</select></label>' * (
        len(ledger.widths) > 1
    )
    return f"""<section aria-labelledby="ledger"><h2 id="ledger">The ledger</h2>
<div class="controls">
<label>Flag <select data-filter="flag"><option value="">all</option><option value="none">none</option>{flags}</select></label>
<label>Prefers <select data-filter="prefers"><option value="">all classes</option>{classes}</select></label>
{layer}
<label>Number <input data-filter="number" inputmode="decimal" size="6" autocomplete="off"></label>
<span id="told" class="quiet" role="status"></span>
</div>"""


def _table(ledger: Ledger, pictures: _Pictures) -> str:
    head = []
    for heading, about in words.COLUMNS.items():
        key, text = SORTED[heading]
        label = "points lost" if heading == "lost" else heading
        first = ' aria-sort="ascending"' if key == "place" else ""
        kind = ' class="words"' if text else ""
        head.append(
            f'<th scope="col" data-key="{key}"{kind}{first} title="{safe(about)}"><button>{label}</button></th>'
        )
        if heading == "neuron":
            head.append(
                '<th scope="col">looks for</th><th scope="col" class="words">excited most by</th><th scope="col" class="words">least by</th>'
            )
    head.append('<th scope="col">by class</th>')
    rows = "\n".join(_row(ledger, pictures, place, neuron) for place, neuron in enumerate(ledger.neurons))
    return f"""<div class="scroll" tabindex="0" role="region" aria-label="Every neuron">
<table aria-label="Every neuron">
<thead><tr>{"".join(head)}</tr></thead>
<tbody>
{rows}
</tbody></table></div></section>"""


def _row(ledger: Ledger, pictures: _Pictures, place: int, neuron: Neuron) -> str:
    cells, worst = words.cells(ledger, neuron), words.worst_class(neuron)
    data = {
        "place": place, "name": cells["neuron"], "layer": neuron.layer, "fires": neuron.fires, "prefers": cells["prefers"],
        "selectivity": neuron.selectivity or 0, "speaks": cells["speaks for"], "lost": neuron.lost.mean,
        "worst": 0 if worst is None else worst[1].mean, "flags": ",".join(neuron.flags.words()),
    }  # fmt: skip
    marks = " ".join(f'data-{key}="{safe(value)}"' for key, value in data.items())
    most, least = (
        "".join(pictures.image(one, _label(ledger, one)) for one in some)
        for some in (neuron.most[:MOST], neuron.least[:LEAST])
    )
    return (
        f'<tr id="n{cells["neuron"]}" {marks}><th scope="row">{cells["neuron"]}</th>'
        f"<td>{pictures.weights(ledger, neuron, SHOWN, words.looks(ledger, neuron))}</td>"
        f'<td class="images">{most}</td><td class="images">{least}</td>'
        f'<td>{cells["fires"]}</td><td class="words">{safe(cells["prefers"])}</td><td>{cells["selectivity"]}</td>'
        f'<td class="words">{safe(cells["speaks for"])}</td><td>{cells["lost"]}</td><td class="words">{safe(cells["lost most"])}</td>'
        f'<td class="words flag">{safe(cells["flags"])}</td>'
        f'<td><button data-of="{place}" aria-label="neuron {cells["neuron"]} by class">…</button></td></tr>'
    )


def _label(ledger: Ledger, image: int) -> str:
    return ledger.classes[int(ledger.images.labels[image])]


def _dialog() -> str:
    return """<dialog aria-labelledby="own"><button class="close">Close</button><h3 id="own"></h3>
<div class="scroll" tabindex="0" role="region" aria-label="Class by class"><table><thead><tr><th scope="col">class</th><th scope="col">fires</th>
<th scope="col">speaks for it</th><th scope="col">points lost</th></tr></thead><tbody></tbody></table></div></dialog>"""


def _by_class(ledger: Ledger) -> str:
    """What the page says of a neuron when it is asked, class by class; no text in it can end its element."""
    found: dict[str, Any] = {"classes": list(ledger.classes), "neurons": []}
    for neuron in ledger.neurons:
        found["neurons"].append({"name": words.name(ledger, neuron), **words.by_class(neuron)})
    return json.dumps(found, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
