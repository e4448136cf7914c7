"""One HTML file that opens with no network: what every page has in common.

A policy in the page forbids the browser to load anything whatever, and to run anything but the page's own script, by its hash.
"""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Sequence
from importlib.resources import files

FOOTER = "<footer><p>Made by why128.  This page loads nothing from anywhere and sends nothing.</p></footer>"


def safe(text: object) -> str:
    """A text that can mean nothing to a browser but itself."""
    return html.escape(str(text))


def document(title: str, style: str, body: Sequence[str], script: str = "") -> str:
    """The whole page: `style` after what all pages share, `body` piece by piece, and the one script that it may run."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    runs = f" script-src 'sha256-{digest}';" if script else ""
    policy = f"default-src 'none'; img-src data:; style-src 'unsafe-inline';{runs} base-uri 'none'; form-action 'none'"
    shared = files("why128").joinpath("webpage.css").read_text("utf-8")
    own = [f"<script>{script}</script>"] if script else []
    head = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{safe(title)}</title>
<style>
{shared}{style}</style>
</head>"""
    return "\n".join([head, "<body>", *body, *own, "</body>", "</html>", ""])
