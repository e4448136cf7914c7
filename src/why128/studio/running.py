"""Running the studio: its key, its socket, and what is said when it listens."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from why128.data.catalogue import cache
from why128.errors import InputRefused, shown
from why128.formats import keras_file
from why128.serve.guard import LOCAL, Door
from why128.serve.server import TOKEN, Address, bound, listen
from why128.studies.store import is_begun
from why128.studio.app import LIMITS, Studio, application
from why128.studio.shelf import Shelf
from why128.studio.uploading import Uploads


def run(named: str | None, port: int, tell: Callable[[str, str], None]) -> None:
    """Answer the page until a signal comes; `tell` hears its address without and with the key, once it listens.

    `named` is a study's folder or a network's file to begin with.  Raises InputRefused where it is neither, SurroundingsError
    where the port is taken.
    """
    studio = _opened(named)
    with bound(Address(port=port)) as listening:
        number = listening.getsockname()[1]
        door = Door(LOCAL, number, key(), cookie=f"why128-{number}")
        guard = application(studio, door)
        tell(f"http://127.0.0.1:{number}/", f"http://127.0.0.1:{number}/?key={door.token}")
        try:
            listen(guard, listening, LIMITS, studio.stop)
        finally:
            studio.stop()


def _opened(named: str | None) -> Studio:
    here = Path.cwd()
    if named is None:
        return Studio(Shelf(here), Uploads(here))
    path = Path(named).absolute()
    if path.is_dir() and is_begun(path):
        return Studio(Shelf(here, path), Uploads(here), first={"study": path.name})
    if path.is_file():
        keras_file.load(path)  # what is none is refused before anything is opened
        return Studio(Shelf(here), Uploads(here), models=[str(path)], first={"model": str(path)})
    raise InputRefused(
        f"{shown(named)}: expected the folder of a study, or a network's .keras file, found neither",
        hint="why128 studio alone shows the studies of this folder",
    )


def key() -> str:
    """This user's key, made once: a page that is open stays so when the studio is started again.

    Kept where only this user reads it; where it cannot be kept, another is made each time.
    """
    path = cache() / "studio-key"
    try:
        kept = path.read_text("ascii").strip()
        if len(kept) >= TOKEN and not path.stat().st_mode & 0o077:
            return kept
    except (OSError, ValueError):
        pass
    made = secrets.token_urlsafe(TOKEN)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(made)
    except OSError:
        pass
    return made
