"""Images and their labels: read from files, names or arrays, checked, and split.  Imports nothing of ours but errors."""

from __future__ import annotations

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
