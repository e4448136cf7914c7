"""`why128 neurons MODEL`: what each hidden neuron sees, is worth and costs."""

from __future__ import annotations

from pathlib import Path

import click

from why128.cli.output import document, json_option
from why128.cli.reading import beside, images_for, reading_options
from why128.errors import UsageError, shown

PAGE = "-neurons.html"  # after the network's own name, where nothing is asked for


@click.command(
    epilog="Example: why128 neurons enough.keras --out neurons.png   or   why128 neurons why128-studies/sample-1"
)
@click.argument("model", metavar="MODEL_OR_STUDY", type=click.Path())
@click.option("--data", help="Labelled images to look at; by default those that it learned from, where they are found.")
@click.option(
    "--out", type=click.Path(), help=f"The file to write: .html, .png or .csv; by default MODEL's name with {PAGE}."
)
@reading_options
@json_option
def command(model, data, out, reading, as_json):
    """For every hidden neuron of MODEL: what it looks for, when it fires, what is lost without it, and what is odd about it.

    Written as one HTML file that opens with no network; --json prints every number instead, and writes only what --out names.
    Of a STUDY, the folder of one: which neurons all its networks learned, and which are luck.
    """
    if Path(model).is_dir():
        _of_study(model, data, out, reading, as_json)
        return

    from why128.atlas.atlas import check_ending
    from why128.formats import aside, keras_file

    file = beside(model, out, PAGE)
    check_ending(file)
    aside.check(file)
    network = keras_file.load(model)

    images = images_for(network, model, data, reading, "neurons")

    from why128.sequential import Sequential

    atlas = Sequential.of(network).neurons(images)
    if not as_json or out is not None:
        atlas.save(file)
    if as_json:
        document(atlas.document())
        return
    click.echo(str(atlas))
    click.echo(f"written: {shown(file)}")


def _of_study(folder, data, out, reading, as_json):
    if out is not None:
        raise UsageError("--out: expected a network's file before it, got a study, of which nothing is written")

    from why128.recurring import recurring
    from why128.report import documents, words
    from why128.studies.study import CHOSEN, read

    study = read(folder)
    network = study.network
    images = images_for(network, study.folder / CHOSEN, data, reading, "neurons")
    found = recurring(study, images)
    if as_json:
        document(documents.recurring(found))
        return
    for line in words.recurring(found):
        click.echo(line)
