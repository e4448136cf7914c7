"""What the page is answered, and who is not: the key, the host, other files, and what is no request of ours."""

import io
import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from tests.studies.conftest import DATA
from tests.studio.conftest import PORT, TOKEN, Client
from why128.errors import InputRefused, UsageError
from why128.formats import keras_file
from why128.formats.exports import FORMATS
from why128.network import Network
from why128.neurons.parts import kept
from why128.prediction import answer
from why128.studies.study import CHOSEN, read
from why128.studio import networks, running, taking, trying, watching
from why128.studio.app import HEADERS, Studio
from why128.studio.shelf import Shelf
from why128.studio.terms import TERMS
from why128.studio.uploading import Uploads


@pytest.fixture(scope="session")
def arrays(shelved):
    """The study's own images, as a file that the page may open."""
    path = shelved / "pets.npz"
    given = {
        "x_train": DATA.train.pixels[..., 0],
        "y_train": DATA.train.labels,
        "x_test": DATA.test.pixels[..., 0],
        "y_test": DATA.test.labels,
    }
    np.savez(
        path,
        **{name: value if "y" not in name else np.array(["a", "b", "c", "d"])[value] for name, value in given.items()},
    )
    return {"data": str(path)}


@pytest.fixture(scope="session")
def model(shelved):
    return str(shelved / "why128-studies" / "pets-1" / "networks" / "4-replicate0.keras")


def png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


# ---------------------------------------------------------------- who may ask


def test_the_page_needs_no_key_and_all_else_does(client):
    assert client.ask("/", cookie=None).status == 200
    assert client.ask("/page/main.js", cookie=None).status == 200
    assert client.ask("/health", cookie=None).document == {"status": "ok"}
    for path in ("/api/state", "/api/watch", "/api/blob"):
        for headers in (
            {"cookie": None},
            {"cookie": "why128=wrong"},
            {"cookie": f"other={TOKEN}"},
            {"cookie": None, "authorization": "Bearer no"},
        ):
            assert client.ask(path, **headers).refused == (
                401,
                "key: expected the address with the key that was printed",
                None,
            )
    assert client.ask("/api/state", cookie=None, authorization=f"Bearer {TOKEN}").status == 200
    assert client.ask("/api/state", cookie=f"a=b; why128={TOKEN}").status == 200


def test_the_key_in_the_address_becomes_a_cookie(client):
    given = client.ask("/", query={"key": TOKEN}, cookie=None)
    assert (given.status, given.headers["location"]) == (303, "/")
    assert given.headers["set-cookie"].startswith(f"why128={TOKEN}; HttpOnly; ")
    assert "samesite=strict" in given.headers["set-cookie"].lower()
    assert "set-cookie" not in client.ask("/", query={"key": "wrong"}, cookie=None).headers


def test_other_hosts_and_pages_are_refused(client):
    assert client.ask("/api/state", host=f"evil.example:{PORT}").status == 421
    assert client.ask("/api/studies/delete", {"study": "pets-1"}, origin="http://evil.example").status == 403
    assert client.ask("/api/studies/delete", {"study": "pets-1"}, sec_fetch_site="cross-site").status == 403
    assert client.ask("/nothing").refused == (404, "/nothing: nothing is here", "go back to /")
    assert client.ask("/api/pictures").status == 405


def test_every_answer_forbids_the_browser_everything_else(client):
    for path in ("/", "/page/studio.css", "/api/state", "/health"):
        told = client.ask(path).headers
        assert all(told[name] == value for name, value in HEADERS.items())
    first = client.ask("/").body.decode()
    assert "style=" not in first
    assert "<script>" not in first


def test_what_did_not_change_is_not_sent_again(client):
    tag = client.ask("/page/main.js").headers["etag"]
    assert client.ask("/page/main.js", if_none_match=tag).status == 304


# ---------------------------------------------------------------- what is no request of ours


