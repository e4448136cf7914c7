"""Images and their labels: read from files, names or arrays, checked, and split.  Imports nothing of ours but errors.

What is public is imported when it is first asked for: a process that trains needs no reader.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from why128.data.catalogue import KnownSet, known
    from why128.data.download import fetch
    from why128.data.found import Reading
    from why128.data.images import Dataset, Images
    from why128.data.pictures import PictureBytes, read_picture
    from why128.data.source import open_data
    from why128.data.splitting import split

__all__ = [
    "Dataset",
    "Images",
    "KnownSet",
    "PictureBytes",
    "Reading",
    "fetch",
    "known",
    "open_data",
    "read_picture",
    "split",
]


def __getattr__(name: str) -> Any:
    match name:
        case "KnownSet" | "known":
            from why128.data import catalogue

            return getattr(catalogue, name)
        case "fetch":
            from why128.data import download

            return getattr(download, name)
        case "Reading":
            from why128.data import found

            return getattr(found, name)
        case "Dataset" | "Images":
            from why128.data import images

            return getattr(images, name)
        case "PictureBytes" | "read_picture":
            from why128.data import pictures

            return getattr(pictures, name)
        case "open_data":
            from why128.data import source

            return getattr(source, name)
        case "split":
            from why128.data import splitting

            return getattr(splitting, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
