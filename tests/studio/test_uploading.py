"""Pictures taken in: pieces put together, archives taken apart, and nothing that leads out of the folder."""

import io
import json
import tarfile
import zipfile
from collections import namedtuple

import pytest

from why128.errors import InputRefused, SurroundingsError, UsageError
from why128.studio import uploading
from why128.studio.uploading import MOST, Uploads, inside


def record(path, data, at=0):
    return json.dumps({"path": path, "at": at, "bytes": len(data)}).encode() + b"\n" + data


def taken(tmp_path, name, *bodies):
    uploads = Uploads(tmp_path)
    key = uploads.begin(name, sum(map(len, bodies)))
    for body in bodies:
        uploads.add(key, body)
    return uploads.end(key)


def test_files_come_in_pieces_and_lie_in_their_folder(tmp_path):
    folder = taken(
        tmp_path,
        "pets",
        record("pets/cat/1.png", b"abc") + record("pets/dog/1.png", b"12"),
        record("pets/dog/1.png", b"345", 2),
    )
    assert folder == tmp_path / "why128-pictures" / "pets"
    assert (folder / "cat" / "1.png").read_bytes() == b"abc"
    assert (folder / "dog" / "1.png").read_bytes() == b"12345"
    assert [one.name for one in folder.parent.iterdir()] == ["pets"], "nothing else is left"
    assert taken(tmp_path, "pets", record("cat/1.png", b"x"), record("dog/1.png", b"x")).name == "pets-2"


def test_one_file_stays_one(tmp_path):
    assert taken(tmp_path, "digits.csv", record("digits.csv", b"1,2")).read_bytes() == b"1,2"


def zipped(**files):
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name if name.startswith("__") else name.replace("__", "/"), data)
    return raw.getvalue()


def tarred(form, *members):
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode=f"w:{form}") as archive:
        for name, data, kind in members:
            member = tarfile.TarInfo(name)
            member.type, member.size, member.linkname = kind, len(data), "/etc/passwd"
            archive.addfile(member, io.BytesIO(data))
    return raw.getvalue()


def test_archives_are_taken_apart(tmp_path):
    raw = zipped(pets__cat__1=b"a", pets__dog__1=b"b", **{"_" + "_MACOSX/pets/cat/x": b"", "pets__.DS_Store": b""})
    folder = taken(tmp_path, "pets.zip", record("pets.zip", raw))
    assert folder.name == "pets"
    assert sorted(str(one.relative_to(folder)) for one in folder.rglob("*")) == ["cat", "cat/1", "dog", "dog/1"]
    members = (("cat/1", b"a", tarfile.REGTYPE), ("dog/1", b"b", tarfile.REGTYPE), ("dog/2", b"", tarfile.SYMTYPE))
    for form, name in (("gz", "more.tar.gz"), ("xz", "more.tar.xz"), ("", "more.tar")):
        folder = taken(tmp_path, name, record(name, tarred(form, *members)))
        assert sorted(str(one.relative_to(folder)) for one in folder.rglob("*")) == ["cat", "cat/1", "dog", "dog/1"], (
            "links are not"
        )


@pytest.mark.parametrize(
    "path",
    ["../x", "a/../../x", "/etc/passwd", "", "a\0b", "a\nb", "/".join("x" * 13), "x" * 256, "C:\\..\\x", "\ud800"],
)
def test_no_path_leads_out(path, tmp_path):
    with pytest.raises(UsageError, match="upload: expected the path of a file below a folder, got '"):
        inside(path)
    with pytest.raises((UsageError, UnicodeEncodeError)):
        taken(tmp_path, "x", record(path, b"x"))
    assert not list(tmp_path.rglob("passwd"))


@pytest.mark.parametrize("name", ["../climbed", "/climbed", "a/../../climbed"])
def test_no_archive_leads_out(name, tmp_path):
    for raw, ending in ((zipped(**{name: b"x"}), "zip"), (tarred("gz", (name, b"x", tarfile.REGTYPE)), "tar.gz")):
        with pytest.raises(UsageError, match="expected the path of a file below a folder"):
            taken(tmp_path, f"a.{ending}", record(f"a.{ending}", raw))
    assert not list(tmp_path.rglob("*climbed*"))
    assert not list((tmp_path / "why128-pictures").iterdir()), "nothing is left of it"


