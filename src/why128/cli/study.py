"""`why128 study [DATA]`: the main job."""

from __future__ import annotations

import click

from why128.cli.output import document, json_option
from why128.cli.reading import open_source, reading_options
from why128.cli.recipe import DEFAULTS, recipe, recipe_options
from why128.errors import UsageError
from why128.studies import plan as plans


@click.command(epilog="Example: why128 study my-pictures --widths 0,8,32,128 --replicates 5")
@click.argument("data", default="sample")
@click.option(
    "--widths",
    default=",".join(map(str, plans.WIDTHS)),
    show_default=True,
    help="Numbers of neurons to try; 0 is none, 32x16 is two hidden layers.",
)
@click.option(
    "--replicates",
    type=int,
    default=plans.REPLICATES,
    show_default=True,
    help="Times that every width is trained, each with its own luck.",
)
@recipe_options(DEFAULTS.batch_size)
@click.option(
    "--tolerance",
    type=float,
    default=plans.TOLERANCE,
    show_default=True,
    help="Points of accuracy that you would give up for a smaller network.",
)
@click.option(
    "--confidence",
    type=float,
    default=plans.CONFIDENCE,
    show_default=True,
    help="How sure the answer must be, as a share of 1.",
)
@click.option("--workers", type=int, help="Cohorts trained at a time; by default one a core.")
@click.option("--out", type=click.Path(), help="The study's folder; by default a new one in why128-studies/.")
@reading_options
@json_option
def command(data, workers, out, size, skip_bad, as_json, **asked):
    """How many neurons are enough for DATA?

    DATA is a folder with one sub-folder a class, an IDX, CSV or NPZ file, or a known name (see why128 data); by default
    the built-in sample of Fashion-MNIST.  Trains every width several times and ends with the verdict.
    """
    if workers is not None and workers < 1:
        raise UsageError(f"--workers: expected a whole number of at least 1, got {workers}")
    plan = _plan(**asked)
    images = open_source(data, size, skip_bad)

    from why128.cli.display import show, watched
    from why128.report.answer import Answer
    from why128.studies.store import new_folder
    from why128.studies.study import study

    with watched(plan, images) as tell:
        answer = Answer(study(plan, images, out or new_folder(images.name), tell, workers))
    document(answer.document()) if as_json else show(answer)


def _plan(widths, activation, replicates, tolerance, confidence, **training):
    return plans.Plan(
        plans.candidates(widths, activation), replicates, recipe(**training), tolerance=tolerance, confidence=confidence
    )
