"""`why128 train [DATA]`: one network."""

from __future__ import annotations

from dataclasses import replace

import click

from why128.cli.output import document, json_option, say
from why128.cli.reading import open_source, reading_options
from why128.cli.recipe import ACTIVATION, recipe, recipe_options
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
@click.option(
    "--dropout",
    type=float,
    default=0.0,
    show_default=True,
    help="Share of each hidden layer's neurons dropped at each step.",
)
@click.option("--weight-decay", type=float, help="Decoupled, as in Keras; by default the optimizer's own.")
@click.option(
    "--resample", is_flag=True, help="Learn from the images that this replicate of a study with --resample drew."
)
@click.option("--tuned", is_flag=True, help="Learn from what a study that tries several settings leaves to learn from.")
@click.option("--save", type=click.Path(dir_okay=False), help="Write the network to this .keras file.")
@reading_options
@json_option
def command(data, replicate, resample, tuned, save, reading, as_json, **asked):
    """Train one network on DATA (by default the built-in sample), the textbook's if nothing else is asked for."""
    candidate, how = _asked(**asked)
    if replicate < 0:
        raise UsageError(f"--replicate: expected a whole number of at least 0, got {replicate}")
    if save is not None:
        from why128.formats import keras_file

        keras_file.check_target(save)
    images = open_source(data, reading)

    from why128.engine import keep_programs
    from why128.report import documents, words
    from why128.single import train

    keep_programs()

    def tell(epoch, logs):
        say(f"epoch {epoch + 1}/{how.epochs} - " + " - ".join(f"{name}: {value:.4f}" for name, value in logs.items()))

    trained = train(images, candidate, how, replicate, tell, resample=resample, tuned=tuned)
    if save is not None:
        keras_file.save(trained.network, save)
    if as_json:
        document(images.summary() | documents.training(trained, save))
        return
    click.echo(f"{shown(images.name)}: {words.hidden(candidate)}, {trained.network.parameters:,} parameters")
    click.echo(words.trained(trained))
    if save is not None:
        click.echo(f"saved: {shown(save)}")


def _asked(hidden, activation, dropout, weight_decay, **training):
    candidate = plans.hidden(hidden, ACTIVATION if activation is None else activation)
    return replace(candidate, dropout=dropout, weight_decay=weight_decay), recipe(**training)
