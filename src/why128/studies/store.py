"""A study's folder: `study.db` (SQLite) holds every trial's result as it arrives, `networks/` every trained network,
`checkpoints/` where the cohorts under way stand.

Takes rows, not plans: what a row means is the caller's.  Write-ahead logging, every transaction synced: what was
acknowledged survives a power cut.  A file `lock` is held by who writes, so that nobody else does.
"""

from __future__ import annotations

import fcntl
import json
import os
import shlex
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import astuple, dataclass, fields
from functools import cache
from itertools import count, takewhile
from pathlib import Path
from typing import IO, Any

from why128.data.files import opened
from why128.errors import InputRefused, SurroundingsError, UsageError, shown
from why128.formats import aside

APPLICATION = 0x77313238  # "w128", in SQLite's header: whose file this is
VERSION = 3  # of the schema
PROGRESS = "progress.json"  # how far it is, for who looks on (progress.py)
CHECKPOINTS = "checkpoints"  # the folder of these, within a study's
STUDIES = "why128-studies"  # where studies go that were given no folder
LONGEST = 4096  # characters of a path, on every system that has a limit: one that is to be typed is never cut
MOST_DIGITS = 20  # of a process's number, in the lock
HEADER = 100  # bytes of every SQLite file, in which it says whose it is, and of which version

# What a clock said is in a table of its own: all else is the same for the same question on the same machine.
SCHEMA = """
CREATE TABLE study (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE trials (
    candidate TEXT NOT NULL, setting INTEGER NOT NULL, replicate INTEGER NOT NULL, twin TEXT NOT NULL,
    parameters INTEGER NOT NULL, loss REAL, accuracy REAL NOT NULL, val_loss REAL,
    val_accuracy REAL NOT NULL, tuning REAL, hits BLOB NOT NULL, network TEXT NOT NULL,
    PRIMARY KEY (candidate, setting, replicate, twin)) WITHOUT ROWID;
CREATE TABLE times (
    candidate TEXT NOT NULL, setting INTEGER NOT NULL, replicate INTEGER NOT NULL, twin TEXT NOT NULL,
    seconds REAL NOT NULL, PRIMARY KEY (candidate, setting, replicate, twin)) WITHOUT ROWID;
CREATE TABLE epochs (
    candidate TEXT NOT NULL, setting INTEGER NOT NULL, replicate INTEGER NOT NULL, epoch INTEGER NOT NULL,
    loss REAL, accuracy REAL, val_loss REAL, val_accuracy REAL,
    PRIMARY KEY (candidate, setting, replicate, epoch)) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Trial:
    """One trained network, as a row."""

    candidate: str  # its label in the plan
    setting: int  # which of the plan's settings it was trained with
    replicate: int
    twin: str  # which part of its luck is the next replicate's: "initialisation", "order", "sample"; "" for none
    parameters: int
    loss: float
    accuracy: float  # on the images learned from, after training
    val_loss: float
    val_accuracy: float
    tuning: float | None  # accuracy on tuning images, where settings are compared
    hits: bytes  # which validation images were answered rightly, a bit each (numpy.packbits)
    network: str  # its file, relative to the folder; none for one that diverged
    seconds: float  # of training: its share of its cohort's


@dataclass(frozen=True)
class EpochRow:
    """One epoch of one trained network, as a row."""

    candidate: str
    setting: int
    replicate: int
    epoch: int
    loss: float
    accuracy: float
    val_loss: float
    val_accuracy: float


class Store:
    """The folder of one study, open for writing.  Use `with`: it closes the data base, and gives the lock back."""

    def __init__(self, folder: str | os.PathLike, notes: Mapping[str, Any] | None = None):
        """Begin a study in a folder that is new or empty, with these first notes; or go on with the one that is there.

        Raises UsageError where the folder holds something else, InputRefused for a study that is damaged or not of this
        version, SurroundingsError where it cannot be written, or another process is writing; then nothing was changed.
        """
        self.folder = Path(folder)
        self.checkpoints = self.folder / CHECKPOINTS
        _check_folder(self.folder)  # before anything is touched
        try:
            self.checkpoints.mkdir(parents=True, exist_ok=True)
            (self.folder / "networks").mkdir(exist_ok=True)
            self._lock = _locked(self.folder)
            self._open(notes or {})
        except (OSError, sqlite3.OperationalError) as fault:
            if isinstance(fault, SurroundingsError):
                raise
            raise SurroundingsError(
                f"{shown(self.folder)}: cannot write a study here ({shown(fault)})",
                hint="give another folder with --out",
            ) from None

    def _open(self, notes: Mapping[str, Any]) -> None:
        try:
            if not is_begun(self.folder):
                aside.write(self.folder / "study.db", _beginning(notes))
            self._database = sqlite3.connect(self.folder / "study.db", isolation_level=None)
        except BaseException:
            self._lock.close()
            raise
        try:
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=FULL")
        except BaseException:
            self._database.close()
            self._lock.close()
            raise

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(sqlite3.OperationalError):  # somebody reads at this moment: then it stays as it is
            self._database.execute("PRAGMA journal_mode=DELETE")  # one file, which opens on a disk that is read-only
        self._database.close()
        self._lock.close()

    def note(self, **values: Any) -> None:
        """Keep JSON values by name: the plan, the data, the verdict."""
        try:
            with _Transaction(self._database):
                self._database.executemany(NOTE, [(key, json.dumps(value)) for key, value in values.items()])
        except sqlite3.OperationalError as fault:
            raise self._refusal(fault) from None

    def tidy(self) -> None:
        """The checkpoints have served; what was being written when something ended it never will."""
        for left in [*self.checkpoints.glob("*.npz"), self.folder / PROGRESS, *self.folder.glob(f"**/{aside.PART}")]:
            with suppress(OSError):
                left.unlink()
        with suppress(OSError):  # somebody keeps something there
            self.checkpoints.rmdir()

    def add(self, trials: Iterable[Trial], epochs: Iterable[EpochRow]) -> None:
        """Keep finished trials with their epochs, all or none."""
        rows = [astuple(trial) for trial in trials]
        try:
            with _Transaction(self._database):
                self._database.executemany(_insert("trials", len(fields(Trial)) - 1), [row[:-1] for row in rows])
                self._database.executemany(_insert("times", 5), [(*row[:4], row[-1]) for row in rows])
                self._database.executemany(_insert("epochs", len(fields(EpochRow))), map(astuple, epochs))
        except sqlite3.OperationalError as fault:
            raise self._refusal(fault) from None

    def _refusal(self, fault: Exception) -> SurroundingsError:
        return SurroundingsError(
            f"{shown(self.folder)}: cannot write the study's results ({shown(fault)}); what was written before is safe",
            hint="free some space",
        )


NOTE = "INSERT OR REPLACE INTO study VALUES (?, ?)"


class _Transaction:
    """All or nothing, taking the writer's lock at once rather than in the middle."""

    def __init__(self, database: sqlite3.Connection):
        self.database = database

    def __enter__(self) -> None:
        self.database.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type | None, *_: object) -> None:
        if self.database.in_transaction:  # a full disk may have ended it already
            self.database.execute("ROLLBACK" if kind else "COMMIT")


