"""The studio in a real browser, end to end: pictures become a verdict, an atlas, an answer, and a file that answers the same."""

import os
import signal
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests.browser.studios import PATIENCE, STRIPES, opened, pages, pictures, running, waited
from why128.formats import keras_file
from why128.prediction import predict

WIDTHS = "0,2,8"


@pytest.fixture(scope="module")
def studio(place):
    with running(place) as found:
        yield found


def take_in(page, path):
    """Choose a folder, as a person does."""
    page.set_input_files("#folder", path)
    page.wait_for_selector(".class")


def begin(page, widths=WIDTHS, epochs="120", replicates="3"):
    """Start a small study of the pictures that are open; gives its name."""
    page.goto(f"{page.url.split('#')[0]}#needed/")
    page.get_by_label("Numbers of neurons to try").fill(widths)
    page.get_by_label("Passes over the pictures").fill(epochs)
    page.get_by_label("Times each is trained").fill(replicates)
    page.wait_for_selector(f".plan code:has-text('--widths {widths}')")
    page.wait_for_selector(f".plan code:has-text('--epochs {epochs}')")
    page.get_by_role("button", name="Start").click()
    page.wait_for_selector(".answer")
    return page.url.split("needed/")[1]


def counted(page, selector, number):
    waited(lambda: page.locator(selector).count() == number)


def finished(page):
    page.wait_for_selector("text=See its neurons", timeout=1000 * PATIENCE)


@pytest.fixture(scope="module")
def studied(chromium, studio, place):
    """A folder of PNG files dropped on the page, and a study of them that has ended; gives its name."""
    with pages(chromium, studio) as context:
        page = opened(context, studio)
        take_in(page, place / "stripes")
        assert page.locator(".class").count() == len(STRIPES)
        assert page.inner_text(".facts").startswith(
            "300 pictures to learn from and judge by · 3 classes · 12 × 12 pixels, gray"
        )
        name = begin(page)
        finished(page)
        assert page.inner_text(".answer h1").endswith("enough")
        return name


def test_the_verdict_is_the_command_line_s(chromium, studio, place, studied):
    from why128 import load_study

    answer = load_study(place / "why128-studies" / studied)
    with pages(chromium, studio) as context:
        page = opened(context, studio, f"needed/{studied}")
        finished(page)
        headline, _, said = answer.sentence.partition(": ")
        assert page.inner_text("h1") == headline
        assert page.inner_text(".answer .lead") == said[:1].upper() + said[1:]
        shown = page.locator("section:has(> h2:text('Every width')) tbody tr").all()
        assert [row.locator("th, td").all_inner_texts() for row in shown] == [row.cells() for row in answer.rows()]
        assert page.locator(".others .chart img[alt]").count() >= 6


def test_neurons_are_switched_off_and_classes_suffer(chromium, studio, place, studied):
    with pages(chromium, studio) as context:
        page = opened(context, studio, f"needed/{studied}")
        finished(page)
        page.goto(f"{studio.address}#neurons")
        page.select_option("#network", label="8-replicate0")
        counted(page, ".tile", 8)
        page.wait_for_selector("text=With all its neurons it answers")
        for number in range(7):
            page.locator(".tile").nth(number).click()
            page.get_by_role("button", name="Switch it off").click()
            page.wait_for_selector(f".side h2:text-is('{number + 1} switched off')")
        assert page.locator(".tile.off").count() == 7
        page.wait_for_selector(".side:has-text('Without these 7 neurons')")
        page.locator(".tile").nth(7).click()
        page.get_by_role("button", name="Switch it off").click()
        page.wait_for_selector("text=a layer keeps at least one")
        page.get_by_role("button", name="Switch all on").click()
        page.wait_for_selector("text=With all its neurons it answers")
        page.get_by_label("Neurons to keep").fill("4")
        page.get_by_role("button", name="Shrink").click()
        page.get_by_role("button", name="Look at 8-replicate0-4").click()
        counted(page, ".tile", 4)
    small = keras_file.load(place / "why128-studies" / studied / "networks" / "8-replicate0-4.keras")
    assert small.width == (4,)


def probabilities(page):
    shares = page.locator(".result .effect .number").all_inner_texts()
    return [float(share.split()[0]) / 100 for share in shares]


