"""Fetching a known data set into this tool's cache, each file limited in size and checked by its SHA-256.

The checksum decides what is taken, so that nobody on the way can slip in other data; two publishers serve plain HTTP only.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

from why128.data.catalogue import KnownSet, cache, complete, known
from why128.errors import SurroundingsError, UsageError, shown

SECONDS = 30  # without an answer, after which a server is given up
MOST = 64_000_000  # bytes of one file: the largest known one, Fashion-MNIST's training images, has 26.4 million
MOST_REDIRECTS = 3  # a publisher that moved needs one
STEP = 1 << 16  # bytes received at a time
SECURE = "https://"


class StoppedError(Exception):
    """A download that was given up; its text is the reason."""


def by_name(name: str) -> KnownSet | None:
    """The known set called `name`."""
    return {each.name: each for each in known()}.get(name)


def fetch(name: str) -> Path:
    """Where the known set `name` lies, fetched into this tool's cache unless it is on this machine already.

    Raises UsageError for an unknown name; SurroundingsError when the network or the disk refuses, or what arrives is
    not what was published (its SHA-256 differs), which is then deleted.
    """
    chosen = by_name(name)
    if chosen is None:
        raise UsageError(
            f"{shown(name)}: not a known data set, expected one of {', '.join(each.name for each in known())}"
        )
    place = chosen.find()
    if place is not None:
        return place
    folder = cache() / chosen.name
    download_all(chosen, folder)
    place = complete(folder)
    assert place is not None, "all files were fetched"
    return place


def download_all(chosen: KnownSet, folder: Path) -> None:
    """Downloads every file of `chosen` into `folder`."""
    import pooch  # here: it is needed for a download only, and takes time to import

    pooch.get_logger().setLevel(logging.ERROR)
    assert chosen.download is not None
    for file, sha256 in chosen.download.files.items():
        url = chosen.download.base + file
        try:
            pooch.retrieve(url, f"sha256:{sha256}", fname=file, path=folder, downloader=download)
        except Exception as error:  # requests, urllib3 and the operating system each raise their own
            raise failure(chosen, url, error) from error


def download(url: str, target: str, _pooch: object) -> None:
    """Writes what is at `url` into the file `target`, which pooch checks, moves to its place, or deletes.

    Raises StoppedError beyond MOST bytes, or when the place leads on to one that is not HTTPS.
    """
    import requests  # pooch's own; here for the same reason

    for _ in range(1 + MOST_REDIRECTS):
        with requests.get(url, stream=True, timeout=SECONDS, allow_redirects=False) as answer:
            if answer.next is None:
                answer.raise_for_status()
                return save(answer.iter_content(STEP), target)
            url = str(answer.next.url)
        if not url.startswith(SECURE):
            raise StoppedError(f"it leads on to {shown(url, 100)}, expected HTTPS")
    raise StoppedError(f"it leads on more than {MOST_REDIRECTS} times")


def save(pieces: Iterable[bytes], target: str) -> None:
    """Writes the pieces of a download; raises StoppedError when they are more than MOST bytes."""
    done = 0
    with open(target, "wb") as file:
        for piece in pieces:
            done += len(piece)
            if done > MOST:
                raise StoppedError(f"more than {MOST:,} bytes arrive, the limit for one file")
            file.write(piece)


def failure(chosen: KnownSet, url: str, error: Exception) -> SurroundingsError:
    """The refusal for a download that failed."""
    words = str(error)
    if isinstance(error, StoppedError):
        what = f"nothing is taken: {words}"
    elif "hash" in words.lower():
        what = "what arrived is not what was published (its SHA-256 differs)"
    else:
        what = f"it cannot be downloaded: {shown(type(error).__name__)}: {shown(words, 100)}"
    return SurroundingsError(
        f"{chosen.name}: it is not on this machine, and from {url} {what}",
        hint=f"try again with a network, or put its files into {shown(cache() / chosen.name)}; the built-in sample needs neither",
    )