def _insert(table: str, columns: int) -> str:
    return f"INSERT INTO {table} VALUES ({', '.join('?' * columns)})"


# ------------------------------------------------------------------ what is there already


def going_on(folder: str | os.PathLike, data: str = "") -> str:
    """What a person types to go on with the study in a folder; `data` where it must be given again."""
    return f"why128 study {data and data + ' '}--resume {shlex.quote(shown(folder, LONGEST))}"


def damaged(folder: str | os.PathLike, fault: Exception) -> InputRefused:
    """What is said of a study whose data base is sound, and what it says is not."""
    return InputRefused(f"{shown(folder)}: a damaged study ({shown(repr(fault))}); expected what why128 study wrote")


def holding(path: str | os.PathLike) -> Path | None:
    """The folder of the study in which a network's file lies: its enough.keras, or one of its networks/; None for another file."""
    return next((folder for folder in [*Path(path).absolute().parents][:2] if is_begun(folder)), None)


def is_begun(folder: str | os.PathLike) -> bool:
    """Whether a folder holds a data base: a study, or something that is none."""
    return os.path.lexists(Path(folder) / "study.db")


def _beginning(notes: Mapping[str, Any]) -> bytes:
    """The data base of a study that begins: written whole, it is never found half made."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript(SCHEMA)
        database.execute(f"PRAGMA application_id={APPLICATION}")
        database.execute(f"PRAGMA user_version={VERSION}")
        database.executemany(NOTE, [(key, json.dumps(value)) for key, value in notes.items()])
        database.commit()
        return database.serialize()


def _check_folder(folder: Path) -> None:
    """Raises UsageError where a folder holds something that is not a study's, and whatever `read` does."""
    if is_begun(folder):
        _check_links(folder)
        read(folder)
        return
    try:
        foreign = folder.exists() and (not folder.is_dir() or not all(map(_is_left, folder.iterdir())))
    except OSError:
        return  # what cannot be looked at cannot be written either
    if foreign:
        raise UsageError(
            f"{shown(folder)}: expected a new or an empty folder, found something there",
            hint="give another folder with --out",
        )


def _check_links(folder: Path) -> None:
    """Raises InputRefused for a link in a study's folder: what is written there would be written where it leads."""
    for place in (folder, folder / "networks", folder / "checkpoints"):
        if place.is_dir() and (links := [entry.name for entry in os.scandir(place) if entry.is_symlink()]):
            raise InputRefused(
                f"{shown(place / min(links))}: expected a study's own file, found a link; nothing was changed",
                hint="put in its place what it leads to, if that is the study's",
            )


def _is_left(entry: Path) -> bool:
    """Whether this is what a study leaves that ended before it had begun: never anything of a person's."""
    if entry.is_symlink():
        return False
    if entry.name in ("networks", CHECKPOINTS):
        return entry.is_dir() and not any(entry.iterdir())
    if entry.name == "lock":
        return entry.is_file() and entry.stat().st_size <= MOST_DIGITS and (entry.read_bytes() or b"0").isdigit()
    return entry.match(aside.PART)


