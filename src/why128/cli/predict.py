"""`why128 predict MODEL IMAGE...`: what a network says of pictures, and why."""

from __future__ import annotations

import click

from why128.cli.output import document, json_option, warn
from why128.errors import UsageError, shown

SHOWN_CLASSES = 3  # probabilities printed for a picture; --json has them all
PICTURE = ".png"


@click.command(
    epilog="Example: why128 predict enough.keras shoe.png coat.jpg   or   why128 predict enough.keras shoe.png --explain"
)
@click.argument("model", type=click.Path())
@click.argument("images", nargs=-1, required=True, type=click.Path())
@click.option("--explain", is_flag=True, help="Say why: which neurons fired, and how each moved the scores.")
@click.option(
    "--out", type=click.Path(), help="With --explain and one image: a PNG file of what speaks for the answer on it."
)
@json_option
def command(model, images, explain, out, as_json):
    """Label and probabilities for image files, prepared as the network's own training pictures were."""
    from why128.formats import aside, keras_file
    from why128.prediction import documents, predict
    from why128.prediction import explain as explained

    _check(images, explain, out)
    if out is not None:
        aside.check(out)
    network = keras_file.load(model)
    reasons = [explained(network, path) for path in images] if explain else []
    answers = [one.prediction for one in reasons] if explain else [predict(network, path) for path in images]
    warn(warning for answer in answers for warning in answer.warnings)
    classes = tuple(answers[0].probabilities)

    from why128.atlas import why

    if out is not None:
        aside.write(out, why.picture(reasons[0].explanation, reasons[0].pixels, classes))
    if as_json:
        found = documents(answers)
        for one, reason in zip(found, reasons, strict=False):
            one["explanation"] = why.document(reason.explanation, classes)
        document(found)
        return
    for number, answer in enumerate(answers):
        likely = sorted(answer.probabilities.items(), key=lambda item: -item[1])[:SHOWN_CLASSES]
        click.echo(
            f"{shown(answer.file)}: {shown(answer.label)} ({', '.join(f'{shown(name)} {100 * p:.1f} %' for name, p in likely)})"
        )
        for line in why.lines(reasons[number].explanation, classes) if explain else ():
            click.echo(f"  {line}")


def _check(images, explain, out):
    if out is None:
        return
    if not explain or len(images) != 1:
        raise UsageError("--out: expected --explain and one image; it is a picture of what speaks for one answer")
    if not out.lower().endswith(PICTURE):
        raise UsageError(f"--out: expected a path that ends in {PICTURE}, got '{shown(out)}'")
