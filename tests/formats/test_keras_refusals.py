"""Each refusal of `load`, by its words: the path first, what was found, what was due."""

from __future__ import annotations

import io
import json
import os
import struct
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from why128.errors import InputRefused, SurroundingsError
from why128.formats import archive, keras_file
from why128.formats.archive import packed


def refusal(path: Path) -> str:
    with pytest.raises(InputRefused) as caught:
        keras_file.load(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message.removeprefix(f"{path}: ")


def layer(number: int, **values):
    """An edit of one layer's config."""
    return lambda document: document["config"]["layers"][number]["config"].update(values)


# -------------------------------------------------------------------- the file


def test_no_such_file(tmp_path):
    assert refusal(tmp_path / "none.keras") == "there is no such file; expected a .keras file"
    with pytest.raises(InputRefused, match="there is no such file"):
        keras_file.load("a\0b.keras")


def test_a_folder_and_a_pipe(tmp_path):
    (tmp_path / "folder.keras").mkdir()
    os.mkfifo(tmp_path / "pipe.keras")
    assert refusal(tmp_path / "folder.keras") == "is a folder; expected a .keras file (a zip archive)"
    assert refusal(tmp_path / "pipe.keras") == "is not a plain file; expected a .keras file (a zip archive)"


def test_a_missing_permission_is_of_the_surroundings(saved, monkeypatch):
    def denied(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(archive, "open", denied, raising=False)  # chmod does not stop root
    with pytest.raises(SurroundingsError) as caught:
        keras_file.load(saved)
    assert str(caught.value) == f"{saved}: may not be read: permission denied"
    assert caught.value.hint == "check its owner and mode with ls -l"


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.keras", b"", "the file is empty (0 bytes); expected a .keras file (a zip archive)"),
        (
            "a.keras",
            b"hello\n" * 9,
            r"not a .keras file: it begins with b'hello\nhe'; expected a zip archive, beginning with b'PK\x03\x04'",
        ),
        (
            "a.h5",
            b"\x89HDF\r\n\x1a\n" + bytes(9),
            "not a .keras file: an HDF5 file, perhaps Keras's legacy .h5 format; expected a zip archive as Keras 3 writes it",
        ),
        (
            "a.pt",
            b"\x80\x04K\x01.",
            "not a .keras file: a pickle, which can run code and is never opened; expected a zip archive as Keras 3 writes it",
        ),
        (
            "a.onnx",
            b"\x08\x08",
            "not a .keras file: an ONNX model, which is written here and never read; expected a zip archive as Keras 3 writes it",
        ),
    ],
)
def test_what_is_no_archive(name, data, said, tmp_path):
    (tmp_path / name).write_bytes(data)
    assert refusal(tmp_path / name) == said


def test_a_truncated_archive(saved):
    saved.write_bytes(saved.read_bytes()[:-100])
    assert refusal(saved) == "the zip archive is damaged or truncated: File is not a zip file"


def test_a_byte_changed_on_the_disk(saved):
    data = bytearray(saved.read_bytes())
    data[data.index(b"sequential")] ^= 1
    saved.write_bytes(data)
    assert refusal(saved) == "config.json is damaged: Bad CRC-32 for file 'config.json'"


@pytest.mark.parametrize(
    ("member", "other"),
    [
        ("config", "metadata.json, model.weights.h5, why128.json"),
        ("weights", "metadata.json, config.json, why128.json"),
    ],
)
def test_a_missing_member(member, other, changed):
    name = {"config": "config.json", "weights": "model.weights.h5"}[member]
    assert (
        refusal(changed(**{member: None}))
        == f"not a Keras file: {name} is missing from the archive, which holds {other}"
    )


def test_a_member_twice(saved):
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(saved, "a") as added:
        added.writestr("config.json", "{}")
    assert refusal(saved) == "the zip archive has the member 'config.json' twice; expected each once"


