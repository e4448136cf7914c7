"""One picture file: decoded, upright, in 8 bits, gray or RGB.  The only module that opens pictures.

Clear parts are shown on white, as a page would show them; the colour under clear pixels does not matter.
"""

from __future__ import annotations

import io
import logging
import os
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from PIL import Image, UnidentifiedImageError

from why128.data.files import opened
from why128.data.spool import Spool
from why128.errors import InputRefused, SurroundingsError, UsageError, Why128Error, shown

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF")  # nothing else is opened: EPS would start Ghostscript
MOST_PIXELS = 64_000_000  # of one picture: beyond a full-frame camera's, and 256 MB as RGBA
LARGE = 16_000_000  # pixels from which pictures are decoded one at a time, to bound the memory
MODES = {"gray": "L", "rgb": "RGB"}
WHITE = 255
ORIENTATION = 0x0112  # the EXIF tag
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_90,
}  # fmt: skip
SIDEWAYS = (5, 6, 7, 8)  # orientations that exchange height and width
SIGNATURES = (b"\x89PNG", b"\xff\xd8\xff", b"RIFF", b"BM", b"II*\0", b"MM\0*", b"GIF8")
logging.getLogger("PIL").addHandler(logging.NullHandler())  # what it logs of a corrupt file is said here in our words
one_large = threading.Lock()


class BadPictureError(Exception):
    """A picture that cannot be read; its text is the reason, escaped."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A decoded picture, and what a person should know about it."""

    pixels: np.ndarray  # (height, width) when it is gray, else (height, width, 3); uint8
    size: tuple[int, int]  # (height, width) as it came, upright
    notes: tuple[str, ...]  # "animated" (only its first frame is read), "clear" (parts are transparent)


def read_picture(path: str | os.PathLike[str], mode: str, size: tuple[int, int]) -> tuple[np.ndarray, tuple[str, ...]]:
    """The picture at `path`, prepared exactly like a folder's pictures, and what a person should know about it.

    `mode` is "gray" or "rgb", `size` is (height, width); gives (height, width, channels) uint8 and warnings.
    Raises InputRefused when it cannot be read, SurroundingsError when the system refuses.
    """
    return _read(lambda: decoded(path, size), path, mode, size)


@dataclass(frozen=True)
class PictureBytes:
    """A picture file that is here already, of which only the header was read; messages call it `name`."""

    name: str
    image: Image.Image

    @classmethod
    def of(cls, raw: bytes, name: str) -> PictureBytes:
        """Raises InputRefused where it is no picture, or too large a one."""
        try:
            with pillow_quiet:
                return cls(name, identified(io.BytesIO(raw)))
        except BadPictureError as bad:
            raise InputRefused(f"{shown(name)}: {bad}") from None

    @property
    def count(self) -> int:
        """How many pixels it has."""
        return self.image.width * self.image.height

    def read(self, mode: str, size: tuple[int, int]) -> tuple[np.ndarray, tuple[str, ...]]:
        """As `read_picture`."""
        return _read(lambda: prepared(self.image, size), self.name, mode, size)


def _read(
    decode: Callable[[], Picture], name: str | os.PathLike[str], mode: str, size: tuple[int, int]
) -> tuple[np.ndarray, tuple[str, ...]]:
    if mode not in MODES:
        raise UsageError(f'mode: expected "gray" or "rgb", got {shown(repr(mode), 40)}')
    try:
        with pillow_quiet:
            picture = decode()
    except BadPictureError as bad:
        raise InputRefused(f"{shown(name)}: {bad}") from None
    return in_mode(picture.pixels, mode), picture_warnings(name, picture, size)


def picture_warnings(path: str | os.PathLike[str], picture: Picture, size: tuple[int, int]) -> tuple[str, ...]:
    """What a person should know about one picture that was brought to `size`."""
    lines = []
    if "animated" in picture.notes:
        lines.append(f"{shown(path)}: animated, or of several pages: only its first frame (page) is read")
    if "clear" in picture.notes:
        lines.append(f"{shown(path)}: its transparent parts are shown on white")
    height, width = picture.size
    aspect = (width / height) / (size[1] / size[0])
    if not 0.5 <= aspect <= 2 or height * 2 < size[0] or width * 2 < size[1]:
        lines.append(
            f"{shown(path)}: its size {width} x {height} (width x height) is brought to {size[1]} x {size[0]}: "
            f"{'distorted' if not 0.5 <= aspect <= 2 else 'enlarged'}, too small or too narrow to be sure of"
        )
    return tuple(lines)


