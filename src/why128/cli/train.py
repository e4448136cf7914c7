"""`why128 train [DATA]`: one network."""

from __future__ import annotations

import click

from why128.cli.output import document, json_option, say
from why128.cli.reading import open_source, reading_options
from why128.cli.recipe import recipe, recipe_options
from why128.errors import UsageError, shown
from why128.recipe import BATCH_SIZE
from why128.studies import plan as plans


@click.command(epilog="Example: why128 train fashion-mnist --hidden 128 --save textbook.keras")
@click.argument("data", default="sample")
@click.option(
    "--hidden",
    default="128",
    show_default=True,
    help="Neurons of each hidden layer, such as 128 or 128,64; 0 for none.",
)
@recipe_options(BATCH_SIZE)
@click.option(
    "--replicate",
    type=int,
    default=0,
    show_default=True,
    help="Which luck: with a study's seed, trains that study's trial again.",
)
@click.option("--save", type=click.Path(dir_okay=False), help="Write the network to this .keras file.")
@reading_options
@json_option
def command(data, hidden, activation, replicate, save, size, skip_bad, as_json, **training):
    """Train one network on DATA (by default the built-in sample), the textbook's if nothing else is asked for."""
    candidate = plans.hidden(hidden, activation)
    how = recipe(**training)
    if replicate < 0:
        raise UsageError(f"--replicate: expected a whole number of at least 0, got {replicate}")
    if save is not None:
        from why128.formats import keras_file

        keras_file.check_target(save)
    images = open_source(data, size, skip_bad)

    from why128.report import documents, words
    from why128.single import train

    def tell(epoch, logs):
        say(f"epoch {epoch + 1}/{how.epochs} - " + " - ".join(f"{name}: {value:.4f}" for name, value in logs.items()))

    trained = train(images, candidate, how, replicate, tell)
    if save is not None:
        keras_file.save(trained.network, save)
    if as_json:
        document(documents.training(trained, save))
        return
    click.echo(f"{shown(images.name)}: {words.neurons(candidate)}, {trained.network.parameters:,} parameters")
    click.echo(words.trained(trained))
    if save is not None:
        click.echo(f"saved: {shown(save)}")
