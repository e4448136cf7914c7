"""`why128 grow MODEL`: a wider network that answers the same to start with."""

from __future__ import annotations

import click

from why128.cli.output import document, json_option
from why128.cli.reading import beside, images_for, reading_options
from why128.errors import shown

NAME = "-wide.keras"  # after the network's own name, where nothing is asked for


@click.command(epilog="Example: why128 grow enough.keras --to 256 --epochs 5")
@click.argument("model", type=click.Path())
@click.option("--to", type=int, required=True, help="Neurons that the layer is to have.")
@click.option("--layer", type=int, default=1, show_default=True, help="Which hidden layer, from 1.")
@click.option("--epochs", type=int, default=0, show_default=True, help="Times that it then learns from every image.")
@click.option(
    "--seed", type=int, default=0, show_default=True, help="Fixes which neurons are copied, and the order of images."
)
@click.option(
    "--data", help="Labelled images to learn from; by default those that it learned from, where they are found."
)
@click.option("--out", type=click.Path(), help=f"The .keras file to write; by default MODEL's name with {NAME}.")
@reading_options
@json_option
def command(model, to, layer, epochs, seed, data, out, reading, as_json):
    """Write MODEL with more neurons in one hidden layer: copies of those it has, sharing what each gave, so that no answer changes."""
    from why128.formats import aside, keras_file

    file = beside(model, out, NAME)
    keras_file.check_ending(file)
    aside.check(file)
    network = keras_file.load(model)

    from why128.report import documents, words
    from why128.resizing import grow

    images = None
    if epochs:
        images = images_for(network, model, data, reading, "grow")
    made = grow(network, to, layer, images, epochs, seed)
    keras_file.save(made, file)
    if as_json:
        document(documents.grown(network, made, file))
        return
    click.echo(words.grown(network, made, epochs))
    click.echo(f"written: {shown(file)}: {file.stat().st_size:,} bytes")
