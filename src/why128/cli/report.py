"""`why128 report STUDY`: a study as one page, or one of its charts as a picture."""

from __future__ import annotations

from pathlib import Path

import click

from why128.cli.output import document, json_option
from why128.errors import InputRefused, UsageError, shown

PAGE = "report.html"  # in the study's own folder, where nothing is asked for
PICTURES = (".png", ".svg")


@click.command(epilog="Example: why128 report why128-studies/sample-1 --chart accuracy --out accuracy.png")
@click.argument("study", type=click.Path(), required=False)
@click.option("--out", type=click.Path(), help=f"The file to write; by default {PAGE} in the study's folder.")
@click.option("--chart", help="Write this chart alone; the ending of --out, .png or .svg, says how.")
@click.option("--list", "listing", is_flag=True, help="List the charts, and write nothing.")
@json_option
def command(study, out, chart, listing, as_json):
    """Write STUDY, the folder of a study, as one HTML file that opens with no network; or one of its charts.

    A report can always be written again: an older file of the same name is replaced.
    """
    if listing:
        _list(as_json)
        return
    if study is None:
        raise UsageError("report: expected the folder of a study, got none", hint="why128 study named it at its end")
    file = _file(study, out, chart)
    if out is None and file.is_symlink():
        raise InputRefused(
            f"{shown(file)}: expected a study's own file, found a link; nothing was changed",
            hint="say with --out where to write",
        )

    from why128.formats import aside
    from why128.report.answer import Answer
    from why128.report.charts.figures import figure
    from why128.report.page import page
    from why128.report.rendering import png, svg
    from why128.studies.study import read

    found = read(study)
    aside.check(file)
    if chart is None:
        content = page(Answer(found)).encode("utf-8")
    else:
        drawn = figure(found, chart).specification
        content = png(drawn) if file.suffix.lower() == ".png" else svg(drawn, chart).encode("utf-8")
    aside.write(file, content)
    document({"report": str(file), "chart": chart}) if as_json else click.echo(f"written: {shown(file)}")


def _file(study: str, out: str | None, chart: str | None) -> Path:
    """The file to write; raises UsageError where its ending does not fit what is asked for."""
    wanted = (".html", ".htm") if chart is None else PICTURES
    file = Path(out) if out is not None else Path(study) / (PAGE if chart is None else f"{chart}{PICTURES[0]}")
    if file.suffix.lower() not in wanted:
        what = "a report" if chart is None else "a chart"
        raise UsageError(
            f"--out: expected {what} to end in {' or '.join(wanted)}, got '{shown(file.name)}'",
            hint="--chart NAME writes a chart as a picture"
            if chart is None
            else "without --chart the whole report is written",
        )
    return file


def _list(as_json: bool) -> None:
    from why128.report.charts.figures import ABOUT

    if as_json:
        document([{"chart": name, "shows": shows} for name, shows in ABOUT.items()])
        return
    for name, shows in ABOUT.items():
        click.echo(f"  {name:<12} {shows}")
