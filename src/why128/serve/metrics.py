"""What the server has done so far, as Prometheus reads it (text exposition format 0.0.4)."""

from __future__ import annotations

import bisect
from collections import Counter

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 10.0)  # seconds


class Metrics:
    """Counts of requests, by status and by how long they took, and of pictures answered."""

    def __init__(self) -> None:
        self.statuses: Counter[int] = Counter()
        self.within = [0] * (len(BUCKETS) + 1)
        self.seconds = 0.0
        self.pictures = 0

    def count(self, status: int, seconds: float) -> None:
        """One request."""
        self.statuses[status] += 1
        self.within[bisect.bisect_left(BUCKETS, seconds)] += 1
        self.seconds += seconds

    def text(self) -> str:
        """All of them."""
        lines = ["# HELP why128_requests_total Requests answered, by status.", "# TYPE why128_requests_total counter"]
        lines += [f'why128_requests_total{{status="{code}"}} {n}' for code, n in sorted(self.statuses.items())]
        lines += ["# HELP why128_pictures_total Pictures answered.", "# TYPE why128_pictures_total counter"]
        lines += [f"why128_pictures_total {self.pictures}"]
        lines += [
            "# HELP why128_request_seconds Seconds that requests took.",
            "# TYPE why128_request_seconds histogram",
        ]
        so_far = 0
        for bound, n in zip((*map(str, BUCKETS), "+Inf"), self.within, strict=True):
            so_far += n
            lines.append(f'why128_request_seconds_bucket{{le="{bound}"}} {so_far}')
        lines += [f"why128_request_seconds_sum {self.seconds:.6f}", f"why128_request_seconds_count {so_far}"]
        return "\n".join(lines) + "\n"
