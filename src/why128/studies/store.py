"""A study's folder: `study.db` (SQLite) holds every trial's result as it arrives, `networks/` every trained network.

Takes rows, not plans: what a row means is the caller's.  Write-ahead logging, every transaction synced: what was
acknowledged survives a power cut.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing, suppress
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

from why128.errors import InputRefused, SurroundingsError, UsageError, shown

APPLICATION = 0x77313238  # "w128", in SQLite's header: whose file this is
VERSION = 2

SCHEMA = """
CREATE TABLE study (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE trials (
    candidate TEXT NOT NULL, setting INTEGER NOT NULL, replicate INTEGER NOT NULL, twin TEXT NOT NULL,
    parameters INTEGER NOT NULL, seconds REAL NOT NULL, loss REAL, accuracy REAL NOT NULL, val_loss REAL,
    val_accuracy REAL NOT NULL, tuning REAL, hits BLOB NOT NULL, network TEXT NOT NULL,
    PRIMARY KEY (candidate, setting, replicate, twin)) WITHOUT ROWID;
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
    seconds: float
    loss: float
    accuracy: float  # on the images learned from, after training
    val_loss: float
    val_accuracy: float
    tuning: float | None  # accuracy on tuning images, where settings are compared
    hits: bytes  # which validation images were answered rightly, a bit each (numpy.packbits)
    network: str  # its file, relative to the folder; none for one that diverged


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
    """The folder of one study, open for writing.  Use `with`: it closes the data base."""

    def __init__(self, folder: str | os.PathLike):
        """Begin a study in a folder that is new or empty.

        Raises UsageError where it holds something already, SurroundingsError where it cannot be written.
        """
        self.folder = Path(folder)
        try:
            if self.folder.exists() and (not self.folder.is_dir() or any(self.folder.iterdir())):
                raise UsageError(
                    f"{shown(self.folder)}: expected a new or an empty folder, found something there",
                    hint="give another folder with --out",
                )
            (self.folder / "networks").mkdir(parents=True)
            self._database = sqlite3.connect(self.folder / "study.db", isolation_level=None)
            for statement in (
                "PRAGMA journal_mode=WAL",
                "PRAGMA synchronous=FULL",
                f"PRAGMA application_id={APPLICATION}",
                f"PRAGMA user_version={VERSION}",
            ):
                self._database.execute(statement)
            self._database.executescript(SCHEMA)
        except (OSError, sqlite3.OperationalError) as fault:
            if isinstance(fault, UsageError):
                raise
            raise SurroundingsError(
                f"{shown(self.folder)}: cannot write a study here ({shown(fault)})",
                hint="give another folder with --out",
            ) from None

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(sqlite3.OperationalError):  # somebody reads at this moment: then it stays as it is
            self._database.execute("PRAGMA journal_mode=DELETE")  # one file, which opens on a disk that is read-only
        self._database.close()

    def note(self, **values: Any) -> None:
        """Keep JSON values by name: the plan, the data, the verdict."""
        self._write("INSERT OR REPLACE INTO study VALUES (?, ?)", [(k, json.dumps(v)) for k, v in values.items()])

    def add(self, trials: Iterable[Trial], epochs: Iterable[EpochRow]) -> None:
        """Keep finished trials with their epochs, all or none."""
        try:
            with _Transaction(self._database):
                self._database.executemany(_insert("trials", Trial), map(astuple, trials))
                self._database.executemany(_insert("epochs", EpochRow), map(astuple, epochs))
        except sqlite3.OperationalError as fault:
            raise self._refusal(fault) from None

    def _write(self, statement: str, rows: list[tuple]) -> None:
        try:
            with _Transaction(self._database):
                self._database.executemany(statement, rows)
        except sqlite3.OperationalError as fault:
            raise self._refusal(fault) from None

    def _refusal(self, fault: Exception) -> SurroundingsError:
        return SurroundingsError(
            f"{shown(self.folder)}: cannot write the study's results ({shown(fault)}); what was written before is safe",
            hint="free some space, or give another folder with --out",
        )


class _Transaction:
    """All or nothing, taking the writer's lock at once rather than in the middle."""

    def __init__(self, database: sqlite3.Connection):
        self.database = database

    def __enter__(self) -> None:
        self.database.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type | None, *_: object) -> None:
        self.database.execute("ROLLBACK" if kind else "COMMIT")


def _insert(table: str, row: type) -> str:
    return f"INSERT INTO {table} VALUES ({', '.join('?' * len(fields(row)))})"


def read(folder: str | os.PathLike) -> tuple[Mapping[str, Any], list[Trial], list[EpochRow]]:
    """A study's notes, trials and epochs, as they are at this moment (also while it runs).

    Raises InputRefused for what is no study.
    """
    path = (Path(folder) / "study.db").absolute()
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
            kept = database.execute("SELECT key, value FROM study")
            notes = {key: json.loads(value) for key, value in kept}
            trials = [
                Trial(*row)
                for row in database.execute(
                    "SELECT * FROM trials ORDER BY replicate, parameters, candidate, setting, twin"
                )
            ]
            rows = database.execute("SELECT * FROM epochs ORDER BY replicate, candidate, setting, epoch")
            epochs = [EpochRow(*row) for row in rows]
    except (sqlite3.Error, ValueError, TypeError) as fault:
        raise InputRefused(
            f"{shown(folder)}: not a study, or a damaged one ({shown(fault)}); expected a folder with study.db",
            hint="give the folder that why128 study named at its end",
        ) from None
    return notes, trials, epochs


def new_folder(name: str, under: str | os.PathLike = "why128-studies") -> Path:
    """A folder for a study that has none: the first free of NAME-1, NAME-2, … (it is not made here)."""
    plain = "".join(c if c.isalnum() or c in "-_." else "-" for c in name).strip(".-") or "study"
    number = 1
    while (Path(under) / f"{plain[:60]}-{number}").exists():
        number += 1
    return Path(under) / f"{plain[:60]}-{number}"
