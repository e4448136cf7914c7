"""The programs in benchmarks/ are neither run by the tests nor part of the package: here they at least stay in step with it."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAMS = sorted(path.stem for path in (Path(__file__).parents[1] / "benchmarks").glob("*.py"))


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_can_be_imported_and_says_how_it_is_called(name, capfd):
    module = importlib.import_module(f"benchmarks.{name}")
    assert capfd.readouterr() == ("", ""), "an import does nothing"
    if hasattr(module, "main"):
        assert f"python -m benchmarks.{name}" in module.__doc__


@pytest.mark.parametrize("name", ["inference", "forecast"])
def test_a_program_says_what_it_takes(name):
    asked = [sys.executable, "-m", f"benchmarks.{name}", "--help"]
    assert "--record" in subprocess.run(asked, capture_output=True, text=True, check=True).stdout


def test_the_record_is_of_these_tutorials():
    from benchmarks import record, tutorials

    kept = json.loads((record.RECORDS / "tutorials.json").read_text())["figures"]
    due = [(t.code.__doc__, t.data, t.stated, t.of) for t in tutorials.TUTORIALS]
    assert [(one["tutorial"], one["data"], one["stated"], one["of"]) for one in kept] == due
    assert all(one["holds"] for one in kept)
    within = [t.within for t in tutorials.TUTORIALS]
    assert [one["reached"] >= one["stated"] - w for one, w in zip(kept, within, strict=True)] == [True] * len(kept)
