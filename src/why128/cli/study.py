"""`why128 study [DATA]`: the main job."""

from __future__ import annotations

import os
from contextlib import nullcontext
from dataclasses import asdict, replace

import click
from click.core import ParameterSource

from why128.cli.output import document, json_option, say
from why128.cli.reading import Asked, open_source, reading_options
from why128.cli.recipe import ACTIVATION, DEFAULTS, options, recipe, recipe_options
from why128.cli.signals import Terminated
from why128.errors import InputRefused, SurroundingsError, UsageError, shown
from why128.studies import asked
from why128.studies import plan as plans
from why128.studies.budget import Budget
from why128.studies.until import Until, limit

candidate_options = options(
    click.option(
        "--widths",
        help="Numbers of neurons to try; 0 is none, 32x16 is two hidden layers.  "
        f"By default {','.join(map(str, plans.WIDTHS))}.",
    ),
    click.option(
        "--hidden",
        multiple=True,
        help="Hidden layers to try, such as 128,64.  Given once and without --widths: that shape from an eighth to twice "
        "its size.  Given more often: these.  With --widths: these too.",
    ),
    click.option("--activations", help="Activations to compare, such as relu,tanh,gelu: every network with each."),
    click.option(
        "--learning-rates",
        help="Learning rates to try, such as 0.0003,0.001,0.003.  Every network gets its own best setting, chosen on "
        f"{plans.TUNING_SHARE:.0%} of the images to learn from, which then neither train nor judge.",
    ),
    click.option("--dropouts", help="Shares of neurons to drop, such as 0,0.2: settings, as the learning rates are."),
    click.option("--weight-decays", help="Weight decays to try, such as 0,0.0001: settings likewise."),
)

question_options = options(
    click.option(
        "--replicates",
        type=int,
        default=plans.REPLICATES,
        show_default=True,
        help="Times that every width is trained, each with its own luck.",
    ),
    click.option(
        "--resample", is_flag=True, help="Let each replicate draw its own four fifths of the images to learn from."
    ),
    click.option(
        "--tolerance",
        type=float,
        default=plans.TOLERANCE,
        show_default=True,
        help="Points of accuracy that you would give up for a smaller network.",
    ),
    click.option(
        "--confidence",
        type=float,
        default=plans.CONFIDENCE,
        show_default=True,
        help="How sure the answer must be, as a share of 1.",
    ),
)

budget_options = options(
    click.option("--max-neurons", type=int, help="Answer within so many hidden neurons."),
    click.option(
        "--max-bytes",
        metavar="SIZE",
        help="Answer within this size of the parameters as float32: 64KB (1,000 bytes each), 64KiB, 2MB.",
    ),
    click.option("--max-latency", metavar="TIME", help="Answer within this time for one image: 50us, 1ms."),
)


stopping_options = options(
    click.option(
        "--until-settled",
        is_flag=True,
        help="Stop when it is known: begin with every second width and few replicates, and add where the question is "
        "open.  --replicates does not count then.",
    ),
    click.option(
        "--budget",
        metavar="LIMIT",
        help="The most that --until-settled may spend (and implies it): 60s, 5min or 200-networks.",
    ),
)