def test_what_is_drawn_is_answered_and_the_file_answers_the_same(chromium, studio, place, studied, tmp_path):
    with pages(chromium, studio) as context:
        page = opened(context, studio, f"needed/{studied}")
        finished(page)
        page.click("text=Try it >> nth=1")
        canvas = page.locator("canvas")
        box = canvas.bounding_box()
        page.mouse.move(box["x"] + 30, box["y"] + 40)
        page.mouse.down()
        page.mouse.move(box["x"] + 300, box["y"] + 60, steps=12)
        page.mouse.up()
        page.wait_for_selector(".result .effect")
        picture = place / "stripes" / "down" / "0.png"
        page.set_input_files("input[accept='image/*']", picture)
        page.wait_for_selector(".result p:has-text('0.png')")
        told = probabilities(page)
        assert page.inner_text(".result h2") in STRIPES
        page.goto(f"{studio.address}#take")
        with page.expect_download() as loading:
            page.get_by_role("link", name="Download enough.keras").click()
        loading.value.save_as(tmp_path / "enough.keras")
        announced = page.locator(".format:has-text('Keras') .size").inner_text()
    assert announced == f"{(tmp_path / 'enough.keras').stat().st_size:,} bytes"
    own = predict(keras_file.load(tmp_path / "enough.keras"), picture).probabilities
    assert np.abs(np.array(told) - list(own.values())).max() <= 0.0005, "as many digits as are shown"


def test_a_picture_is_pasted_dropped_and_photographed(chromium, studio, place, studied):
    """Each comes to the network as the file itself does."""
    raw = (place / "stripes" / "dots" / "1.png").read_bytes()
    with pages(chromium, studio) as context:
        context.grant_permissions(["camera"])
        page = opened(context, studio, f"needed/{studied}")
        finished(page)
        page.goto(f"{studio.address}#try")
        page.wait_for_selector("canvas")
        page.set_input_files("input[accept='image/*']", place / "stripes" / "dots" / "1.png")
        page.wait_for_selector(".result p:has-text('1.png')")
        due = probabilities(page)
        for event, target in (("paste", "document.body"), ("drop", "document.querySelector('canvas')")):
            page.get_by_role("button", name="Clear").click()
            page.wait_for_selector(".result .effect", state="detached")
            page.evaluate(GIVEN, [list(raw), event, target])
            page.wait_for_selector(".result .effect")
            assert probabilities(page) == due
        page.get_by_role("button", name="Use the camera").click()
        page.wait_for_selector("video")
        waited(lambda: page.evaluate("() => document.querySelector('video').videoWidth > 0"))
        page.get_by_role("button", name="Take it", exact=True).click()
        page.wait_for_selector(".result p:has-text('photograph')")
        assert page.locator("video").count() == 0


# A file put on the page, as a browser puts it.
GIVEN = """([bytes, event, where]) => {
  const data = new DataTransfer(), target = where === "document.body" ? document.body : document.querySelector("canvas");
  data.items.add(new File([new Uint8Array(bytes)], event, { type: "image/png" }));
  target.dispatchEvent(event === "paste" ? new ClipboardEvent("paste", { clipboardData: data, bubbles: true })
    : new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
}"""