def _locked(folder: Path) -> IO[bytes]:
    """The folder's lock, held until it is closed, or this process ends however it ends."""
    lock = open(folder / "lock", "a+b", buffering=0)  # noqa: SIM115, it is held as long as the store is open
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        holder = lock.read(MOST_DIGITS).decode(errors="replace").strip()
        lock.close()
        raise SurroundingsError(
            f"{shown(folder)}: another process ({shown(holder) or 'unknown'}) is writing this study; two never write into one folder",
            hint="wait until it has ended, or give another folder with --out",
        ) from None
    lock.truncate(0)
    with suppress(OSError):  # a full disk: the lock holds, whoever meets it is not told by whom
        lock.write(str(os.getpid()).encode())
    return lock


def read(folder: str | os.PathLike) -> tuple[Mapping[str, Any], list[Trial], list[EpochRow]]:
    """A study's notes, trials and epochs, as they are at this moment (also while it runs).

    Raises InputRefused for what is no study, or one of another version; nothing is changed.
    """
    path = (Path(folder) / "study.db").absolute()
    try:
        _check_header(folder, path)
        # what a kill left half done must be undone before anything can be read, and is by whoever looks next
        mode = "rw" if path.with_name("study.db-journal").exists() and not path.is_symlink() else "ro"
        with closing(sqlite3.connect(f"{path.as_uri()}?mode={mode}", uri=True)) as database:
            _check_database(folder, database)
            kept = database.execute("SELECT key, value FROM study")
            notes = {key: json.loads(value) for key, value in kept}
            trials = [
                Trial(*row)
                for row in database.execute(
                    "SELECT * FROM trials NATURAL LEFT JOIN times ORDER BY replicate, parameters, candidate, setting, twin"
                )
            ]
            if any(trial.seconds is None for trial in trials):
                raise ValueError("a trial without its time")
            rows = database.execute("SELECT * FROM epochs ORDER BY replicate, candidate, setting, epoch")
            epochs = [EpochRow(*row) for row in rows]
    except InputRefused:
        raise
    except (sqlite3.Error, OSError, ValueError, TypeError) as fault:
        raise InputRefused(
            f"{shown(folder)}: not a study, or a damaged one ({shown(fault)}); expected a folder with study.db",
            hint="give the folder that why128 study named at its end",
        ) from None
    return notes, trials, epochs


def _check_header(folder: str | os.PathLike, path: Path) -> None:
    """Raises InputRefused for a data base that is not ours, or of another version, before SQLite opens (and so may touch) it."""
    if not path.is_file():
        raise ValueError("it has no study.db")
    with open(path, "rb") as file:
        header = file.read(HEADER)
    if not header.startswith(b"SQLite format 3\0"):
        raise ValueError("study.db is not a data base")
    version, whose = (int.from_bytes(header[at : at + 4]) for at in (60, 68))
    if whose != APPLICATION:
        raise InputRefused(
            f"{shown(folder)}: not a study: study.db is another program's; expected one that why128 study wrote",
            hint="give the folder that why128 study named at its end",
        )
    if version != VERSION:
        age = "a newer" if version > VERSION else "an older"
        raise InputRefused(
            f"{shown(folder)}: a study of {age} why128 (version {version} of its files); expected version {VERSION}",
            hint="open it with the why128 that wrote it",
        )


def _check_database(folder: str | os.PathLike, database: sqlite3.Connection) -> None:
    """Raises InputRefused for a data base that is not laid out as ours are, or not sound."""
    laid_out = set(database.execute("SELECT type, name, sql FROM sqlite_master"))
    if laid_out != _layout():
        raise InputRefused(f"{shown(folder)}: a damaged study: expected the tables of a study, found others")
    sound = database.execute("PRAGMA quick_check(1)").fetchone()[0]
    if sound != "ok":
        raise InputRefused(f"{shown(folder)}: a damaged study ({shown(sound)}); expected a sound data base")


@cache
def _layout() -> set[tuple[str, str, str]]:
    """Every table of the schema, as SQLite writes it down: a view or a trigger is none of ours."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript(SCHEMA)
        return set(database.execute("SELECT type, name, sql FROM sqlite_master"))


def is_written(folder: str | os.PathLike) -> bool:
    """Whether a process holds the folder's lock at this moment."""
    try:
        with opened(Path(folder) / "lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except (OSError, InputRefused):
        return False
    return False


def new_folder(name: str, under: str | os.PathLike = STUDIES) -> Path:
    """A folder for a study that has none: the first free of NAME-1, NAME-2, … (it is not made here)."""
    return next(folder for folder in _numbered(name, under) if not folder.exists())


def folders(name: str, under: str | os.PathLike = STUDIES) -> list[Path]:
    """Those that `new_folder` gave before, and that are there, the last first."""
    return list(takewhile(Path.exists, _numbered(name, under)))[::-1]


def _numbered(name: str, under: str | os.PathLike) -> Iterator[Path]:
    plain = "".join(c if c.isalnum() or c in "-_." else "-" for c in name).strip(".-") or "study"
    return (Path(under) / f"{plain[:60]}-{number}" for number in count(1))