def test_a_bomb_is_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(uploading, "MOST", 100_000)
    with pytest.raises(InputRefused) as caught:
        taken(tmp_path, "b.zip", record("b.zip", zipped(a__b=bytes(10_000_000))))
    assert str(caught.value) == "b.zip: expected at most 500,000 files and 100,000 bytes in it, found more"
    assert caught.value.hint == "unpack it yourself, and give the path of the folder"


def test_a_damaged_archive_is_refused(tmp_path):
    for raw, name in (
        (zipped(a__b=b"x")[:-8], "d.zip"),
        (b"", "d.zip"),
        (b"PK", "d.tar.gz"),
        (tarred("gz", ("a", b"x" * 4000, tarfile.REGTYPE))[:60], "d.tgz"),
    ):
        with pytest.raises(
            InputRefused, match=r"a damaged archive, or one that is locked \(.*\); expected a ZIP or TAR file"
        ) as caught:
            taken(tmp_path, name, record(name, raw))
        assert caught.value.hint == "unpack it yourself, and drop the folder"


def test_nothing_is_refused(tmp_path):
    with pytest.raises(InputRefused, match="upload: expected pictures, got nothing") as caught:
        taken(tmp_path, "x")
    assert caught.value.hint == "drop a folder with one sub-folder a class"


@pytest.mark.parametrize(
    "body",
    [
        b"x",
        b"{}\n",
        b"[1]\n",
        b'{"path": 1, "at": 0, "bytes": 0}\n',
        b'{"path": "a", "at": -1, "bytes": 0}\n',
        b'{"path": "a", "at": 0, "bytes": 9}\nabc',
        b"[" * 30_000,
    ],
)
def test_what_are_no_records_is_refused(body, tmp_path):
    uploads = Uploads(tmp_path)
    with pytest.raises(UsageError, match="upload: expected records of files, got something else"):
        uploads.add(uploads.begin("x", 1), body)


def test_limits(tmp_path, monkeypatch):
    uploads = Uploads(tmp_path)
    with pytest.raises(UsageError) as caught:
        uploads.begin("x", MOST + 1)
    assert str(caught.value) == "upload: expected at most 4,000,000,000 bytes, got 4,000,000,001"
    assert caught.value.hint == "give the path of the folder instead: it is read where it lies"
    monkeypatch.setattr(uploading, "MOST_FILES", 1)
    with pytest.raises(UsageError, match="upload: expected at most 1 files and 4,000,000,000 bytes, got more"):
        uploads.add(uploads.begin("x", 1), record("a", b"") + record("b", b""))
    with pytest.raises(UsageError, match="upload: expected one that has begun, got an unknown key") as caught:
        uploads.add("nothing", b"")
    assert caught.value.hint == "begin again"


def test_a_full_disk_is_said_and_nothing_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr(uploading.shutil, "disk_usage", lambda path: namedtuple("Usage", "free")(1000))
    with pytest.raises(SurroundingsError) as caught:
        Uploads(tmp_path).begin("x", 10)
    assert (
        str(caught.value) == f"{tmp_path / 'why128-pictures'}: pictures cannot be kept here (No space left on device)"
    )
    assert caught.value.hint == "free some space, or give the path of the folder: it is read where it lies"
    assert not list((tmp_path / "why128-pictures").iterdir())


def test_what_was_abandoned_goes(tmp_path, monkeypatch):
    uploads = Uploads(tmp_path)
    key = uploads.begin("x", 1)
    uploads.add(key, record("a/b", b"x"))
    (uploads.root / ".upload-of-one-that-was-killed").mkdir()
    monkeypatch.setattr(uploading, "ABANDONED", -1)
    other = uploads.begin("y", 1)
    assert set(uploads.open) == {other}
    assert [one.name for one in uploads.root.iterdir()] == [uploads.open[other].folder.name]
