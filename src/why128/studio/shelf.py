"""The studies of a folder: which there are, which run, and how one is begun, paused, named and deleted.

A study that the page starts is the command line's own process, which writes into its own folder; the studio only remembers
which processes it started.  Whoever else runs one there is seen by the lock that it holds.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from why128.errors import InputRefused, SurroundingsError, UsageError, shown
from why128.studies.store import PROGRESS, STUDIES, is_begun, is_written, new_folder

MOST_NAME = 60  # characters
SAID = 4000  # bytes of the last words of a process
PATIENCE = 5.0  # seconds that a study gets to keep what it has, when it is paused
DELETED = ".deleted-"  # before the name of what is being deleted
WATCHED = ("study.db", "study.db-wal", PROGRESS)


@dataclass
class Running:
    """A study's process that was started here."""

    process: subprocess.Popen
    said: IO[bytes]  # what it says on standard error
    pausing: bool = False

    @property
    def words(self) -> list[str]:
        """Its last lines."""
        end = os.fstat(self.said.fileno()).st_size
        raw = os.pread(self.said.fileno(), SAID, max(0, end - SAID))
        return raw.decode("utf-8", "replace").splitlines()

    def forget(self) -> None:
        """It is not asked about any more."""
        self.process.poll()
        self.said.close()

    @property
    def complaint(self) -> str | None:
        """Why it ended, where it did not end well; None where it did, or runs, or was paused."""
        status = self.process.poll()
        if not status or self.pausing:
            return None
        errors = [line.removeprefix("why128: error: ") for line in self.words if line.startswith("why128: error: ")]
        hints = [line.removeprefix("why128: hint: ") for line in self.words if line.startswith("why128: hint: ")]
        if errors:
            return errors[-1] + (f" ({hints[-1]})" if hints else "")
        ended = f"by signal {-status}" if status < 0 else f"with status {status}"
        return f"the study's process was ended {ended}; what it had trained is kept"


