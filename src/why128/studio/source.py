"""Which images: where they are, and how they are read, as the page sends it and the command line takes it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from why128.data.download import by_name
from why128.data.found import Reading
from why128.data.images import Dataset
from why128.data.source import open_data
from why128.errors import UsageError
from why128.studio.wanted import texts


@dataclass(frozen=True)
class Source:
    """Images, by name or path."""

    data: str  # a known name, or a whole path
    size: str | None = None  # "28x28"
    skip_bad: bool = False
    drop: tuple[str, ...] = ()  # classes

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Source:
        """From what the page sends, or a study has noted.  Raises UsageError."""
        data = document.get("data")
        if not isinstance(data, str) or not data.strip():
            raise UsageError("data: expected a known name, or the path of a folder, archive or file, got nothing")
        data = data.strip()
        where = data if by_name(data) else os.path.abspath(os.path.expanduser(data))
        size = document.get("size") or None
        if size is not None and not isinstance(size, str):
            raise UsageError("size: expected a text such as 28x28, got something else")
        return cls(where, size, bool(document.get("skip_bad")), texts(document.get("drop") or (), "drop"))

    @property
    def options(self) -> list[str]:
        """What stands for it on the command line."""
        size = [] if self.size is None else ["--size", self.size]
        return [*size, *["--skip-bad"] * self.skip_bad, *(word for name in self.drop for word in ("--drop", name))]

    def open(self) -> Dataset:
        """The images; kept open, since they are asked for again.  Raises InputRefused."""
        return _opened(self, stamp(self.data))


@lru_cache(maxsize=2)
def _opened(source: Source, as_of: int) -> Dataset:
    return open_data(source.data, Reading.typed(source.size, source.skip_bad, source.drop))


def stamp(path: str) -> int:
    """Changes where what lies at a path is another by now."""
    try:
        return os.stat(path).st_mtime_ns
    except (OSError, ValueError):
        return 0
