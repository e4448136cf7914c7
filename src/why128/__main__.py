"""The entrance of `why128`, and of `python -m why128`: from here on a signal is an end like any other."""

import sys

from why128.cli.signals import INTERRUPTED, TERMINATED, Terminated, ignore, listen


def main() -> None:
    """Run the command line, and exit with its status."""
    try:
        listen()
        from why128.cli.main import main as run  # click: a tenth of a second, in which Ctrl-C may come
    except (KeyboardInterrupt, Terminated) as stop:
        ignore()
        terminated = isinstance(stop, Terminated)
        sys.stderr.write(f"why128: {'terminated' if terminated else 'stopped'}\n")
        sys.exit(TERMINATED if terminated else INTERRUPTED)
    run()


if __name__ == "__main__":
    main()
