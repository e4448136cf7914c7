"""Pictures: the same picture in any coding is the same array; what cannot be read is refused by name."""

from __future__ import annotations

import io
import os
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.data import making
from why128.data.found import Reading
from why128.data.pictures import read_picture
from why128.data.source import open_data
from why128.errors import InputRefused, SurroundingsError, UsageError

GRAY = making.pixels(1, 28)[0, ..., 0]  # (28, 28)
RGB = np.stack([GRAY, np.roll(GRAY, 3, 1), 255 - GRAY], -1)  # (28, 28, 3)
CLEAR = np.where(np.arange(28) < 14, 255, 0).astype(np.uint8) * np.ones((28, 1), np.uint8)
TURNED = {
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: np.transpose,
    6: lambda a: np.rot90(a, 1),
    7: lambda a: np.rot90(a, 2).T,
    8: lambda a: np.rot90(a, 3),
}


def coded(array: np.ndarray, form: str = "PNG", mode: str | None = None, **options: Any) -> bytes:
    """A picture file of `array`."""
    buffer = io.BytesIO()
    image = Image.fromarray(array)
    (image if mode is None else image.convert(mode)).save(buffer, form, **options)
    return buffer.getvalue()


def exif(orientation: int) -> bytes:
    return b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01" + struct.pack(">HH", orientation, 0) + b"\0\0\0\0"


def palette(array: np.ndarray, colours: np.ndarray) -> bytes:
    image = Image.fromarray(array, "L").copy()
    image.putpalette(colours.astype(np.uint8).tobytes())
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


RAMP = np.repeat(np.arange(256)[:, None], 3, 1)
AS_GRAY = {
    "png": coded(GRAY),
    "bmp": coded(GRAY, "BMP"),
    "tiff": coded(GRAY, "TIFF"),
    "tiff deflated": coded(GRAY, "TIFF", compression="tiff_deflate"),
    "gif": coded(GRAY, "GIF"),
    "webp": coded(np.stack([GRAY] * 3, -1), "WEBP", lossless=True),
    "rgb": coded(np.stack([GRAY] * 3, -1)),
    "16 bits": coded(GRAY.astype(np.uint16) * 257),
    "16 bits tiff": coded(GRAY.astype(np.uint16) * 257, "TIFF"),
    "opaque": coded(np.stack([GRAY, np.full_like(GRAY, 255)], -1)),
    "palette": palette(GRAY, RAMP),
    "palette inverted": palette(255 - GRAY, RAMP[::-1]),
    "interlaced": coded(GRAY, interlace=1),
}


def read(
    tmp_path: Path, data: bytes, mode: str = "gray", size: tuple[int, int] = (28, 28)
) -> tuple[np.ndarray, tuple[str, ...]]:
    (tmp_path / "p.png").write_bytes(data)
    return read_picture(tmp_path / "p.png", mode, size)


@pytest.mark.parametrize("kind", AS_GRAY)
def test_the_same_picture_in_any_coding(kind: str, tmp_path: Path) -> None:
    pixels, warnings = read(tmp_path, AS_GRAY[kind])
    np.testing.assert_array_equal(pixels[..., 0], GRAY)
    assert pixels.dtype == np.uint8
    assert warnings == ()
    colour, _ = read(tmp_path, AS_GRAY[kind], "rgb")
    np.testing.assert_array_equal(colour, np.stack([GRAY] * 3, -1))


@pytest.mark.parametrize("orientation", TURNED)
def test_orientation(orientation: int, tmp_path: Path) -> None:
    tall = making.pixels(1, 40)[0, :, :24, 0]
    stored = coded(np.ascontiguousarray(TURNED[orientation](tall)), exif=exif(orientation))
    np.testing.assert_array_equal(read(tmp_path, stored, size=(40, 24))[0][..., 0], tall)


