"""A network to take along: every format with its exact size, the code that loads it, and the request that serves it."""

from __future__ import annotations

import os
import shlex
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from why128.errors import UsageError
from why128.exporting import export
from why128.formats.exports import FORMATS, format_of
from why128.network import Network
from why128.report import words
from why128.studio.networks import images_of, opened
from why128.studio.source import Source

KINDS = {".h": "text/x-c", ".json": "application/json"}  # of a file, where it is no plain run of bytes
HEAD = "import numpy as np\nfrom PIL import Image\n\n"
READ = (
    'pixels = np.asarray(Image.open("picture.png").convert("{mode}").resize(({width}, {height})), np.float32){scaled}\n'
)

KERAS = (
    "import keras\n"
    + HEAD
    + READ
    + """model = keras.models.load_model("{file}")
probabilities = model.predict(pixels.reshape(1, {shape}))[0]
print(probabilities.argmax(), probabilities.max())
"""
)
ONNX = (
    "import json\n\nimport onnxruntime\n"
    + HEAD
    + READ
    + """session = onnxruntime.InferenceSession("{file}")
classes = json.loads(session.get_modelmeta().custom_metadata_map["classes"])
probabilities = session.run(None, {{"pixels": pixels.reshape(1, {shape})}})[0][0]
print(classes[probabilities.argmax()], probabilities.max())
"""
)
TFLITE = (
    "from ai_edge_litert.interpreter import Interpreter\n"
    + HEAD
    + READ
    + """network = Interpreter("{file}")
network.allocate_tensors()
given, answers = network.get_input_details()[0], network.get_output_details()[0]
network.set_tensor(given["index"], pixels.reshape(given["shape"]).astype(given["dtype"]))
network.invoke()
print(network.get_tensor(answers["index"]))
"""
)
C = """#include <stdio.h>

#include "{file}"

int main(void)
{{
    static why128_pixel pixels[WHY128_INPUTS]; /* row by row */
    float answers[WHY128_CLASSES];

    why128_predict(pixels, answers);
    printf("%s %.3f\\n", why128_class(why128_best(answers)), answers[why128_best(answers)]);
    return 0;
}}
"""
NPZ = """import numpy as np

with np.load("{file}") as network:
    print(network["classes"], network["steps"])  # what is done in order; arrays carry their step's number
"""
JSON = """const network = await (await fetch("{file}")).json();
console.log(network.classes, network.steps); // products, scalings and activations, in order
"""
CODE = {
    ".keras": ("Python, with Keras", KERAS), ".onnx": ("Python, with ONNX Runtime", ONNX), ".tflite": ("Python, with LiteRT", TFLITE),
    ".h": ("C", C), ".npz": ("Python, with NumPy", NPZ), ".json": ("JavaScript", JSON),
}  # fmt: skip


def formats() -> list[dict[str, Any]]:
    """What a network can be taken as."""
    return [
        {"ending": ending, "name": one.name, "int8": int8}
        for ending, one in FORMATS.items()
        for int8 in ([False, True] if one.int8 else [False])
    ]


def written(path: str, source: Source | None, ending: str, int8: bool) -> tuple[dict[str, Any], bytes]:
    """A network in one format: what it needs, how it compares, the code that loads it, and its bytes.  Raises what exporting refuses."""
    format_of(f"x{ending}", int8)
    network = opened(path)
    try:
        data = images_of(path, source)
    except UsageError:
        data = None  # then it is not compared
    name = f"{Path(path).stem}{'-int8' * int8}{ending}"
    with tempfile.TemporaryDirectory() as folder:
        made = export(network, os.path.join(folder, name), int8, data)
        raw = Path(made.file).read_bytes()
    language, _ = CODE[ending]
    needs, *compared = words.exported(made)[1:]
    said = {
        "name": name,
        "bytes": len(raw),
        "needs": needs,
        "compared": compared[0] if compared else "",
        "language": language,
    }
    return said | {"code": code(network, ending, name), "written": asdict(made)}, raw


def code(network: Network, ending: str, name: str) -> str:
    """A program that loads the file and answers."""
    height, width, channels = network.image_shape
    black, white = network.preparation.scale
    scaled = (
        "" if (black, white) == (0.0, 255.0) else f" / 255 * {white - black:g}" + (f" + {black:g}" if black else "")
    )
    shape = ", ".join(map(str, network.input_shape))
    return CODE[ending][1].format(
        file=name, mode="L" if channels == 1 else "RGB", width=width, height=height, shape=shape, scaled=scaled
    )


def request(path: str) -> list[str]:
    """The commands that serve it, and ask it."""
    return [f"why128 serve {shlex.quote(path)}", "curl --data-binary @picture.png http://127.0.0.1:8128/predict"]
