"""`why128 data [NAME]`: known data sets, and fetching one."""

from __future__ import annotations

import click

from why128.cli.output import document, json_option
from why128.errors import shown


@click.command(epilog="Example: why128 data   or   why128 data mnist")
@click.argument("name", required=False)
@json_option
def command(name, as_json):
    """List the known data sets and where each was found; with NAME, fetch it unless it is here."""
    from why128.data.catalogue import known
    from why128.data.download import fetch

    if name is not None:
        place = str(fetch(name))
        document({"name": name, "path": place}) if as_json else click.echo(f"{shown(name)}: {shown(place)}")
        return
    found = [(one, one.find()) for one in known()]
    if as_json:
        document(
            [
                {
                    "name": one.name,
                    "description": one.description,
                    "classes": list(one.classes),
                    "path": path and str(path),
                }
                for one, path in found
            ]
        )
        return
    for one, path in found:
        click.echo(
            f"{one.name:<15} {one.description}\n{'':<15} {'found: ' + shown(path) if path else 'not here; fetch it with: why128 data ' + one.name}"
        )
