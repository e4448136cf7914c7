"""The machine's peak: large matrix products over all cores, in float32 and, where the processor has it, bfloat16.

The better of XLA's product and NumPy's (its BLAS), of one product at a time and of one a core, and of several tries:
what a share of the peak is held against must not be less than somebody reaches.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.peers.job import asked, tell, versions

SIDE, PRODUCTS, TRIES = 1536, 6, 3  # large enough for the peak, small enough to be tried often
BFLOAT16 = {"avx512_bf16", "amx_bf16", "bf16"}  # what processors that have such products call them


def gflops(product: Callable, cores: int) -> float:
    """The most that `product()` reaches, one at a time or one a core."""
    product()  # compiles

    def work() -> None:
        for _ in range(PRODUCTS):
            product()

    def seconds(count: int) -> float:
        threads = [threading.Thread(target=work) for _ in range(count)]
        began = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return time.perf_counter() - began

    flop = PRODUCTS * 2 * SIDE**3 / 1e9
    return max(count * flop / seconds(count) for _ in range(TRIES) for count in (1, cores))


def main() -> None:
    asked()
    import jax
    import numpy as np

    cores, ones = len(os.sched_getaffinity(0)), np.ones((SIDE, SIDE), np.float32)
    xla = jax.jit(lambda a: jax.lax.dot(a, a, preferred_element_type="float32"))

    def by_xla(kind: str) -> Callable:
        operand = jax.numpy.asarray(ones, kind)
        return lambda: jax.block_until_ready(xla(operand))

    flags = set(Path("/proc/cpuinfo").read_text().split())
    tell(
        {
            "float32": max(gflops(by_xla("float32"), cores), gflops(lambda: ones @ ones, cores)),
            "bfloat16": gflops(by_xla("bfloat16"), cores) if flags & BFLOAT16 else None,
            "versions": versions("jax", "jaxlib", "numpy"),
        }
    )


if __name__ == "__main__":
    main()
