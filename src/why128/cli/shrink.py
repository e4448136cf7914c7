"""`why128 shrink MODEL`: a smaller network with nearly the same answers."""

from __future__ import annotations

import click

from why128.cli.output import document, json_option
from why128.cli.reading import beside, images_for, reading_options
from why128.errors import shown

NAME = "-small.keras"  # after the network's own name, where nothing is asked for


@click.command(
    epilog="Example: why128 shrink textbook.keras --tolerance 0.5   or   why128 shrink textbook.keras --to 32"
)
@click.argument("model", type=click.Path())
@click.option("--to", help="Neurons to keep of each hidden layer, such as 32 or 64,32.")
@click.option("--tolerance", type=float, help="Points of accuracy that may be lost.  [default: 0.5]")
@click.option("--max-bytes", type=int, help="The most bytes that its weights may take, as float32.")
@click.option(
    "--epochs",
    type=int,
    default=0,
    show_default=True,
    help="Times that the smaller network learns from every image again.",
)
@click.option(
    "--seed", type=int, default=0, show_default=True, help="Fixes the order of images, where it learns again."
)
@click.option("--data", help="Labelled images; by default those that it learned from, where they are found.")
@click.option("--out", type=click.Path(), help=f"The .keras file to write; by default MODEL's name with {NAME}.")
@reading_options
@json_option
def command(model, to, tolerance, max_bytes, epochs, seed, data, out, reading, as_json):
    """Write a network with fewer of MODEL's hidden neurons, what the others gave made up for.

    Dead neurons, constants and twins go first, at no change in any answer; then those whose removal costs least.
    """
    from why128.formats import aside, keras_file

    file = beside(model, out, NAME)
    keras_file.check_ending(file)
    aside.check(file)
    network = keras_file.load(model)

    images = images_for(network, model, data, reading, "shrink")

    from why128.report import documents, words
    from why128.resizing import own_study, shrink
    from why128.studies.plan import neurons

    wanted = (
        None
        if to is None
        else neurons(to.lower().replace("x", ",").split(","), "--to", "32, or 64,32 for two layers", "--to 32")
    )
    made = shrink(network, images, wanted, tolerance, max_bytes, epochs, seed, own_study(model))
    keras_file.save(made.network, file)
    if as_json:
        document(documents.shrunk(made, file))
        return
    for line in words.shrunk(made):
        click.echo(line)
    click.echo(f"written: {shown(file)}: {file.stat().st_size:,} bytes")
