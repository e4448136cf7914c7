"""The audit of the locked packages: what is found fails it; what nobody could be asked about is said, and passes for nothing."""

import importlib.util
import json
import subprocess
from pathlib import Path

import pytest

spec = importlib.util.spec_from_file_location("audit", Path(__file__).parents[1] / "scripts" / "audit.py")
assert spec is not None
assert spec.loader is not None
audit = importlib.util.module_from_spec(spec)
spec.loader.exec_module(audit)

SAFE = {"name": "click", "version": "8.5.1", "vulns": []}
UNSAFE = {
    "name": "pillow",
    "version": "9.0.0",
    "vulns": [{"id": "PYSEC-2022-10", "fix_versions": ["9.0.1"]}, {"id": "PYSEC-2023-1", "fix_versions": []}],
}
HOLES = [
    "vulnerable: pillow 9.0.0: PYSEC-2022-10, mended in 9.0.1",
    "vulnerable: pillow 9.0.0: PYSEC-2023-1, mended in no release",
]


def skipped(*names):
    return [{"name": name, "skip_reason": "Dependency not found"} for name in names]


@pytest.mark.parametrize(
    ("packages", "found", "unknown"),
    [
        ([SAFE], [], []),
        ([SAFE, UNSAFE], HOLES, []),
        (
            [SAFE, *skipped("jax")],
            [],
            ["not audited: 1 of 2 packages, of which the index has no advisories: jax"],
        ),
        (
            [UNSAFE, *skipped(*"abcdefg")],
            HOLES,
            ["not audited: 7 of 8 packages, of which the index has no advisories: a, b, c, d, e and 2 more"],
        ),
    ],
    ids=["safe", "unsafe", "unknown", "both"],
)
def test_advisories(packages, found, unknown):
    assert audit.advisories(json.dumps({"dependencies": packages, "fixes": []})) == (found, unknown)


@pytest.mark.parametrize("report", ["", "Traceback", "[]", "{}"])
def test_no_answer_is_no_audit(report):
    assert audit.advisories(report) == ([], ["not audited: pip-audit gave no answer"])


def spoken(monkeypatch, audit_says="", index_says="", check=0, index=0, wrong=""):
    """Lets the three tools say this."""

    def asked(module, what="", *_):
        if module == "pip_audit":
            return subprocess.CompletedProcess((), 0, audit_says, wrong)
        if what == "check":
            return subprocess.CompletedProcess((), check, "a 1.0 requires b, which is not installed.\n", "")
        return subprocess.CompletedProcess((), index, "", index_says)

    monkeypatch.setattr(audit, "asked", asked)


CLEAN = json.dumps({"dependencies": [SAFE]})


def test_a_clean_lock_passes(monkeypatch, capsys):
    spoken(monkeypatch, CLEAN)
    assert audit.main(["some/requirements.lock"]) == 0
    assert capsys.readouterr().out == "requirements.lock: no known vulnerability, none withdrawn\n"


def test_what_is_found_fails(monkeypatch, capsys):
    spoken(monkeypatch, json.dumps({"dependencies": [UNSAFE]}))
    assert audit.main(["x.lock"]) == 1
    assert capsys.readouterr().out.splitlines() == [f"x.lock: {line}" for line in HOLES]
    warning = (
        "WARNING: The candidate selected for download or installation is a yanked version: 'a' candidate (version 1)"
    )
    spoken(monkeypatch, CLEAN, f"Collecting a\n  {warning}\n")
    assert audit.main(["x.lock"]) == 1
    assert capsys.readouterr().out == f"x.lock: withdrawn: {warning}\n"
    spoken(monkeypatch, CLEAN, check=1)
    assert audit.main(["x.lock"]) == 1
    assert capsys.readouterr().out.endswith("a 1.0 requires b, which is not installed.\n")


def test_without_a_network_it_says_so_and_goes_on(monkeypatch, capsys):
    spoken(monkeypatch, "", "ERROR: No matching distribution", index=1, wrong="Traceback\nConnectionError: no route")
    assert audit.main(["x.lock"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "x.lock: not audited: pip-audit could not ask: ConnectionError: no route",
        "x.lock: not asked whether releases were withdrawn: ERROR: No matching distribution",
    ]
