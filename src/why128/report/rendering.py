"""A chart's specification as a picture: SVG, PNG, or what a notebook shows.

The renderer (vl-convert) carries Vega-Lite and its own fonts and runs no browser; it is allowed no address at all.  It holds
Python's lock while it draws, so it has no place in a server's process.
"""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import vl_convert

VERSION = "6.4"  # of Vega-Lite: what look.SCHEMA promises, in the form that this renderer knows
SCALE = 2.0  # pixels of a PNG for each of the specification: sharp on today's screens and on paper
SVG = "http://www.w3.org/2000/svg"
KEPT = ("width", "height", "viewBox", "version")  # of the outermost element
# Names of marks, roles, and what only a mouse would feel: a picture with a text of its own needs none of them.
NEEDLESS = re.compile("class|role|aria-.*|pointer-events|font-family")


def png(specification: dict[str, Any], scale: float = SCALE) -> bytes:
    """The chart as a PNG file: the same bytes on every machine."""
    return vl_convert.vegalite_to_png(specification, vl_version=VERSION, scale=scale, allowed_base_urls=[])


def svg(specification: dict[str, Any], name: str = "chart", titled: bool = True) -> str:
    """The chart as an SVG element, which is a file too; `name` begins all its ids, so that many can stand on one page.

    Not `titled`, its title is not drawn: for a page that says it above.

    For a screen reader it is one picture with the description as its text; nothing in it refers to anything outside.
    """
    shown = {key: value for key, value in specification.items() if titled or key != "title"}
    drawn = vl_convert.vegalite_to_svg(shown, vl_version=VERSION, allowed_base_urls=[])
    root = ElementTree.fromstring(drawn)
    kept = {key: root.attrib[key] for key in KEPT if key in root.attrib}
    font = specification["config"]["font"]
    _plain(root)
    _own_ids(root, name)
    root.attrib.clear()
    root.attrib.update(kept | {"font-family": font, "role": "img", "aria-labelledby": f"{name}-title {name}-text"})
    for tag, text in (("text", specification["description"]), ("title", _title(specification))):
        element = ElementTree.Element(f"{{{SVG}}}{'desc' if tag == 'text' else tag}", {"id": f"{name}-{tag}"})
        element.text = text
        root.insert(0, element)
    ElementTree.register_namespace("", SVG)
    return ElementTree.tostring(root, encoding="unicode")


def mimebundle(specification: dict[str, Any]) -> dict[str, Any]:
    """The chart for a notebook: a picture, and its text where no picture can be shown."""
    return {"image/png": png(specification), "text/plain": f"{_title(specification)}\n{specification['description']}"}


def _title(specification: dict[str, Any]) -> str:
    return " ".join(specification["title"]["text"])


def _plain(root: ElementTree.Element) -> None:
    """Takes out what nobody sees: labels hidden because others are in their way would still be found and copied."""
    for parent in list(root.iter()):
        for child in list(parent):
            if child.get("display") == "none" or (child.tag == f"{{{SVG}}}text" and child.get("opacity") == "0"):
                parent.remove(child)
        for key in [key for key in parent.attrib if NEEDLESS.fullmatch(key)]:
            del parent.attrib[key]


def _own_ids(root: ElementTree.Element, name: str) -> None:
    """Ids, counted from 1 so that the same chart is the same text, and what refers to them within the picture."""
    ids = [element.attrib["id"] for element in root.iter() if "id" in element.attrib]
    own = {old: f"{name}-{number}" for number, old in enumerate(ids, 1)}
    for element in root.iter():
        for key, value in element.attrib.items():
            if key == "id":
                element.set(key, own[value])
            elif "url(" in value:
                element.set(
                    key, re.sub(r"url\(['\"]?#([^)'\"]+)['\"]?\)", lambda found: f"url(#{own[found[1]]})", value)
                )
