"""Why this answer: one image's explanation in words, as JSON, and as a picture."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from why128.data.images import as_bytes
from why128.errors import shown
from why128.neurons.explaining import Explanation
from why128.neurons.pictures import coloured

MOST = 5  # neurons named on either side
SIDE, MARGIN, LINE = 224, 12, 16  # pixels of the picture's parts


def lines(found: Explanation, classes: Sequence[str]) -> list[str]:
    """What speaks for the answer, and for the runner-up."""
    answer = shown(classes[found.answer])
    if found.runner_up is None:
        return [
            f"score {found.scores[0]:.2f}, of which the bias is {found.bias[0]:.2f}; {len(found.fired)} of {len(found.driven)} neurons fired"
        ]
    rival = shown(classes[found.runner_up])
    scores = f"scores: {answer} {found.scores[found.answer]:.2f}, {rival} {found.scores[found.runner_up]:.2f}"
    if not len(found.driven):
        return [
            f"scores: {answer} {found.scores[found.answer]:.2f}, {rival} {found.scores[found.runner_up]:.2f}; there are no hidden neurons"
        ]
    margin = found.parts[:, found.answer] - found.parts[:, found.runner_up]
    order = np.argsort(-margin, kind="stable")
    ahead = found.bias[found.answer] - found.bias[found.runner_up]
    return [
        f"{scores}; {len(found.fired)} of {len(found.driven)} neurons fired",
        f"for {answer} rather than {rival}: {_named(order, margin, 1)}; bias {ahead:+.2f}",
        f"for {rival} rather than {answer}: {_named(order[::-1], margin, -1)}",
        f"enough to decide it: {len(found.carrying)} of the neurons ({', '.join(map(str, found.carrying[:MOST]))}{', …' * (len(found.carrying) > MOST)})",
    ]


def _named(order: np.ndarray, margin: np.ndarray, sign: int) -> str:
    named = [f"neuron {j} {sign * margin[j]:+.2f}" for j in order[:MOST] if sign * margin[j] > 0]
    return ", ".join(named) or "none"


def document(found: Explanation, classes: Sequence[str]) -> dict[str, Any]:
    """Every number (docs/json.md)."""
    return {
        "class_scores": dict(zip(classes, found.scores.tolist(), strict=True)),
        "class_biases": dict(zip(classes, found.bias.tolist(), strict=True)),
        "runner_up": None if found.runner_up is None else classes[found.runner_up],
        "fired": found.fired.tolist(),
        "neurons": found.parts.tolist(),
        "enough": list(found.carrying),
    }


def picture(found: Explanation, pixels: np.ndarray, classes: Sequence[str]) -> bytes:
    """The image (height, width, channels) as the network sees it, and beside it what speaks for the answer, as a PNG file."""
    parts = [Image.fromarray(as_bytes(pixels)).convert("RGB")]
    said = ["as the network sees it"]
    if found.pixels is not None and found.runner_up is not None:
        values = found.pixels.mean(-1)
        parts.append(Image.fromarray(coloured(values / (np.abs(values).max() or 1.0))))
        said.append(f"red: for {classes[found.answer]}; blue: for {classes[found.runner_up]}")
    sheet = Image.new("RGB", (len(parts) * (SIDE + MARGIN) + MARGIN, SIDE + 2 * MARGIN + LINE), "white")
    draw = ImageDraw.Draw(sheet)
    for place, (part, text) in enumerate(zip(parts, said, strict=True)):
        scale = SIDE / max(part.size)
        size = max(1, round(part.width * scale)), max(1, round(part.height * scale))
        left = MARGIN + place * (SIDE + MARGIN)
        sheet.paste(part.resize(size, Image.Resampling.NEAREST), (left, MARGIN))
        draw.text((left, MARGIN + SIDE + 4), "".join(c if c.isprintable() else "?" for c in text)[:40], "black")
    file = io.BytesIO()
    sheet.save(file, "PNG")
    return file.getvalue()