def test_an_encrypted_member_and_an_odd_compression(saved, members, tmp_path):
    data = bytearray(saved.read_bytes())
    entry = data.rindex(b"config.json") - 46  # its entry in the list of contents
    data[entry + 8] |= 1
    saved.write_bytes(data)
    assert refusal(saved) == "config.json is encrypted; expected a plain zip archive"
    with zipfile.ZipFile(tmp_path / "xz.keras", "w", zipfile.ZIP_LZMA) as odd:
        for name, content in members.items():
            odd.writestr(name, content)
    assert refusal(tmp_path / "xz.keras") == "metadata.json is compressed by method 14; expected stored or deflated"


def test_members_that_would_be_too_large(members, tmp_path):
    for name, said in [("config.json", "4,194,304"), ("model.weights.h5", "1,055,536")]:
        with zipfile.ZipFile(tmp_path / "bomb.keras", "w", zipfile.ZIP_DEFLATED) as bomb:
            for each, content in members.items():
                bomb.writestr(each, bytes(9_000_000) if each == name else content)
        assert refusal(tmp_path / "bomb.keras") == f"{name} is too large: 9,000,000 bytes, the limit here is {said}"


def test_a_list_of_contents_that_would_be_too_large(saved):
    data = bytearray(saved.read_bytes())
    struct.pack_into("<I", data, len(data) - 22 + 12, 1 << 30)
    saved.write_bytes(data)
    assert (
        refusal(saved)
        == "the zip archive is damaged or truncated: its list of contents takes 1,073,741,824 bytes, the limit here is 1,048,576"
    )


# -------------------------------------------------------------------- config.json


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"[1]", "config.json: expected a JSON object, got a list"),
        (b"null", "config.json: expected a JSON object, got null"),
        (b'{"a": "\xe9"}', "config.json: is not UTF-8: byte 7 is 0xe9"),
        (
            b"{nope",
            "config.json: is not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
        ),
        (b"[" * 100_000, "config.json: the JSON is nested too deep"),
        (b'{"a": 1, "a": 2}', "config.json: the JSON cannot be taken: the key 'a' is there twice"),
        (b'{"a": ' + b"9" * 100_000 + b"}", "config.json: the JSON cannot be taken: Exceeds the limit (4300 digits)"),
        (b'{"a": "\\ud800"}', "config.json: a text has half a character in it (a lone surrogate, \\ud800 to \\udfff)"),
        (
            b'{"module": "keras", "class_name": "Functional"}',
            "config.json: the model is a Functional of module 'keras'; expected a Sequential of keras",
        ),
        (
            b'{"module": "mine", "class_name": "Sequential"}',
            "config.json: the model is a Sequential of module 'mine'; expected a Sequential of keras",
        ),
        (
            b'{"module": "keras", "class_name": "Sequential"}',
            "config.json: expected a list of layers in its config, got null",
        ),
    ],
)
def test_a_config_that_is_none(data, said, changed):
    assert refusal(changed(config=data)).startswith(said)