@click.command(epilog="Example: why128 study my-pictures --widths 0,8,32,128 --replicates 5")
@click.argument("data", default="sample")
@candidate_options
@question_options
@budget_options
@stopping_options
@recipe_options(DEFAULTS.batch_size)
@click.option(
    "--workers",
    type=int,
    help="Cohorts trained at a time; by default one a core. An accelerator trains what its memory holds.",
)
@click.option(
    "--on",
    metavar="ADDRESS",
    help="Train on a Dask cluster: tcp://HOST:PORT or tls://HOST:PORT, its scheduler; or dask: workers of its own on this "
    "machine.  It takes why128[cluster].",
)
@click.option("--out", type=click.Path(), help="The study's folder; by default a new one in why128-studies/.")
@click.option(
    "--resume",
    metavar="FOLDER",
    type=click.Path(),
    help="Go on with a study that was stopped, to the same answer; it knows its plan and its data.  The same command "
    "given again does so too.",
)
@click.option(
    "--dry-run", is_flag=True, help="Say how many networks, how long and how much memory it would take, and do nothing."
)
@reading_options
@json_option
@click.pass_context
def command(ctx, data, workers, on, out, resume, dry_run, reading, as_json, until_settled, budget, **wanted):
    """How many neurons are enough for DATA?

    DATA is a folder with one sub-folder a class, an IDX, CSV or NPZ file, or a known name (see why128 data); by default
    the built-in sample of Fashion-MNIST.  Trains every width several times and ends with the verdict.
    """
    if workers is not None and workers < 1:
        raise UsageError(f"--workers: expected a whole number of at least 1, got {workers}")
    from why128.studies import hiring

    hiring.check(on)
    ctx.with_resource(_only_here(on) if dry_run else hiring.getting_ready(on))
    if resume is not None:
        plan, until, images, source = _resumed(ctx, resume, data)
    else:
        plan = _plan(**wanted)
        until = limit(budget) if budget is not None else Until() if until_settled else None
        images = open_source(data, reading)
        source = {"data": _lasting(data), **asdict(reading)}
    plan = plan.on(images)
    if dry_run:
        _foretell(plan, images, workers, until, as_json)
        return

    from why128.cli.display import show, watched
    from why128.report.answer import Answer
    from why128.studies.conduct import study
    from why128.studies.resuming import own_folder
    from why128.studies.store import going_on, is_begun

    folder = resume or out or own_folder(plan, images, until)
    try:
        with watched(plan, images, settling=until is not None) as tell:
            answer = Answer(study(plan, images, folder, tell, workers, until, source, on))
    except (KeyboardInterrupt, Terminated):
        if is_begun(folder):
            say(f"what was trained is kept; go on with: {going_on(folder)}")
        raise
    document(answer.document()) if as_json else show(answer)


def _only_here(on):
    """Nothing to get ready for a dry run; raises UsageError where it is not of this machine."""
    if on is not None:
        raise UsageError(
            f"--dry-run: expected to train on this machine, got --on {on}",
            hint="how fast a cluster is shows only when it trains",
        )
    return nullcontext()


def _foretell(plan, images, workers, until, as_json):
    """What the study would take, and nothing done."""
    from why128.cli.display import title
    from why128.report import documents, words
    from why128.studies.forecast import foresee

    found = foresee(plan, images, workers, until)
    if as_json:
        document(documents.forecast(plan, images, found))
    else:
        click.echo(title(plan, images, until is not None))
        click.echo(words.forecast(found))


def _resumed(ctx: click.Context, folder: str, data: str):
    """The plan, the limits and the data of a study that was stopped, and how the data is opened."""
    from why128.studies.resuming import again
    from why128.studies.store import going_on

    given = {name for name in ctx.params if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE}
    other = sorted(given - {"resume", "data", "workers", "on", "as_json"})
    if other:
        raise UsageError(
            f"--resume: expected no other options than --workers, --on and --json, got --{other[0].replace('_', '-')}",
            hint="the study knows its plan; to change it, begin another",
        )
    asked = again(folder)
    source = dict(asked.source or asdict(Asked()))
    if "data" in given:
        source["data"] = _lasting(data)
    if "data" not in source:
        raise UsageError(
            f"{shown(folder)}: its data was given as arrays; expected DATA too",
            hint=going_on(folder, "DATA"),
        )
    try:
        images = open_source(source["data"], Asked.of(source))
    except (InputRefused, SurroundingsError) as refused:
        refused.hint = f"nothing is lost; say where the data is now: {going_on(folder, 'DATA')}"
        raise
    return asked.plan, asked.until, replace(images, name=asked.name), source


def _lasting(data: str) -> str:
    """A name as it is, a path as one that holds wherever one is."""
    from why128.data.download import by_name

    return data if by_name(data) else os.path.abspath(data)


def _plan(replicates, resample, tolerance, confidence, max_neurons, max_bytes, max_latency, **candidates_and_training):
    candidates, settings, training = _tried(**candidates_and_training)
    return plans.Plan(
        candidates,
        replicates,
        recipe(**training),
        tolerance,
        confidence,
        settings,
        resample,
        Budget.of(max_neurons, max_bytes, max_latency),
    )


def _tried(widths, hidden, activation, activations, learning_rates, dropouts, weight_decays, **training):
    """The candidates and settings asked for, and what is left for the recipe."""
    _either("--activation", activation, "--activations", activations)
    _either("--learning-rate", training["learning_rate"], "--learning-rates", learning_rates)
    names = asked.names(next(given for given in (activations, activation, ACTIVATION) if given is not None))
    return asked.ladder(widths, hidden, names), asked.settings(learning_rates, dropouts, weight_decays), training


def _either(one, given, other, also_given):
    if given is not None and also_given is not None:
        raise UsageError(f"{one} and {other}: expected one of the two, got both")
