"""Looking more than once: how much of the risk each look may spend, so that all looks together keep the study's.

A study that stops when it knows looks at its results again and again, and would be wrong more often each time.  Look
l = 0, 1, 2, … may spend risk / ((l + 1)(l + 2)): these add up to the risk, however many looks there are (the union bound; alpha
spending, Lan and DeMets 1983).
"""

from __future__ import annotations


def spent(risk: float, look: int) -> float:
    """The risk that look number `look`, counted from 0, may spend.

    >>> round(sum(spent(0.05, look) for look in range(100_000)), 4)
    0.05
    """
    return risk / ((look + 1) * (look + 2))
