"""What only a process of its own shows: signals, closed pipes, a full disk, a terminal."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress

import pytest

from why128.studies import store

LONG = ("study", "pets", "--widths", "0", "--replicates", "3", "--workers", "1", "--epochs", "20000", "--out")
SHORT = ("study", "pets", "--widths", "0", "--replicates", "1", "--epochs", "1", "--out")
PATIENCE = 60  # seconds that a process may take on a busy machine before a test gives up


def begun(*arguments, within, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=False, **environment):
    return subprocess.Popen(
        [sys.executable, "-m", "why128", *arguments],
        cwd=within,
        stdout=stdout,
        stderr=stderr,
        text=True,
        start_new_session=start_new_session,
        env=os.environ | environment,
    )


def in_the_middle(process, folder):
    """Waits until a study has begun: its data base is there, and a second later it trains, or compiles still."""
    end = time.monotonic() + PATIENCE
    while not (folder / "study.db").exists() and process.poll() is None and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(1)


def on_a_terminal(*arguments, within, **environment):
    """What a command writes on a terminal of 100 columns."""
    mine, its = pty.openpty()
    process = begun(
        *arguments,
        within=within,
        stdout=its,
        stderr=its,
        TERM="xterm-256color",
        COLUMNS="100",
        LINES="40",
        **environment,
    )
    os.close(its)
    said, end = b"", time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if select.select([mine], [], [], 0.2)[0]:
            try:
                said += os.read(mine, 65536)
            except OSError:  # the terminal's other end is closed
                break
        elif process.poll() is not None:
            break
    os.close(mine)
    process.kill()
    return process.wait(), said.decode()


@pytest.fixture(scope="module")
def stopped(desk):
    """Two studies interrupted and terminated under way, and one on a terminal beside them: their statuses, what they said."""
    signals = {"SIGINT": signal.SIGINT, "SIGTERM": signal.SIGTERM}
    processes = {name: begun(*LONG, name, within=desk) for name in signals}
    ended = {"terminal": on_a_terminal(*SHORT, "plain", within=desk, NO_COLOR="1")}
    for name, process in processes.items():
        in_the_middle(process, desk / name)
        process.send_signal(signals[name])
    for name, process in processes.items():
        try:
            out, err = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
        ended[name] = process.returncode, out, err
    return ended


@pytest.mark.parametrize(("name", "status", "word"), [("SIGINT", 130, "stopped"), ("SIGTERM", 143, "terminated")])
def test_a_signal_ends_a_study_and_what_was_written_is_sound(name, status, word, stopped, desk):
    code, out, err = stopped[name]
    assert code == status
    assert out == ""
    assert err.splitlines()[-1] == f"why128: {word}"
    assert "Traceback" not in err
    notes, _, _ = store.read(desk / name)
    assert notes["plan"]["epochs"] == 20000


def test_asked_to_stop_once_more_it_ends_as_it_was_going_to(desk):
    """The second Ctrl-C may come at any moment, also when Python is on its way out; a service asks all its processes."""
    for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        process = begun(*LONG, f"twice{number}", within=desk, start_new_session=True)
        in_the_middle(process, desk / f"twice{number}")
        while process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            time.sleep(0.02)
        _, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == status
        assert "Traceback" not in err


INTERRUPTED = """
import signal
from why128.cli import main
main.why128.main = lambda *_, **__: exec("signal.raise_signal(signal.SIGINT)")
main.main([])
"""


def test_ctrl_c_while_python_executes_a_text_has_the_status_of_any_other(tmp_path):
    (tmp_path / "interrupted.py").write_text(INTERRUPTED)
    ended = subprocess.run([sys.executable, "-m", "interrupted"], cwd=tmp_path, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (130, "why128: stopped\n")


@pytest.mark.parametrize(("name", "status", "word"), [("SIGINT", 130, "stopped"), ("SIGTERM", 143, "terminated")])
def test_a_signal_before_the_command_line_is_there_is_an_end_like_any_other(name, status, word, tmp_path):
    (tmp_path / "click.py").write_text(f"import signal\nsignal.raise_signal(signal.{name})")
    command = [sys.executable, "-m", "why128", "--help"]
    paths = os.pathsep.join([str(tmp_path), *sys.path])
    ended = subprocess.run(command, env=os.environ | {"PYTHONPATH": paths}, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout, ended.stderr) == (status, "", f"why128: {word}\n")


def test_a_job_in_the_background_stays_deaf_to_ctrl_c(tmp_path):
    (tmp_path / "deaf.py").write_text("import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n" + INTERRUPTED)
    ended = subprocess.run([sys.executable, "-m", "deaf"], cwd=tmp_path, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")


def closed_pipe():
    reading, writing = os.pipe()
    os.close(reading)
    return writing


@pytest.mark.parametrize(
    "arguments",
    [("data",), ("data", "--json"), ("inspect", "pets"), ("study", "--help")],
    ids=lambda a: " ".join(a[:2]),
)
def test_a_closed_pipe_is_no_fault(arguments, desk):
    writing = closed_pipe()
    process = begun(*arguments, within=desk, stdout=writing)
    os.close(writing)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert "Traceback" not in err
    assert "BrokenPipe" not in err
    assert "error" not in err


def test_progress_that_nobody_reads_ends_no_study(desk):
    """As in `why128 study 2>&1 | head -1`: what was asked for is done all the same, and the status says no other."""
    writing = closed_pipe()
    process = begun(*SHORT, "unheard", "--json", within=desk, stderr=writing)
    os.close(writing)
    out, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert json.loads(out)["study"] == "unheard"
    assert store.read(desk / "unheard")[0]["finished"]


TABLE = """
from rich.console import Console
from why128.cli import main
main.why128.main = lambda *_, **__: Console().print("a table")
main.main([])
"""


def test_a_closed_pipe_is_no_fault_for_a_table_either():
    """Rich prints a study's table, and would end the process in its own way."""
    writing = closed_pipe()
    said = subprocess.run([sys.executable, "-c", TABLE], stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert said.stderr == ""
    assert said.returncode == 0


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_the_surroundings_fault(desk):
    with open("/dev/full", "w") as full:
        process = begun("data", within=desk, stdout=full)
        _, err = process.communicate(timeout=PATIENCE)
    assert "Traceback" not in err
    assert process.returncode == 4


COLOUR = re.compile(r"\x1b\[(?:\d+;)*(?:3[0-8]|4[0-8]|9\d|10[0-7])(?:;\d+)*m")


def test_a_terminal_shows_what_is_going_on_and_no_color_is_honoured(stopped):
    status, said = stopped["terminal"]
    assert status == 0
    assert "pets: 120 images, 3 classes; 1 candidate × 1 replicate" in said
    assert "\x1b[?25l" in said, "a live display hides the cursor"
    assert said.rfind("\x1b[?25h") > said.rfind("\x1b[?25l"), "and brings it back"
    assert not COLOUR.search(said)
