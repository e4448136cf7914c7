"""What every benchmark writes down beside its figures: when, where, and of which commit."""

from __future__ import annotations

import json
import platform
import statistics
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

RECORDS = Path(__file__).parent / "records"


def spread(values):
    """Median, least and greatest of n measurements."""
    return {"n": len(values), "median": statistics.median(values), "min": min(values), "max": max(values)}


def write(name, figures, packages):
    """Write a record of these figures, and return its path."""
    record = {
        "benchmark": name,
        "date": time.strftime("%Y-%m-%d"),
        "commit": _said("git", "describe", "--always") + ("-dirty" if _changed() else ""),
        "machine": _machine(),
        "python": sys.version.split()[0],
        "packages": {package: version(package) for package in packages},
        "figures": figures,
    }
    RECORDS.mkdir(exist_ok=True)
    path = RECORDS / f"{name}.json"
    path.write_text(json.dumps(record, indent=1) + "\n")
    return path


def _said(*command):
    return subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parent).stdout.strip()


def _changed():
    """Whether the code is not the commit's; that records are written as it runs does not count."""
    return _said("git", "status", "--porcelain", "--untracked-files=no", "--", ":/", ":(top,exclude)benchmarks/records")


def _machine():
    import os

    names = [
        line.split(":")[1].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    flags = _said("grep", "-m1", "flags", "/proc/cpuinfo").split()
    return {
        "processor": names[0] if names else platform.processor(),
        "cores": len(os.sched_getaffinity(0)),
        "vector": [f for f in ("avx2", "avx512f", "avx512_bf16", "amx_tile") if f in flags],
    }
