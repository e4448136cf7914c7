"""Images and their labels: read from files, names or arrays, checked, and split.  Imports nothing of ours but errors.

What is public is imported when it is first asked for: a process that trains needs no reader.
"""

from __future__ import annotations

import importlib
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

_PLACES = {
    "catalogue": ("KnownSet", "known"),
    "download": ("fetch",),
    "found": ("Reading",),
    "images": ("Dataset", "Images"),
    "pictures": ("PictureBytes", "read_picture"),
    "source": ("open_data",),
    "splitting": ("split",),
}


def __getattr__(name: str) -> Any:
    for module, names in _PLACES.items():
        if name in names:
            return getattr(importlib.import_module(f"why128.data.{module}"), name)
    raise AttributeError(f"module 'why128.data' has no attribute '{name}'")
