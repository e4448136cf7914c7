"""`why128 export MODEL OUT`: a network for use elsewhere."""

from __future__ import annotations

import click

from why128.cli.output import document, json_option
from why128.cli.reading import open_like, reading_options


@click.command(
    epilog="Example: why128 export enough.keras enough.onnx   or   why128 export enough.keras enough.h --int8"
)
@click.argument("model", type=click.Path())
@click.argument("out", type=click.Path())
@click.option("--int8", is_flag=True, help="Write whole numbers of 8 bits, calibrated on images (.tflite, .h).")
@click.option(
    "--data",
    help="Labelled images to calibrate by and to compare on; by default those that it learned from, where they are found.",
)
@reading_options
@json_option
def command(model, out, int8, data, reading, as_json):
    """Write MODEL as OUT, in the format that its ending names: .onnx, .tflite, .h (plain C), .npz, .json or .keras.

    It says what the file needs, and how far its answers are from the original's.  An older file is replaced.
    """
    from why128.formats import aside, exports, keras_file

    exports.format_of(out, int8)
    aside.check(out)
    network = keras_file.load(model)

    from why128.exporting import export, own_data
    from why128.report import documents, words

    images = own_data(network, model) if data is None else open_like(network, data, reading)
    written = export(network, out, int8, images)
    if as_json:
        document(documents.exported(written))
        return
    for line in words.exported(written):
        click.echo(line)