@pytest.mark.parametrize(
    ("path", "given", "status", "message"),
    [
        (
            "/api/pictures",
            {"data": 3},
            400,
            "data: expected a known name, or the path of a folder, archive or file, got nothing",
        ),
        ("/api/uploads/begin", {"name": "x"}, 400, "bytes: expected a whole number, got None"),
        ("/api/uploads/begin", {"name": "", "bytes": 1}, 400, "name: expected a text, got ''"),
        ("/api/studies/pause", {}, 400, "study: expected a text, got None"),
        ("/api/studies/go-on", {"study": "none"}, 422, "none: no study of this name"),
        (
            "/api/neurons",
            {"model": "/etc/passwd"},
            422,
            "passwd: expected one of the networks listed, got another file",
        ),
        (
            "/api/export",
            {"model": "/tmp/x.keras", "ending": ".onnx"},
            422,
            "x.keras: expected one of the networks listed, got another file",
        ),
    ],
)
def test_it_is_refused_in_words(client, path, given, status, message):
    assert client.ask(path, given).refused[:2] == (status, message)


def test_what_is_no_json_is_refused(client):
    assert client.ask("/api/plan", body=b"x").status == 400
    assert client.ask("/api/plan", body=b'"' + b" " * 1_000_000 + b'"').refused[:2] == (
        413,
        "body: expected at most 1,000,000 bytes of JSON, got more",
    )
    assert client.get("/api/blob", key="x").refused == (422, "picture: it is not kept any more", "reload the page")


@pytest.mark.parametrize("off", ["x", '{"a": 1}', "[1]", "[[1]]", '[["1", 2]]', "[[true, 1]]", "[[1, -1]]", "[" * 30])
def test_what_are_no_neurons_is_refused(client, model, off):
    told = client.ask("/api/predict", body=b"x", query={"model": model, "off": off}).refused
    assert told[:2] in (
        (400, "off: expected a list of neurons, each its layer and its number"),
        (400, f"expected a list, got {off}"),
    )


# ---------------------------------------------------------------- what it answers


