"""`why128 evaluate MODEL DATA`: how often a network is right."""

from __future__ import annotations

import click

from why128.cli.output import document, json_option
from why128.cli.reading import open_like, reading_options
from why128.errors import shown


@click.command(epilog="Example: why128 evaluate textbook.keras fashion-mnist")
@click.argument("model", type=click.Path())
@click.argument("data")
@reading_options
@json_option
def command(model, data, reading, as_json):
    """Accuracy of MODEL on the labelled images of DATA: on its test part where it has one, else on all of it."""
    from why128.formats import keras_file

    network = keras_file.load(model)
    images = open_like(network, data, reading)

    from why128.judging import judge
    from why128.report import documents, words

    judged = judge(network, images)
    if as_json:
        document(documents.judging(judged))
        return
    click.echo(words.judged(judged))
    for name, (right, count) in judged.by_class.items():
        if count:
            click.echo(f"  {shown(name):<20} {words.percent(right / count):>8} of {count:,}")
