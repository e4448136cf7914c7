"""`why128 predict MODEL IMAGE...`: what a network says of pictures."""

from __future__ import annotations

import click

from why128.cli.output import document, json_option, warn
from why128.errors import shown

SHOWN_CLASSES = 3  # probabilities printed for a picture; --json has them all


@click.command(epilog="Example: why128 predict enough.keras shoe.png coat.jpg")
@click.argument("model", type=click.Path())
@click.argument("images", nargs=-1, required=True, type=click.Path())
@json_option
def command(model, images, as_json):
    """Label and probabilities for image files, prepared as the network's own training pictures were."""
    from why128.formats import keras_file
    from why128.prediction import documents, predict

    network = keras_file.load(model)
    answers = [predict(network, path) for path in images]
    warn(warning for answer in answers for warning in answer.warnings)
    if as_json:
        document(documents(answers))
        return
    for answer in answers:
        likely = sorted(answer.probabilities.items(), key=lambda item: -item[1])[:SHOWN_CLASSES]
        click.echo(
            f"{shown(answer.file)}: {shown(answer.label)} ({', '.join(f'{shown(name)} {100 * p:.1f} %' for name, p in likely)})"
        )