def test_a_data_set_is_described(client, arrays):
    told = client.ask("/api/pictures", arrays).document
    assert told["summary"]["count"] == len(DATA.train)
    assert [one["name"] for one in told["classes"]] == ["a", "b", "c", "d"]
    sheet = client.ask(told["sheet"]["src"].split("?")[0], query={"key": told["sheet"]["src"].split("=")[1]})
    image = Image.open(io.BytesIO(sheet.body))
    last = told["classes"][-1]
    assert image.width == told["sheet"]["width"] * told["sheet"]["across"]
    assert image.height == told["sheet"]["height"] * -(-(last["start"] + last["shown"]) // told["sheet"]["across"])
    assert "immutable" in sheet.headers["cache-control"]


def test_names_that_are_no_unicode_go_to_the_page(client, tmp_path):
    for name in (b"cat\xff", b"dog", b"emu"):
        folder = os.fsencode(tmp_path / "p") + b"/" + name
        os.makedirs(folder)
        for number in range(3):
            Image.new("L", (4, 4), 9 * number + name[0]).save(os.path.join(os.fsdecode(folder), f"{number}.png"))
    told = client.ask("/api/pictures", {"data": str(tmp_path / "p")}).document
    assert [one["name"] for one in told["classes"]] == ["cat\udcff", "dog", "emu"]
    refused = client.ask("/api/pictures", {"data": str(tmp_path / "p"), "drop": ["cat\udcff"]})
    assert refused.status == 400, "JSON from outside must be Unicode"


def test_what_can_be_mended_is_offered(client, tmp_path):
    for name in ("a", "b"):
        (tmp_path / "p" / name).mkdir(parents=True)
        for number in range(3):
            Image.new("L", (4, 4), 9 * number).save(tmp_path / "p" / name / f"{number}.png")
    (tmp_path / "p" / "a" / "bad.png").write_bytes(b"no")
    told = client.ask("/api/pictures", {"data": str(tmp_path / "p")})
    assert (told.status, told.document["fix"]) == (422, "skip_bad")
    assert client.ask("/api/pictures", {"data": str(tmp_path / "p"), "skip_bad": True}).status == 200
    assert client.ask("/api/pictures", {"data": str(tmp_path / "none")}).document["fix"] is None


def test_a_finished_study_is_told_as_the_report_tells_it(client, shelved):
    from why128.report.answer import Answer
    from why128.report.charts.figures import available

    study = read(shelved / "why128-studies" / "pets-1")
    told = client.get("/api/watch", study="pets-1").document
    seen = told["study"]
    assert told["studies"] == [{"name": "pets-1", "state": "still"}]
    assert f"{seen['headline']}: {seen['said'][:1].lower()}{seen['said'][1:]}".lower() == Answer(study).sentence.lower()
    assert {one["name"] for one in seen["figures"]} == set(available(study))
    assert [row["cells"] for row in seen["rows"]] == [row.cells() for row in Answer(study).rows()]
    drawn = client.ask("/api/blob", query={"key": seen["figures"][0]["src"].split("=")[1]})
    assert drawn.headers["content-type"] == "image/svg+xml"
    assert drawn.body.startswith(b"<svg")
    brief = client.get("/api/brief", study="pets-1").document
    assert (brief["state"], brief["headline"]) == ("finished", seen["headline"])
    assert dict(brief["compared"])["networks"] == "9"


def test_news_waits_until_there_is_some(client, shelved, monkeypatch):
    from why128.studio import app

    monkeypatch.setattr(app, "WAITS", 0.3)
    first = client.get("/api/watch", study="pets-1").document
    again = client.get("/api/watch", study="pets-1", since=first["since"]).document
    assert again["since"] == first["since"]
    assert client.get("/api/watch", study="gone").document["study"] == {
        "name": "gone",
        "state": "gone",
        "error": "gone: no study of this name",
    }


def test_a_damaged_study_is_shown_as_one(fresh, tmp_path):
    (tmp_path / "why128-studies" / "bad").mkdir(parents=True)
    (tmp_path / "why128-studies" / "bad" / "study.db").write_text("nothing")
    seen = fresh.get("/api/watch", study="bad").document["study"]
    assert seen["state"] == "damaged"
    assert "not a study, or a damaged one" in seen["error"]


def test_one_candidate_s_learning_is_drawn(client):
    told = client.get("/api/learning", study="pets-1", candidate="4").document
    assert told["title"] == "4 neurons: learning over 2 epochs"
    assert "3 replicates" in told["alt"]
    refused = client.get("/api/learning", study="pets-1", candidate="999").refused
    assert refused == (400, "candidate: no curve of '999' is there yet", "wait for its first epoch")


def test_the_networks_of_a_study_are_listed(client):
    told = client.get("/api/networks", study="pets-1").document["networks"]
    assert told[0]["name"] == "enough"
    assert [one["name"] for one in told[1:]] == [f"{width}-replicate{r}" for width in (0, 2, 4) for r in range(3)]


def test_neurons_are_those_of_the_ledger(client, arrays, model):
    told = client.ask("/api/neurons", {"model": model, "source": arrays}).document
    assert told["headline"] == "4 hidden neurons, one by one"
    assert [one["number"] for one in told["neurons"]] == [0, 1, 2, 3]
    assert len(told["neurons"][0]["by_class"]["lost"]) == 4
    refused = client.ask("/api/neurons", {"model": model}).refused
    assert refused == (
        400,
        "4-replicate0.keras: the images that it learned from were not found",
        "open them under Pictures, and come back",
    )
    without = model.replace("4-replicate0", "0-replicate0")
    assert client.ask("/api/neurons", {"model": without, "source": arrays}).refused == (
        422, "0-replicate0.keras: this network has no hidden neurons: it is softmax regression", "choose another one of the study's networks",
    )  # fmt: skip


def test_switched_off_is_removed(client, arrays, model):
    """What is told of a network without some neurons is what that network does, worked out by hand."""
    network = keras_file.load(model)
    told = client.ask("/api/silence", {"model": model, "source": arrays, "off": [[1, 0], [1, 2]]}).document
    small = kept(network, 0, [1, 3])
    answers = [
        network_.outputs(network_.preparation.to_input(DATA.test.pixels)).argmax(1) == DATA.test.labels
        for network_ in (network, small)
    ]
    assert (told["before"], told["after"]) == tuple(float(one.mean()) for one in answers)
    assert [one["after"] for one in told["classes"]] == [
        float(answers[1][DATA.test.labels == c].mean()) for c in range(4)
    ]
    assert told["said"].startswith(("Without these 2 neurons it answers",))
    assert (
        client.ask("/api/silence", {"model": model, "source": arrays, "off": [[1, 9]]}).refused[1]
        == "off: layer 1 has no neuron 9"
    )


def test_a_picture_is_answered_as_predict_answers_it(client, model):
    network = keras_file.load(model)
    pixels = DATA.test.pixels[0]
    for off, of in (([], network), ([[1, 3]], kept(network, 0, [0, 1, 2]))):
        told = client.ask(
            "/api/predict", body=png(pixels[..., 0]), query={"model": model, "off": json.dumps(off)}
        ).document
        due = answer(of, pixels, "x")
        assert told["label"] == due.label
        assert [one["share"] for one in told["probabilities"]] == list(due.probabilities.values())
        assert set(told["fired"]) <= {0, 1, 2} | ({3} if not off else set())
    assert client.ask("/api/predict", body=b"no picture", query={"model": model}).status == 422


def test_one_that_diverged_answers_nothing(model):
    network = keras_file.load(model)
    wild = replace(network, weights=(network.weights[0] * np.float32("nan"), *network.weights[1:]))
    with pytest.raises(InputRefused) as caught:
        trying.tried(wild, png(DATA.test.pixels[0, ..., 0]), ())
    assert str(caught.value) == "network: it has weights that are not finite numbers: its training diverged"


def test_what_pages_fetch_is_bounded(fresh, monkeypatch):
    from why128.studio import app

    monkeypatch.setattr(app, "MOST_BYTES", 10)
    addresses = [fresh.studio.keep(bytes([number] * 6), "image/png") for number in range(3)]
    found = [fresh.get("/api/blob", key=address.split("=")[1]).status for address in addresses]
    assert found == [422, 422, 200]


def test_a_smaller_network_is_written_beside(client, arrays, model, shelved):
    told = client.ask("/api/shrink", {"model": model, "source": arrays, "to": "2"}).document
    assert keras_file.load(told["path"]).width == (2,)
    assert told["lines"][0].startswith("4 neurons to 2 neurons")
    refused = client.ask("/api/shrink", {"model": model, "source": arrays, "to": "-1"}).refused
    assert refused[:2] == (400, "to: expected a whole number, got '-1'")


@pytest.mark.parametrize("form", taking.formats(), ids=lambda form: form["ending"] + "-int8" * form["int8"])
def test_every_format_is_what_it_says(client, arrays, model, form):
    told = client.ask(
        "/api/export", {"model": model, "source": arrays, **{key: form[key] for key in ("ending", "int8")}}
    ).document
    file = client.ask("/api/blob", query={"key": told["src"].split("=")[1]})
    assert len(file.body) == told["bytes"] == told["written"]["bytes"]
    assert file.headers["content-disposition"] == f"attachment; filename*=UTF-8''{told['name']}"
    assert told["compared"].startswith("on 60 test images of ")
    assert FORMATS[form["ending"]].name == form["name"]


@pytest.mark.parametrize("ending", [".keras", ".onnx", ".tflite", ".npz"])
@pytest.mark.parametrize("int8", [False, True])
def test_the_code_that_loads_it_runs(client, arrays, model, ending, int8, tmp_path):
    if int8 and FORMATS[ending].int8 is None:
        return
    told = client.ask("/api/export", {"model": model, "source": arrays, "ending": ending, "int8": int8}).document
    (tmp_path / told["name"]).write_bytes(client.ask("/api/blob", query={"key": told["src"].split("=")[1]}).body)
    (tmp_path / "picture.png").write_bytes(png(DATA.test.pixels[0, ..., 0]))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", told["code"]],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={"KERAS_BACKEND": "jax", "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stderr
    due = max(answer(keras_file.load(model), DATA.test.pixels[0], "x").probabilities.values())
    if ending in (".keras", ".onnx"):
        assert abs(float(done.stdout.split()[-1]) - due) < 1e-5


def test_the_code_for_c_compiles(client, arrays, model, tmp_path):
    for int8 in (False, True):
        told = client.ask("/api/export", {"model": model, "source": arrays, "ending": ".h", "int8": int8}).document
        (tmp_path / told["name"]).write_bytes(client.ask("/api/blob", query={"key": told["src"].split("=")[1]}).body)
        (tmp_path / "main.c").write_text(told["code"])
        subprocess.run(
            ["gcc", "-std=c99", "-Wall", "-Wextra", "-Werror", "main.c", "-o", "main"], cwd=tmp_path, check=True
        )
        assert (
            subprocess.run([tmp_path / "main"], check=True, capture_output=True, text=True).stdout.split()[0]
            in DATA.classes
        )


def test_the_words_that_are_explained_are_those_that_are_used(client):
    """Every word that the page marks has its sentences, and they are short."""
    import re
    from importlib.resources import files

    used = set()
    for one in files("why128.studio").joinpath("page").iterdir():
        if one.name.endswith(".js"):
            used |= set(re.findall(r'term\("([^"]+)"', one.read_text("utf-8")))
    assert used
    assert used <= set(TERMS)
    assert all(20 < len(text) < 260 for text in TERMS.values())
    assert client.get("/api/state").document["terms"] == TERMS


# ---------------------------------------------------------------- where it begins


def test_what_is_named_is_what_the_page_opens_with(shelved, model, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    found = running._opened(str(shelved / "why128-studies" / "pets-1"))
    assert (found.first, found.shelf.names()) == ({"study": "pets-1"}, ["pets-1"])
    found = running._opened(model)
    assert (found.first, found.models) == ({"model": model}, [model])
    listed = Client(found).get("/api/networks").document["networks"]
    assert [one["kind"] for one in listed] == ["named"]
    (tmp_path / "x.txt").write_text("x")
    with pytest.raises(InputRefused):
        running._opened(str(tmp_path / "x.txt"))
    with pytest.raises(
        InputRefused, match=r"expected the folder of a study, or a network's .keras file, found neither"
    ) as caught:
        running._opened(str(tmp_path))
    assert caught.value.hint == "why128 studio alone shows the studies of this folder"


def test_the_key_is_this_user_s_alone_and_lasts(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first = running.key()
    path = tmp_path / "why128" / "studio-key"
    assert (running.key(), path.read_text(), path.stat().st_mode & 0o777) == (first, first, 0o600)
    path.chmod(0o644)
    assert running.key() != first, "one that others could read is none"
    path.write_text("short")
    assert len(running.key()) >= 24


def test_a_network_in_other_shares_is_loaded_as_such():
    from why128.layers import Dense, Flatten, Input
    from why128.network import Preparation

    network = Network(
        (Input((2, 2)), Flatten(), Dense(2, "softmax")),
        (np.zeros((4, 2), np.float32), np.zeros(2, np.float32)),
        ("a", "b"),
        Preparation(scale=(-1.0, 1.0)),
    )
    assert " / 255 * 2 + -1" in taking.code(network, ".onnx", "x.onnx")
    assert taking.request("/a b/x.keras")[0] == "why128 serve '/a b/x.keras'"


def test_a_port_must_be_one():
    from tests.cli.conftest import why128

    done = why128("studio", "--port", "99999")
    assert done.status == 2
    assert "--port: expected 0 to 65535, got 99999" in done.err


def test_a_study_s_own_networks_are_found_by_any_of_its_names(shelved):
    folder = shelved / "why128-studies" / "pets-1"
    assert watching.networks(str(folder))[0]["path"] == str(folder / CHOSEN)
    with pytest.raises(UsageError, match="layer 1 has no neuron 7"):
        networks.without(keras_file.load(folder / "networks" / "4-replicate0.keras"), ((1, 7),))


def test_a_studio_that_stops_lets_nobody_wait(shelved):
    studio = Studio(Shelf(shelved), Uploads(shelved))
    client = Client(studio)
    first = client.get("/api/watch").document
    studio.stop()
    assert client.get("/api/watch", since=first["since"]).refused == (503, "stopped: the server has ended", None)