KNOWN = "InputLayer, Flatten, Rescaling, Dense, Dropout"


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda d: d["config"].update(layers=[]), "config.json: 0 layers; expected 1 to 1,000"),
        (
            lambda d: d["config"].update(layers=d["config"]["layers"] * 200),
            "config.json: too many layers: 1,400 layers; expected 1 to 1,000",
        ),
        (
            lambda d: d["config"]["layers"].insert(1, 7),
            "config.json: layer 2: expected an object with class_name and config, got a number",
        ),
        (
            lambda d: d["config"]["layers"][3].update(class_name="Conv2D"),
            f"config.json: layer 4 'hidden': Conv2D of module 'keras.layers' cannot be taken; expected one of the layers {KNOWN}",
        ),
        (
            lambda d: d["config"]["layers"][3].update(registered_name="mine>Dense"),
            "config.json: layer 4 'hidden': Dense of module 'keras.layers' cannot be taken",
        ),
        (
            lambda d: d["config"]["layers"][3].update(module="os"),
            "config.json: layer 4 'hidden': Dense of module 'os' cannot be taken",
        ),
        (
            lambda d: d["config"]["layers"][3].update(config=[]),
            "config.json: layer 4: Dense: expected its config to be an object, got a list",
        ),
        (
            lambda d: d["config"]["layers"].insert(2, d["config"]["layers"][0]),
            "config.json: layer 3 'pixels': InputLayer must be the first layer",
        ),
        (lambda d: d["config"]["layers"].pop(), "config.json: layers/dense_1"),
        (
            lambda d: d["config"]["layers"].pop(2),
            "config.json: Dense(6): expected a series of numbers, got images of shape (4, 5)",
        ),
        (
            layer(0, batch_shape=[None, None, 5]),
            "config.json: layer 1 'pixels': InputLayer: the input shape is [None, None, 5]; expected a batch axis and then known sizes",
        ),
        (
            layer(0, dtype="string"),
            "config.json: layer 1 'pixels': InputLayer: dtype string; expected numbers, such as float32",
        ),
        (
            layer(0, sparse=True),
            "config.json: layer 1 'pixels': the key 'sparse' with True is not known; expected only batch_input_shape, batch_shape",
        ),
        (
            layer(1, scale=[1, 2]),
            "config.json: layer 2 'to_unit': Rescaling: scale must be one number of at most 1e+30, got [1, 2]",
        ),
        (
            layer(1, offset=10**400),
            "config.json: layer 2 'to_unit': Rescaling: offset must be one number of at most 1e+30, got 1000",
        ),
        (
            layer(2, data_format="channels_first"),
            "config.json: layer 3 'flatten': Flatten: data_format channels_first; expected channels_last",
        ),
        (
            layer(3, units=1 << 31),
            "config.json: layer 4 'hidden': Dense: units must be a whole number from 1 to 1,048,576, got 2147483648",
        ),
        (
            layer(3, units="6"),
            "config.json: layer 4 'hidden': Dense: units must be a whole number from 1 to 1,048,576, got '6'",
        ),
        (layer(3, use_bias=1), "config.json: layer 4 'hidden': Dense: use_bias must be true or false, got 1"),
        (
            layer(3, activation="warp"),
            "config.json: layer 4 'hidden': activation: 'warp' is not known; expected a Keras name or a function of one array",
        ),
        (layer(3, activation=3), "config.json: layer 4 'hidden': activation: expected a name, got a number"),
        (
            layer(
                3,
                activation={
                    "module": "builtins",
                    "class_name": "function",
                    "config": "exec",
                    "registered_name": "exec",
                },
            ),
            "config.json: layer 4 'hidden': activation function exec of module 'builtins' cannot be taken; expected one by Keras's name",
        ),
        (
            layer(3, kernel_initializer={"module": "os", "class_name": "mkdir"}),
            "config.json: layer 4 'hidden': kernel_initializer: mkdir of module 'os' cannot be taken; expected an initializer of Keras",
        ),
        (
            layer(3, lora_rank=4),
            "config.json: layer 4 'hidden': the key 'lora_rank' with 4 is not known; expected only activation, ",
        ),
        (
            layer(3, dtype="int8_from_float32"),
            "config.json: layer 4 'hidden': dtype int8_from_float32 cannot be taken; expected float32",
        ),
        (
            layer(3, dtype={"class_name": "QuantizedDTypePolicy", "config": {}}),
            "config.json: layer 4 'hidden': dtype QuantizedDTypePolicy cannot be taken; expected float32",
        ),
        (layer(3, name=7), "config.json: layer 4: Dense: expected its name to be a text, got a number"),
        (layer(3, name="dropout"), "config.json: two layers are named 'dropout'; expected each name once"),
        (layer(4, rate=1.0), "config.json: layer 5 'dropout': Dropout: rate must be at least 0 and below 1, got 1.0"),
        (
            layer(4, noise_shape=[1, 6]),
            "config.json: layer 5 'dropout': the key 'noise_shape' with [1, 6] is not known; expected only ",
        ),
        (
            lambda d: d["config"]["layers"][3]["config"].pop("units"),
            "config.json: layer 4 'hidden': the key 'units' is missing from its config",
        ),
    ],
)
def test_a_config_that_cannot_be_taken(edit, said, changed):
    if said == "config.json: layers/dense_1":  # one Dense fewer than the weights are for
        said = "model.weights.h5: layers/dense_2/vars/0 is there, but no layer of config.json asks for it; expected only 3 arrays"
    assert refusal(changed(edit)).startswith(said)