def test_one_bit_16_bit_and_gray_of_colour(tmp_path: Path) -> None:
    assert set(np.unique(read(tmp_path, coded(GRAY > 99))[0])) == {0, 255}
    ramp = np.tile(np.linspace(0, 65535, 28).astype(np.uint16), (28, 1))
    np.testing.assert_array_equal(read(tmp_path, coded(ramp))[0][0, :, 0], (ramp[0].astype(int) + 128) // 257)
    luma = (RGB @ [0.299, 0.587, 0.114])[..., None]
    assert np.abs(read(tmp_path, coded(RGB))[0] - luma).max() <= 1
    np.testing.assert_array_equal(read(tmp_path, coded(RGB), "rgb")[0], RGB)
    cmyk = read(
        tmp_path, coded(making.pixels(1, 4, 3)[0].repeat(7, 0).repeat(7, 1), "JPEG", "CMYK", quality=95), "rgb"
    )[0]
    assert np.abs(cmyk.astype(int) - making.pixels(1, 4, 3)[0].repeat(7, 0).repeat(7, 1)).mean() < 20


@pytest.mark.parametrize("size", [(28, 28), (14, 14)])
def test_clear_parts_are_white_whatever_lies_under_them(size: tuple[int, int], tmp_path: Path) -> None:
    black = np.dstack([RGB * (CLEAR[..., None] > 0), CLEAR])
    noise = np.dstack([np.where(CLEAR[..., None] > 0, RGB, making.pixels(1, 28, 3)[0]), CLEAR])
    pixels, warnings = read(tmp_path, coded(black), "rgb", size)
    np.testing.assert_array_equal(pixels, read(tmp_path, coded(noise), "rgb", size)[0])
    assert (pixels[:, size[1] // 2 + 1 :] == 255).all()
    assert warnings[0].endswith("p.png: its transparent parts are shown on white")


def test_warnings_of_one_picture(tmp_path: Path) -> None:
    frames = [Image.fromarray(np.roll(GRAY, 4 * i, 0)) for i in range(3)]
    for form in ("GIF", "TIFF", "PNG"):
        pixels, warnings = read(tmp_path, coded(GRAY, form, save_all=True, append_images=frames[1:]))
        np.testing.assert_array_equal(pixels[..., 0], GRAY)
        assert "animated, or of several pages: only its first frame (page) is read" in warnings[0]
    assert (
        "its size 3000 x 4 (width x height) is brought to 28 x 28: distorted, too small or too narrow to be sure of"
        in read(tmp_path, coded(np.zeros((4, 3000), np.uint8)))[1][0]
    )
    assert (
        "its size 1 x 1 (width x height) is brought to 28 x 28: enlarged" in read(tmp_path, coded(GRAY[:1, :1]))[1][0]
    )


def test_a_broken_exif_does_not_matter(tmp_path: Path) -> None:
    sound, broken = coded(GRAY, "JPEG"), coded(GRAY, "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff" + b"\xff" * 40)
    np.testing.assert_array_equal(read(tmp_path, sound)[0], read(tmp_path, broken)[0])


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, data: bytes) -> bytes:
    """A PNG file that declares what it likes."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


WEBP = b"RIFF\x20\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + b"\xff\xff\xff" * 2
BAD: dict[str, tuple[bytes, str]] = {
    "empty": (b"", r"empty \(0 bytes\), not an image"),
    "text": (b"not a picture", "not an image in one of the formats PNG, JPEG, WEBP, BMP, TIFF, GIF$"),
    "html": (b"<html>", "it looks like HTML or XML"),
    "postscript": (b"%!PS-Adobe-3.0 EPSF-3.0\n", "not an image in one of the formats"),
    "cut png": (coded(GRAY)[:500], "corrupt or truncated: "),
    "cut jpeg": (coded(RGB, "JPEG")[:500], "corrupt or truncated: "),
    "head only": (b"\x89PNG\r\n\x1a\n", "corrupt or truncated: its header is broken, no image can be identified in it"),
    "rubbish": (png(28, 28, b"\xff" * 99), "corrupt or truncated: "),
    "zero": (png(0, 28, zlib.compress(bytes(28))), "corrupt"),
    "bomb": (
        png(60_000, 60_000, zlib.compress(bytes(99))),
        "too large: more pixels than the limit of 64,000,000",
    ),
    "medium bomb": (
        png(10_000, 10_000, zlib.compress(bytes(99))),
        "too large: 10000 x 10000 pixels are declared, the limit is 64,000,000 pixels",
    ),
    "webp bomb": (WEBP, "too large: 16777216 x 16777216 pixels are declared"),
    "float": (
        coded((GRAY / 255).astype(np.float32), "TIFF"),
        r"pixels of 32 bits \(mode F: float\), expected 1, 8 or 16 bits: their scale is not known",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_pictures_are_refused(case: str, tmp_path: Path) -> None:
    data, message = BAD[case]
    with pytest.raises(InputRefused, match=message) as caught:
        read(tmp_path, data)
    assert str(caught.value).startswith(f"{tmp_path / 'p.png'}: ")


def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, message in [
        (tmp_path / "none", "none: cannot be opened: No such file"), (tmp_path / "pipe", "pipe: expected a file, found a FIFO"),
        (tmp_path, "expected a file, found a folder"), ("/dev/zero", "/dev/zero: expected a file, found a device"),
    ]:  # fmt: skip
        with pytest.raises(InputRefused, match=message):
            read_picture(path, "gray", (28, 28))


def test_other_refusals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match=r'mode: expected "gray" or "rgb", got \'cmyk\''):
        read(tmp_path, coded(GRAY), "cmyk")

    def denied(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("why128.data.files.os.open", denied)
    with pytest.raises(SurroundingsError, match=r"p\.png: the system refuses to read it: Permission denied"):
        read(tmp_path, coded(GRAY))


def test_no_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("why128.data.pictures.upright", full)
    with pytest.raises(InputRefused, match="too large for the memory of this machine"):
        read(tmp_path, coded(GRAY))


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_a_picture_alone_is_prepared_as_in_a_folder(form: str, tmp_path: Path) -> None:
    photos = making.pixels(4, 20, 3).repeat(10, 1).repeat(15, 2)  # (4, 200, 300, 3)
    for row, photo in enumerate(photos):
        (tmp_path / "d" / "ab"[row % 2]).mkdir(parents=True, exist_ok=True)
        (tmp_path / "d" / "ab"[row % 2] / f"{row}.img.{form.lower()}").write_bytes(coded(photo, form))
    data = open_data(tmp_path / "d", Reading(size=(30, 20)))
    assert data.warnings == ()
    alone = [
        read_picture(tmp_path / "d" / name / f"{row}.img.{form.lower()}", "rgb", (30, 20))[0]
        for name, row in [("a", 0), ("a", 2), ("b", 1), ("b", 3)]
    ]
    np.testing.assert_array_equal(data.train.pixels, alone)