class Shelf:
    """The studies under one folder, and one more that was named."""

    def __init__(self, beside: Path, named: Path | None = None):
        self.root = beside / STUDIES
        self.named = named
        self.running: dict[str, Running] = {}
        for left in self.root.glob(f"{DELETED}*"):  # by a studio that was killed
            if not left.is_symlink():
                shutil.rmtree(left, ignore_errors=True)

    def names(self) -> list[str]:
        """Every study's name, the latest first."""
        try:
            with os.scandir(self.root) as entries:
                found = [(one.stat(follow_symlinks=False).st_mtime, one.name) for one in entries if self._is_one(one)]
        except OSError:
            found = []
        names = [name for _, name in sorted(found, reverse=True)]
        begun = [name for name in self.running if name not in names]
        named = [self.named.name] if self.named and self.named.parent != self.root else []
        return [*begun, *named, *names]

    def _is_one(self, entry: os.DirEntry) -> bool:
        plain = entry.is_dir(follow_symlinks=False) and not entry.name.startswith(".")
        return plain and (is_begun(entry.path) or entry.name in self.running)

    def folder(self, name: str) -> Path:
        """A study's folder.  Raises InputRefused where there is none of this name."""
        if self.named and name == self.named.name and self.named.parent != self.root:
            return self.named
        plain = name and name == Path(name).name and not name.startswith(".") and "\0" not in name
        if not plain or not (name in self.running or is_begun(self.root / name)):
            raise InputRefused(f"{shown(name, 80)}: no study of this name", hint="it may have been renamed or deleted")
        return self.root / name

    def glance(self) -> list[tuple[str, str]]:
        """Every study's name and state."""
        return [(name, self.state(name)) for name in self.names()]

    def state(self, name: str) -> str:
        """ "starting", "running" (here), "elsewhere" (it runs, and was not started here), "still", or "failed"."""
        folder, own = self.folder(name), self.running.get(name)
        if own and own.process.poll() is None:
            return "running" if is_begun(folder) else "starting"
        if own and own.complaint:
            return "failed"
        return "elsewhere" if is_written(folder) else "still"

    def signature(self, name: str) -> tuple:
        """Changes whenever a study's state or results do."""
        folder = self.folder(name)
        seen = []
        for file in WATCHED:
            try:
                found = os.stat(folder / file)
                seen.append((found.st_mtime_ns, found.st_size))
            except OSError:
                seen.append((0, 0))
        return (self.state(name), *seen)

    def begin(self, data_name: str, data: str, options: Sequence[str]) -> str:
        """Start a study of these images; gives its name.  Raises SurroundingsError where no process can be started."""
        folder = new_folder(data_name, self.root)
        while folder.name in self.running:
            folder = new_folder(f"{data_name}-{secrets.token_hex(2)}", self.root)
        self._start(folder.name, ["study", data, *options, "--out", str(folder)])
        return folder.name

    def go_on(self, name: str) -> None:
        """Go on with a study that was stopped.  Raises UsageError where it runs."""
        if self.state(name) in ("running", "starting", "elsewhere"):
            raise UsageError(f"{shown(name, 80)}: it runs already")
        self._start(name, ["study", "--resume", str(self.folder(name))])

    def _start(self, name: str, arguments: list[str]) -> None:
        with ExitStack() as stack:
            try:
                self.root.mkdir(parents=True, exist_ok=True)
                said = stack.enter_context(tempfile.TemporaryFile())
                process = subprocess.Popen(
                    [sys.executable, "-m", "why128", *arguments],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=said,
                    start_new_session=True,  # Ctrl-C is the studio's to hear
                )
            except OSError as fault:
                raise SurroundingsError(
                    f"{shown(self.root)}: no study can be started here ({shown(fault.strerror or fault)})",
                    hint="free some space or memory",
                ) from None
            stack.pop_all()  # what it says is read as long as it is known
        self._forget(name)
        self.running[name] = Running(process, said)

    def pause(self, name: str) -> None:
        """Stop a study; what it has is kept.  Raises UsageError where it was not started here."""
        own = self.running.get(name)
        if self.state(name) == "elsewhere":
            raise UsageError(
                f"{shown(name, 80)}: it was not started here, and can only be stopped where it was",
                hint="press Ctrl-C in its terminal; here it can be gone on with then",
            )
        if own and own.process.poll() is None:
            own.pausing = True
            own.process.terminate()

    def rename(self, name: str, new: str) -> str:
        """Give a study another name.  Raises UsageError where it cannot have it."""
        folder = self._still(name)
        plain = new.strip()
        if (
            not plain
            or plain != Path(plain).name
            or plain.startswith(".")
            or len(plain) > MOST_NAME
            or not plain.isprintable()
        ):
            raise UsageError(
                f"name: expected at most {MOST_NAME} characters without / and not beginning with a dot, got '{shown(new, 80)}'"
            )
        if os.path.lexists(folder.parent / plain):
            raise UsageError(f"name: '{shown(plain)}' is taken", hint="choose another")
        folder.rename(folder.parent / plain)
        self._forget(name)
        if self.named == folder:
            self.named = folder.parent / plain
        return plain

    def delete(self, name: str) -> None:
        """Remove a study's folder.  Raises UsageError while it runs, or for one outside this folder."""
        own = self.running.get(name)
        if own is not None and own.process.poll() is not None and not is_begun(self.root / name):
            self._forget(name)  # it never began: there is nothing else of it
            return
        folder = self._still(name)
        if folder.parent != self.root:
            raise UsageError(f"{shown(name, 80)}: it lies elsewhere ({shown(folder)}); delete it there")
        gone = self.root / f"{DELETED}{secrets.token_hex(6)}"
        folder.rename(gone)  # at once, whatever becomes of the rest
        shutil.rmtree(gone, ignore_errors=True)
        self._forget(name)

    def _still(self, name: str) -> Path:
        folder = self.folder(name)
        if self.state(name) in ("running", "starting", "elsewhere"):
            raise UsageError(f"{shown(name, 80)}: it runs at this moment", hint="pause it first")
        return folder

    def end(self) -> None:
        """Pause what was started here, and wait a little until it has kept what it has."""
        going = [own for own in self.running.values() if own.process.poll() is None]
        for own in going:
            own.pausing = True
            own.process.terminate()
        end = time.monotonic() + PATIENCE
        while any(own.process.poll() is None for own in going) and time.monotonic() < end:
            time.sleep(0.05)
        for own in going:
            if own.process.poll() is None:
                own.process.kill()  # its checkpoints are a tenth of a second old
                own.process.wait()
        for name in list(self.running):
            self._forget(name)

    def _forget(self, name: str) -> None:
        if name in self.running:
            self.running.pop(name).forget()