class Quiet:
    """Silences Pillow's own warnings (its pixel limit, odd metadata): what matters is checked and said here.

    The filters of `warnings` belong to the whole process: the first that comes in sets them, the last that goes out sets
    them back, and none waits for another's picture.
    """

    def __init__(self) -> None:
        self.lock, self.inside, self.before = threading.Lock(), 0, warnings.catch_warnings()

    def __enter__(self) -> None:
        with self.lock:
            if not self.inside:
                self.before = warnings.catch_warnings()
                self.before.__enter__()
                warnings.simplefilter("ignore")
            self.inside += 1

    def __exit__(self, *_: object) -> None:
        with self.lock:
            self.inside -= 1
            if not self.inside:
                self.before.__exit__(None, None, None)


pillow_quiet = Quiet()


def decoded(path: str | os.PathLike[str], size: tuple[int, int] | None) -> Picture:
    """The picture at `path`, resized to `size` (height, width), or as it is; call it inside `pillow_quiet`.

    Raises BadPictureError when it cannot be read, SurroundingsError when the system refuses.
    """
    with picture_file(path) as file:
        return prepared(identified(file), size)


def glimpsed(path: str | os.PathLike[str], most: int) -> tuple[tuple[int, int], Picture | None]:
    """(height, width) of the picture at `path`, upright; and the picture itself when no side is longer than `most`.

    Raises as `decoded` does.
    """
    with picture_file(path) as file:
        image = identified(file)
        if max(image.size) <= most:
            picture = prepared(image, None)
            return picture.size, picture
        turned = "exif" in image.info and orientation(image) in SIDEWAYS
        return (image.width, image.height) if turned else (image.height, image.width), None


