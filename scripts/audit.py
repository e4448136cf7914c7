"""Asks whether the locked packages are known to be unsafe: advisories (pip-audit), withdrawn releases, broken requirements.

    python scripts/audit.py [LOCK ...]

Fails when something is found.  Where nobody answers, it says what was not audited and goes on: a gate without a network
must not fail for that, and must not pass for an audit either.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

LOCK = Path(__file__).resolve().parents[1] / "requirements.lock"
QUOTED = 5  # packages that a line names


def advisories(report: str) -> tuple[list[str], list[str]]:
    """What pip-audit's JSON says: known vulnerabilities, and what it could not look up."""
    try:
        packages = json.loads(report)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return [], ["not audited: pip-audit gave no answer"]
    found = [
        f"vulnerable: {each['name']} {each['version']}: {hole['id']}, mended in {', '.join(hole['fix_versions']) or 'no release'}"
        for each in packages
        for hole in each.get("vulns", ())
    ]
    left = [each["name"] for each in packages if "skip_reason" in each]
    if not left:
        return found, []
    more = f" and {len(left) - QUOTED:,} more" if len(left) > QUOTED else ""
    names = ", ".join(left[:QUOTED]) + more
    return found, [
        f"not audited: {len(left):,} of {len(packages):,} packages, of which the index has no advisories: {names}"
    ]


def withdrawn(said: str) -> list[str]:
    """The releases of which pip warns that they were withdrawn (yanked)."""
    return [f"withdrawn: {line.strip()}" for line in said.splitlines() if "yanked" in line.lower()]


def asked(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A module of this Python, run."""
    return subprocess.run([sys.executable, "-m", *arguments], capture_output=True, text=True)


def audited(lock: str) -> tuple[list[str], list[str]]:
    """What is wrong with the packages of a lock file, and what could not be asked."""
    audit = asked(
        "pip_audit",
        "--requirement",
        lock,
        "--require-hashes",
        "--disable-pip",
        "--format=json",
        "--progress-spinner=off",
    )
    found, unknown = advisories(audit.stdout)
    if not audit.stdout:
        reason = (audit.stderr.strip().splitlines() or ["it said nothing"])[-1]
        unknown = [f"not audited: pip-audit could not ask: {reason[:300]}"]
    install = ("--dry-run", "--ignore-installed", "--no-deps", "--require-hashes", "--disable-pip-version-check")
    index = asked("pip", "install", *install, "--requirement", lock)
    if index.returncode:
        reason = (index.stderr.strip().splitlines() or ["it said nothing"])[-1]
        unknown.append(f"not asked whether releases were withdrawn: {reason[:300]}")
    return found + withdrawn(index.stdout + index.stderr), unknown


def main(locks: list[str]) -> int:
    """Says what was found; 1 when that is anything."""
    broken = asked("pip", "check", "--disable-pip-version-check")
    found = [f"broken: {line}" for line in broken.stdout.splitlines()] if broken.returncode else []
    for lock in locks:
        wrong, unknown = audited(lock)
        found += wrong
        name = Path(lock).name
        print(*(f"{name}: {line}" for line in wrong + unknown or ["no known vulnerability, none withdrawn"]), sep="\n")
    if broken.returncode:
        print(broken.stdout.strip())
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or [str(LOCK)]))