def test_a_network_that_does_not_end_in_dense(changed):
    assert (
        refusal(changed(lambda d: d["config"].update(layers=d["config"]["layers"][:5])))
        == "config.json: network: the last layer must be a Dense with one neuron a class"
    )


def test_more_weights_than_are_taken_at_all(changed):
    edit = lambda d: [layer(3, units=1 << 20)(d), layer(5, units=1 << 20)(d)]  # noqa: E731
    assert (
        refusal(changed(edit))
        == "its layers ask for 4,398,147,174,412 bytes of weights: too large, the limit here is 2,147,483,648"
    )


# -------------------------------------------------------------------- model.weights.h5


def rewritten(data: bytes, edit) -> bytes:
    out = io.BytesIO(data)
    with h5py.File(out, "r+") as file:
        edit(file)
    return out.getvalue()


def put(path: str, value):
    def edit(file):
        if path in file:
            del file[path]
        file[path] = value

    return edit


def chunked(file):
    del file["layers/dense/vars/0"]
    file.create_dataset("layers/dense/vars/0", data=np.zeros((20, 6), "f4"), chunks=(5, 3))


def never_stored(file):
    del file["layers/dense/vars/0"]
    file.create_dataset("layers/dense/vars/0", (20, 6), "f4")


def external(file):
    del file["layers/dense/vars/0"]
    file.create_dataset("layers/dense/vars/0", (20, 6), "f4", external=[("/etc/passwd", 0, 480)])


def virtual(file):
    del file["layers/dense/vars/0"]
    file.create_virtual_dataset("layers/dense/vars/0", h5py.VirtualLayout((20, 6), "f4"))


HIDDEN = "model.weights.h5: layers/dense/vars/0, the kernel of 'hidden',"


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (
            put("layers/dense/vars/0", np.zeros((19, 6), "f4")),
            f"{HIDDEN} has the shape (19, 6); expected (20, 6), as config.json says",
        ),
        (
            put("layers/dense/vars/0", np.zeros((20, 6), "i4")),
            f"{HIDDEN} has the dtype int32; expected float16, float32 or float64",
        ),
        (
            put("layers/dense/vars/0", np.zeros((20, 6), "u1")),
            f"{HIDDEN} has the dtype uint8; expected float16, float32 or float64",
        ),
        (
            put("layers/dense/vars/0", np.zeros((20, 6), ">f4")),
            f"{HIDDEN} has the dtype float of 4 bytes in an odd layout; expected float16, float32 or float64",
        ),
        (
            put("layers/dense/vars/0", np.zeros((20, 6), "S8")),
            f"{HIDDEN} has the dtype string; expected float16, float32 or float64",
        ),
        (
            put("layers/dense/vars/0", np.full((20, 6), np.nan, "f4")),
            f"{HIDDEN} has numbers that are not finite in float32 (NaN or infinite): 120 of 120; expected none",
        ),
        (
            put("layers/dense/vars/0", np.full((20, 6), 1e300)),
            f"{HIDDEN} has numbers that are not finite in float32 (NaN or infinite): 120 of 120; expected none",
        ),
        (chunked, f"{HIDDEN} is chunked; expected its numbers in one piece, as Keras writes them"),
        (never_stored, f"{HIDDEN} is declared but not stored; expected its numbers in one piece, as Keras writes them"),
        (
            external,
            f"{HIDDEN} is external: its numbers are in another file; expected its numbers in one piece, as Keras writes them",
        ),
        (
            virtual,
            f"{HIDDEN} is virtual: its numbers are in other datasets; expected its numbers in one piece, as Keras writes them",
        ),
        (
            put("layers/dense/vars/0", h5py.SoftLink("/layers/dense_1")),
            "model.weights.h5: layers/dense/vars/0 is a link (soft) to somewhere else; expected the array itself",
        ),
        (
            put("layers/dense/vars/0", h5py.ExternalLink("x.h5", "/a")),
            "model.weights.h5: layers/dense/vars/0 is a link (external) to somewhere else; expected the array itself",
        ),
        (
            lambda file: file.__delitem__("layers/dense/vars/1"),
            "model.weights.h5: layers/dense/vars/1, the bias of 'hidden', is missing; expected an array of shape (6,)",
        ),
        (
            lambda file: file.__delitem__("layers"),
            "model.weights.h5: layers/dense/vars/0, the kernel of 'hidden', is missing; expected an array of shape (20, 6)",
        ),
        (
            put("layers/dense_1/vars/1", np.zeros(5, "f4")),
            "model.weights.h5: layers/dense_1/vars/1 is there, but no layer of config.json asks for it; expected only 5 arrays",
        ),
        (
            put("layers/dense_3/vars/0", np.zeros(5, "f4")),
            "model.weights.h5: layers/dense_3/vars/0 is there, but no layer of config.json asks for it; expected only 5 arrays",
        ),
    ],
)
def test_weights_that_are_not_as_due(edit, said, changed, members):
    assert refusal(changed(weights=rewritten(members["model.weights.h5"], edit))) == said


