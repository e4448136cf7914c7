"""`why128 inspect DATA_OR_MODEL`: what is in it."""

from __future__ import annotations

import click

from why128.cli.output import document, json_option
from why128.cli.reading import open_source, reading_options
from why128.errors import shown


@click.command(epilog="Example: why128 inspect my-pictures   or   why128 inspect enough.keras")
@click.argument("source", metavar="DATA_OR_MODEL")
@reading_options
@json_option
def command(source, reading, as_json):
    """What is in a data set (images, classes, shapes, problems), or in a network's file (layers, parameters, bytes)."""
    from why128.formats import keras_file

    if keras_file.is_network_file(source):
        found = keras_file.summary(keras_file.load(source), source)
        lines = _network_lines(found)
    else:
        found = open_source(source, reading).summary()
        lines = _data_lines(found)
    if as_json:
        document(found)
        return
    for line in lines:
        click.echo(line)


def _network_lines(found: dict) -> list[str]:
    classes = (
        f"classes:    {', '.join(map(shown, found['classes']))}"
        if found["classes"]
        else "classes:    not named in the file"
    )
    return [
        f"input:      {' x '.join(map(str, found['input']))}",
        f"layers:     {' -> '.join(map(str, found['layers']))}",
        f"parameters: {found['parameters']:,}",
        f"file:       {found['bytes']:,} bytes",
        classes,
    ]


def _data_lines(found: dict) -> list[str]:
    wide = max(len(shown(name, 40)) for name in found["labels"])
    return [
        f"{shown(found['name'])}: {found['count']:,} images, {len(found['labels'])} classes, and {found['test_count']:,} test images",
        f"shape (height, width, channels): {' x '.join(map(str, found['shape']))}; pixels {found['scale']}",
        *(f"  {shown(name, 40):<{wide}}  {count:>8,}" for name, count in found["labels"].items()),
        *([f"skipped: {len(found['bad'])}"] if found["bad"] else []),
        f"fingerprint: {found['fingerprint']}",
    ]