def test_files_are_dropped_on_the_page(chromium, studio, place, tmp_path):
    rows = [f"{label},{','.join(str(100 * label + 7 * k) for k in range(9))}" for label in (0, 1) * 30 for _ in (0,)]
    text = "\n".join(f"{row[:-1]}{number % 10}" for number, row in enumerate(rows))
    with pages(chromium, studio) as context:
        page = opened(context, studio)
        page.evaluate(
            """(text) => { const data = new DataTransfer(); data.items.add(new File([text], "rows.csv"));
            document.querySelector(".drop").dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true })); }""",
            text,
        )
        page.wait_for_selector(".facts:has-text('60 pictures')")
    assert (place / "why128-pictures" / "rows" / "rows.csv").read_text() == text


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a disk of a few megabytes")
def test_a_full_disk_is_said_and_the_study_goes_on_when_there_is_room(chromium, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", small], check=True)
    try:
        with running(small) as own, pages(chromium, own) as context:
            page = opened(context, own)
            page.set_input_files("#file", {"name": "rows.csv", "mimeType": "text/csv", "buffer": b"1,2\n"})
            page.wait_for_selector(".notice:has-text('pictures cannot be kept here (No space left on device)')")
            page.get_by_role("button", name="sample").click()
            page.wait_for_selector(".class")
            begin(page, "0,64", "2", "5")
            page.wait_for_selector("main .notice:has-text('free some space')")
            subprocess.run(["mount", "-o", "remount,size=300m", small], check=True)
            page.get_by_role("button", name="Go on").click()
            finished(page)
    finally:
        subprocess.run(["umount", "-l", small], check=True)


@pytest.mark.slow
def test_a_study_of_the_command_line_is_watched_live(chromium, studio, place):
    process = studio.study(
        "stripes", "--widths", "0,4,64,512", "--epochs", "150", "--replicates", "3", "--out", "why128-studies/watched"
    )
    with pages(chromium, studio) as context:
        page = opened(context, studio, "needed/")
        page.click("text=watched")
        page.wait_for_selector(".state:has-text('it runs, started elsewhere')")
        page.wait_for_selector(".state:has-text('replicate')")
        page.wait_for_selector("h1:has-text('So far:')")
        page.wait_for_selector("section:has(> h2:text('Every width')) tbody tr")
        assert page.get_by_role("button", name="Pause").count() == 0, "it can only be stopped where it was started"
        finished(page)
        assert not page.inner_text("h1").startswith("So far")
    assert process.wait(PATIENCE) == 0


@pytest.mark.slow
def test_it_is_paused_gone_on_with_and_survives_a_reload_and_a_restart(chromium, studio, place):
    with pages(chromium, studio) as context:
        page = opened(context, studio)
        take_in(page, place / "stripes")
        name = begin(page, "0,4,64,512", "300")
        page.wait_for_selector(".state:has-text('replicate')")
        page.reload()
        page.wait_for_selector(".state:has-text('replicate')")
        other = opened(context, studio, f"needed/{name}")  # a second tab sees the same
        other.wait_for_selector(".state:has-text('replicate')")
        page.get_by_role("button", name="Pause").click()
        for tab in (page, other):
            tab.wait_for_selector(".state:has-text('stopped; nothing is lost')")
        other.get_by_role("button", name="Go on").click()
        for tab in (page, other):
            tab.wait_for_selector(".state:has-text('it runs')")
        studio.stop(signal.SIGINT)
        for tab in (page, other):
            tab.wait_for_selector("#lost:has-text('The studio does not answer')")
        studio.start()
        for tab in (page, other):
            tab.wait_for_selector("#lost", state="hidden")
            tab.wait_for_selector(".state:has-text('stopped; nothing is lost')")
        page.get_by_role("button", name="Go on").click()
        finished(page)
        finished(other)


@pytest.mark.slow
def test_studies_are_named_compared_and_deleted(chromium, studio, place, studied):
    with pages(chromium, studio) as context:
        page = opened(context, studio)
        take_in(page, place / "stripes")
        name = begin(page, "0,4", "2", "2")
        finished(page)
        page.get_by_role("button", name="Rename").click()
        page.get_by_label("Name", exact=True).fill(studied)
        page.locator("dialog").get_by_role("button", name="Rename").click()
        page.wait_for_selector(f"dialog:has-text(\"name: '{studied}' is taken\")")
        page.get_by_label("Name", exact=True).fill("little one")
        page.locator("dialog").get_by_role("button", name="Rename").click()
        page.wait_for_selector(".eyebrow:text('little one')")
        assert not (place / "why128-studies" / name).exists()
        page.click("text=All studies")
        page.get_by_label("Compare little one").check()
        page.get_by_label(f"Compare {studied}", exact=True).check()
        page.wait_for_selector("section:has-text('Side by side') table")
        heads = page.locator("section:has(> h2:text('Side by side')) thead th").all_inner_texts()
        assert heads[1:] == ["little one", studied]
        page.click("a:text('little one')")
        page.get_by_role("button", name="Delete").click()
        page.locator("dialog").get_by_role("button", name="Delete").click()
        page.wait_for_selector("h2:text('Studies')")
        assert page.locator("a:text('little one')").count() == 0
        assert not (place / "why128-studies" / "little one").exists()


# ---------------------------------------------------------------- what is refused, and what breaks


def test_a_bad_picture_is_left_out_on_the_spot_and_a_class_too(chromium, studio, tmp_path):
    folder = pictures(tmp_path / "bad", each=20)
    (folder / "dots" / "broken.png").write_bytes(b"no picture")
    with pages(chromium, studio) as context:
        page = opened(context, studio)
        page.get_by_label("or where it is on this machine").fill(str(folder))
        page.get_by_role("button", name="Open").click()
        page.wait_for_selector(".notice:has-text('broken.png')")
        page.get_by_role("button", name="Leave out what cannot be read").click()
        page.wait_for_selector(".odd:has-text('broken.png')")
        page.get_by_role("button", name="Leave out dots").click()
        counted(page, ".class", 2)
        page.get_by_role("button", name="Take it back").click()
        counted(page, ".class", 3)
        page.goto(f"{studio.address}#needed/")
        page.wait_for_selector(f".plan code:has-text('why128 study {folder} --skip-bad')")
        page.get_by_label("Numbers of neurons to try").fill("many")
        page.wait_for_selector('.notice:has-text("widths: expected whole numbers such as 0,4,16")')
        assert page.get_by_role("button", name="Start").is_disabled()


def test_a_file_that_is_no_data_is_refused_in_words(chromium, studio, tmp_path):
    (tmp_path / "junk.bin").write_bytes(b"\1\2\3")
    with zipfile.ZipFile(tmp_path / "climbs.zip", "w") as archive:
        archive.writestr("../../climbed.png", b"x")
    with pages(chromium, studio) as context:
        page = opened(context, studio)
        page.set_input_files("#file", tmp_path / "junk.bin")
        page.wait_for_selector(".notice:has-text('not a known format')")
        page.set_input_files("#file", tmp_path / "climbs.zip")
        page.wait_for_selector(".notice:has-text('expected the path of a file below a folder')")
        page.get_by_label("or where it is on this machine").fill("/nowhere/at/all")
        page.get_by_role("button", name="Open").click()
        page.wait_for_selector(".notice:has-text('no file or folder of that name')")
        page.goto(f"{studio.address}#pictures")
        assert page.locator(".sets").count() == 1


def test_an_archive_is_taken_apart(chromium, studio, place, tmp_path):
    with zipfile.ZipFile(tmp_path / "zipped.zip", "w") as archive:
        for file in sorted((place / "stripes").rglob("*.png")):
            archive.write(file, f"zipped/{file.relative_to(place / 'stripes')}")
    with pages(chromium, studio) as context:
        page = opened(context, studio)
        page.set_input_files("#file", tmp_path / "zipped.zip")
        page.wait_for_selector(".facts:has-text('300 pictures')")
    assert sorted(path.name for path in (place / "why128-pictures" / "zipped").iterdir()) == sorted(STRIPES)


@pytest.mark.slow
def test_a_dead_study_says_so_and_goes_on(chromium, studio, place):
    with pages(chromium, studio) as context:
        page = opened(context, studio)
        take_in(page, place / "stripes")
        name = begin(page, "0,4,64,512", "300")
        page.wait_for_selector(".state:has-text('replicate')")
        lock = place / "why128-studies" / name / "lock"
        os.kill(int(lock.read_text()), signal.SIGKILL)
        page.wait_for_selector(".notice:has-text('ended by signal 9; what it had trained is kept')")
        page.get_by_role("button", name="Go on").click()
        finished(page)


def test_dead_workers_of_the_page_are_replaced(chromium, studio, studied):
    def workers():
        listed = Path(f"/proc/{studio.process.pid}/task").glob("*/children")
        return {int(pid) for task in listed for pid in task.read_text().split()}

    with pages(chromium, studio) as context:
        page = opened(context, studio)
        page.get_by_role("button", name="sample").click()
        page.wait_for_selector(".class")
        for pid in workers():
            if "spawn_main" in Path(f"/proc/{pid}/cmdline").read_text():
                os.kill(pid, signal.SIGKILL)
        page.get_by_role("button", name="Leave out Bag").click()
        page.wait_for_selector("text=Bag is left out.")
        assert page.locator("main .notice").count() == 0


def test_without_its_key_the_page_says_where_it_is(chromium, studio):
    with pages(chromium, studio) as context:
        page = context.new_page()
        page.goto(studio.address)
        page.wait_for_selector("h1:text('This page needs its key')")
        assert context.request.get(f"{studio.address}api/state").status == 401
