"""The entrance: `why128 COMMAND`, its lazy commands, and what becomes of every fault.

A command's module is imported when it is called, and the heavy libraries inside it later still, so that help comes at once.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from why128 import __version__
from why128.cli.output import close, complain, say
from why128.cli.signals import INTERRUPTED, TERMINATED, Terminated, ignore, listen
from why128.errors import SurroundingsError, UsageError, Why128Error, shown

COMMANDS = {
    "study": "How many neurons are enough for these images?",
    "train": "Train one network, by default the textbook's.",
    "evaluate": "Accuracy of a network on labelled images.",
    "predict": "What a network says of image files.",
    "report": "A study as one page, or one of its charts as a picture.",
    "neurons": "What each hidden neuron sees, is worth and costs.",
    "shrink": "A smaller network with nearly the same answers.",
    "grow": "A wider network with the same answers, to learn on from.",
    "serve": "Predictions over HTTP.",
    "studio": "The local web page: watch the question being answered.",
    "export": "A network in another format: ONNX, TFLite, plain C, NPZ, JSON.",
    "inspect": "What is in a data set, or in a network's file.",
    "data": "Known data sets, and where each was found.",
}


class Commands(click.Group):
    """A group that imports a command when it is called, and lists them without importing any."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        return importlib.import_module(f"why128.cli.{name}").command if name in COMMANDS else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example: why128 study fashion-mnist   (or just: why128 study)",
)
@click.version_option(__version__, prog_name="why128")
def why128() -> None:
    """How many neurons are enough?  why128 answers with evidence, from your own labelled images."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit with its status."""
    listen()
    status = _status(arguments)
    ignore()
    sys.exit(_flushed(status))


def _status(arguments: Sequence[str] | None) -> int:
    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        why128.main(given or ["--help"], prog_name="why128", standalone_mode=False)
        return 0
    except Why128Error as refusal:
        return complain(refusal)
    except click.exceptions.Exit as wanted:
        return wanted.exit_code
    except click.ClickException as wrong:
        return complain(UsageError(shown(wrong.format_message(), 400), hint=_help_hint(wrong)))
    except (KeyboardInterrupt, click.Abort):
        say("why128: stopped")
        return INTERRUPTED
    except Terminated:
        say("why128: terminated")
        return TERMINATED
    except BrokenPipeError:
        close(sys.stdout)  # whoever read has left: say no more
        return 0
    except SystemExit:  # click's and rich's own answer to the same, after they made standard output deaf
        return 0
    except OSError as refused:
        return _unsaid(refused)
    except MemoryError:
        return complain(
            SurroundingsError(
                "memory: there is not enough for this", hint="try fewer or smaller images, or fewer widths"
            )
        )
    except Exception as fault:
        if os.environ.get("WHY128_DEBUG"):
            raise
        return complain(
            Why128Error(
                f"a fault of ours: {type(fault).__name__}: {shown(fault, 400)}",
                hint="please report it; WHY128_DEBUG=1 shows where it happened",
            )
        )


def _help_hint(wrong: click.ClickException) -> str | None:
    context = getattr(wrong, "ctx", None)
    return f"see {context.command_path} --help" if context else None


def _unsaid(refused: OSError) -> int:
    """What the system refused; where it is standard output, nothing more is tried, also not when Python ends."""
    if refused.filename is None:
        close(sys.stdout)
    where = "standard output" if refused.filename is None else shown(refused.filename)
    return complain(SurroundingsError(f"{where}: {refused.strerror or shown(refused)}"))


def _flushed(status: int) -> int:
    try:
        if sys.stdout is not None:  # it is none where it was closed before we began
            sys.stdout.flush()
    except BrokenPipeError:
        close(sys.stdout)
    except OSError as refused:
        return _unsaid(refused)
    return status
