"""Fetching a known data set into this tool's cache, each file checked by its SHA-256."""

from __future__ import annotations

import logging
from pathlib import Path

from why128.data.catalogue import KnownSet, cache, complete, known
from why128.errors import SurroundingsError, UsageError, shown

SECONDS = 30  # without an answer, after which a server is given up


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
            pooch.retrieve(
                url, f"sha256:{sha256}", fname=file, path=folder, downloader=pooch.HTTPDownloader(timeout=SECONDS)
            )
        except Exception as error:  # requests, urllib3 and the operating system each raise their own
            raise failure(chosen, url, error) from error


def failure(chosen: KnownSet, url: str, error: Exception) -> SurroundingsError:
    """The refusal for a download that failed."""
    words = str(error)
    if "hash" in words.lower():
        what = "what arrived is not what was published (its SHA-256 differs)"
    else:
        what = f"it cannot be downloaded: {shown(type(error).__name__)}: {shown(words, 100)}"
    return SurroundingsError(
        f"{chosen.name}: it is not on this machine, and from {url} {what}",
        hint=f"try again with a network, or put its files into {shown(cache() / chosen.name)}; the built-in sample needs neither",
    )
