"""One way to read bytes from a file, gzipped or not: bounded, by content and not by name, checksums verified."""

from __future__ import annotations

import gzip
import io
import os
import zlib
from types import TracebackType
from typing import BinaryIO, cast

from why128.data.files import opened
from why128.errors import InputRefused, shown

GZIP = b"\x1f\x8b"
MOST_RATIO = 1032  # the most that deflate can expand (zlib's documentation): a larger declared size is a lie
STEP = 1 << 20  # bytes inflated at a time


class Stream:
    """The bytes of one file, inflated when they are gzip.  Every fault of the compression is refused by InputRefused."""

    def __init__(self, path: str | os.PathLike[str]):
        self.where = shown(path)
        raw = opened(path)
        self.size = os.fstat(raw.fileno()).st_size  # bytes on disk
        self.zipped = raw.read(2) == GZIP
        raw.seek(0)
        self.raw = raw
        self.file: BinaryIO = cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if self.zipped else raw

    def __enter__(self) -> Stream:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.file.close()
        self.raw.close()

    @property
    def most(self) -> int:
        """The most bytes that can be in it."""
        return self.size * MOST_RATIO if self.zipped else self.size

    def read(self, count: int) -> bytes:
        """The next `count` bytes, or fewer at the end; `count` is to be small: it is allocated."""
        buffer = bytearray(count)
        return bytes(buffer[: self.fill(memoryview(buffer))])

    def fill(self, buffer: memoryview) -> int:
        """Reads into `buffer` until it is full or the end is reached; how many bytes were read."""
        done = 0
        try:
            while done < len(buffer):
                count = cast(io.BufferedIOBase, self.file).readinto(buffer[done : done + STEP])
                if not count:
                    break
                done += count
        except EOFError:
            raise InputRefused(
                f"{self.where}: the gzip stream is truncated: the file ends in the middle of it",
                hint="fetch or copy the file again",
            ) from None
        except (gzip.BadGzipFile, zlib.error) as error:
            raise InputRefused(
                f"{self.where}: the gzip stream is corrupt: {self.fault(error)}", hint="fetch or copy the file again"
            ) from None
        return done

    @staticmethod
    def fault(error: Exception) -> str:
        """The words for a fault that the gzip module found."""
        words = str(error)
        if "CRC" in words:
            return "its CRC (checksum) does not match its bytes"
        if "length" in words:
            return "its length field does not match the bytes in it"
        if "Not a gzipped file" in words:
            return "bytes that are not gzip follow after it (trailing bytes)"
        return shown(words)
