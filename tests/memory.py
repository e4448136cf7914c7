"""How much memory a process has taken."""

import re
import resource
import sys
from pathlib import Path


def most_memory() -> int:
    """Bytes that this process has held in memory at most.

    Linux hands `ru_maxrss` on from the process that started this one, however large that was; what its own memory map
    says begins anew.
    """
    status = Path("/proc/self/status")
    if status.exists():
        return 1024 * int(re.search(r"VmHWM:\s+(\d+) kB", status.read_text())[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