@contextmanager
def picture_file(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """The regular file at `path`; raises BadPictureError when there is none."""
    try:
        file = opened(path)
    except SurroundingsError:
        raise
    except Why128Error as error:
        raise BadPictureError(str(error).removeprefix(f"{shown(path)}: ")) from None
    with file:
        yield file


def identified(file: BinaryIO) -> Image.Image:
    """The picture in `file`, of which only the header was read; raises BadPictureError when there is none, or too large a one."""
    start = file.read(30)
    file.seek(0)
    check_pixels(*webp_size(start))
    try:
        image = Image.open(file, formats=FORMATS)
    except UnidentifiedImageError:
        raise BadPictureError(unidentified(start)) from None
    except Image.DecompressionBombError:
        raise BadPictureError(f"too large: more pixels than the limit of {MOST_PIXELS:,}") from None
    except MemoryError:
        raise BadPictureError("too large for the memory of this machine") from None
    except Exception as error:  # Pillow's decoders raise nearly anything for a corrupt file
        raise BadPictureError(f"corrupt or truncated: {shown(error, 80) or type(error).__name__}") from None
    check_pixels(image.width, image.height)
    return image


def check_pixels(width: int, height: int) -> None:
    """Raises BadPictureError when a picture's declared size is beyond the limit; Pillow opens none without pixels."""
    if width * height > MOST_PIXELS:
        raise BadPictureError(f"too large: {width} x {height} pixels are declared, the limit is {MOST_PIXELS:,} pixels")


def webp_size(start: bytes) -> tuple[int, int]:
    """(width, height) in the first 30 bytes of a WebP file, whose decoder allocates on opening; else (1, 1)."""
    if start[:4] != b"RIFF" or start[8:16] != b"WEBPVP8X" or len(start) < 30:
        return 1, 1  # the plain forms hold at most 16383 x 16383, which Pillow checks in time
    return 1 + int.from_bytes(start[24:27], "little"), 1 + int.from_bytes(start[27:30], "little")


def unidentified(start: bytes) -> str:
    """Why a file is no picture, by its first bytes."""
    if not start:
        return "empty (0 bytes), not an image"
    if start.startswith(SIGNATURES):
        return "corrupt or truncated: its header is broken, no image can be identified in it"
    looks = "; it looks like HTML or XML" if start.lstrip()[:1] == b"<" else ""
    return f"not an image in one of the formats {', '.join(FORMATS)}{looks}"


def prepared(image: Image.Image, size: tuple[int, int] | None) -> Picture:
    """Decodes `image` and brings it to its final form; raises BadPictureError when it cannot be decoded."""
    try:
        if image.width * image.height < LARGE:
            return finished(image, size)
        with one_large:
            return finished(image, size)
    except BadPictureError:
        raise
    except MemoryError:
        raise BadPictureError("too large for the memory of this machine") from None
    except Exception as error:  # Pillow's decoders raise nearly anything for a corrupt file
        raise BadPictureError(f"corrupt or truncated: {shown(error, 80) or type(error).__name__}") from None


def finished(image: Image.Image, size: tuple[int, int] | None) -> Picture:
    """Decodes, turns upright, resizes and flattens `image`."""
    animated = bool(getattr(image, "is_animated", False)) and image.format != "MPO"
    came = (image.height, image.width)
    if size is not None:  # a JPEG is decoded at a fraction of its size, at least four times the one that is due
        image.draft(None, (4 * max(size), 4 * max(size)))
    image.load()
    if orientation(image) in SIDEWAYS:
        came = came[::-1]
    image = upright(image)
    plain = eight_bit(image)
    if size is not None and size != (image.height, image.width):
        plain = plain.resize((size[1], size[0]), Image.Resampling.BILINEAR)  # weighs colours by their opacity
    clear = plain.mode in ("LA", "RGBA") and plain.getchannel("A").getextrema() != (WHITE, WHITE)
    pixels = grayed(np.asarray(flat(plain)))
    return Picture(pixels, came, ("animated",) * animated + ("clear",) * clear)


def orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 (upright) when there is none or it is rubbish."""
    try:
        value = image.getexif().get(ORIENTATION, 1)
    except Exception:  # broken EXIF raises nearly anything; the picture itself is sound
        return 1
    return value if isinstance(value, int) else 1


def upright(image: Image.Image) -> Image.Image:
    """`image` turned as its EXIF orientation says."""
    turn = TURNS.get(orientation(image))
    return image if turn is None else image.transpose(turn)


def eight_bit(image: Image.Image) -> Image.Image:
    """`image` in one of the modes L, LA, RGB and RGBA, 16-bit values scaled and not clipped; raises BadPictureError for floats."""
    mode = image.mode
    clear = "transparency" in image.info
    if mode in ("L", "LA", "RGB", "RGBA") and not clear:
        return image
    if mode.startswith("I;16") or (mode == "I" and image.format == "PNG"):
        return Image.fromarray(((np.asarray(image).astype(np.uint32) + 128) // 257).astype(np.uint8))
    if mode in ("F", "I"):
        raise BadPictureError(
            f"pixels of 32 bits (mode {mode}: {'float' if mode == 'F' else 'integer'}), expected 1, 8 or 16 bits: their scale is not known"
        )
    if mode in ("L", "1"):
        return image.convert("LA" if clear else "L")
    if clear or mode in ("PA", "La", "RGBa"):
        return image.convert("RGBA")
    return image.convert("RGB")


def flat(image: Image.Image) -> Image.Image:
    """`image` without its alpha channel, on white."""
    if image.mode not in ("LA", "RGBA"):
        return image
    ground = Image.new(image.mode[:-1], image.size, (WHITE,) * (len(image.mode) - 1))
    ground.paste(image.convert(image.mode[:-1]), mask=image.getchannel("A"))
    return ground


def grayed(pixels: np.ndarray) -> np.ndarray:
    """`pixels`, (height, width) when all three channels are equal."""
    if pixels.ndim == 3 and (pixels[..., 0] == pixels[..., 1]).all() and (pixels[..., 0] == pixels[..., 2]).all():
        return np.ascontiguousarray(pixels[..., 0])
    return pixels


def in_mode(pixels: np.ndarray, mode: str) -> np.ndarray:
    """`pixels` of either kind as (height, width, channels) in `mode`; gray of a colour is its luma (ITU-R 601-2)."""
    if mode == "rgb":
        return np.repeat(pixels[..., np.newaxis], 3, axis=2) if pixels.ndim == 2 else pixels
    return (pixels if pixels.ndim == 2 else np.asarray(Image.fromarray(pixels).convert("L")))[..., np.newaxis]


def all_resized(pixels: np.ndarray, size: tuple[int, int], where: str) -> np.ndarray:
    """`pixels`, (N, height, width, channels) of either type, with every image brought to `size` as pictures are."""
    if pixels.shape[1:3] == size:
        return pixels
    spool = Spool((len(pixels), *size, pixels.shape[3]), pixels.dtype, where)
    for image in pixels:
        planes = (Image.fromarray(np.ascontiguousarray(image[..., channel])) for channel in range(pixels.shape[3]))
        reduced = [np.asarray(plane.resize((size[1], size[0]), Image.Resampling.BILINEAR)) for plane in planes]
        spool.add(np.stack(reduced, axis=-1))
    return spool.array