@pytest.mark.parametrize("dtype", ["f2", "f8"])
def test_other_precisions_become_float32(dtype, changed, members):
    edit = put("layers/dense/vars/0", np.full((20, 6), 0.5, dtype))
    kernel = keras_file.load(changed(weights=rewritten(members["model.weights.h5"], edit))).weights[0]
    assert kernel.dtype == np.float32
    assert (kernel == 0.5).all()


def test_what_is_beside_the_layers_is_not_looked_at(changed, members):
    edits = [
        put("optimizer/vars/0", h5py.ExternalLink("x.h5", "/a")),
        put("layers/dropout/seed_generator/vars/0", np.zeros(2, "u4")),
    ]
    data = members["model.weights.h5"]
    for edit in edits:
        data = rewritten(data, edit)
    assert keras_file.load(changed(weights=data)).sizes == (20, 6, 5, 3)


# -------------------------------------------------------------------- why128.json


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": 2}, "why128.json: the format is 2; expected 1"),
        ({"classes": ["a", 2, "c"]}, "why128.json: expected the classes to be a list of texts, got ['a', 2, 'c']"),
        ({"classes": ["a", "b"]}, "network: 3 outputs, but 2 class names"),
        ({"about": []}, "why128.json: expected about to be an object, got a list"),
        (
            {"preparation": {"mode": "cmyk", "scale": [0, 1]}},
            "why128.json: expected a preparation with mode gray or rgb and scale [black, white], got {'mode': 'cmyk', 'scale': [0, 1]}",
        ),
        (
            {"preparation": {"mode": "rgb", "scale": [0]}},
            "why128.json: expected a preparation with mode gray or rgb and scale [black, white], got {'mode': 'rgb', 'scale': [0]}",
        ),
    ],
)
def test_our_own_member_that_is_not_as_written(change, said, changed, members):
    assert refusal(changed(companion=json.dumps(json.loads(members["why128.json"]) | change).encode())) == said


def test_members_that_nobody_asks_for_are_never_unpacked(members, tmp_path, monkeypatch):
    inside = tmp_path / "in" / "side"
    inside.mkdir(parents=True)
    monkeypatch.chdir(inside)
    (tmp_path / "net.keras").write_bytes(packed(members | {"assets/../../out": b"x", "/tmp/why128-out": b"x"}))
    assert keras_file.load(tmp_path / "net.keras").sizes == (20, 6, 5, 3)
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["in", "net.keras", "side"]
