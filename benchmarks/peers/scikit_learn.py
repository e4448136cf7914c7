"""scikit-learn's MLPClassifier, network after network; its epochs are not timed one by one."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator

from benchmarks.peers.job import Group, Images, Job, answer


def train(job: Job, images: Images) -> Iterator[Group]:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    warnings.simplefilter("ignore", ConvergenceWarning)  # it is stopped after the epochs that were asked for
    for width in job.widths:
        for seed in job.seeds:
            model = MLPClassifier(
                (width,) if width else (),
                batch_size=job.batch,
                max_iter=job.epochs,
                random_state=seed,
                alpha=0.0,
                tol=0.0,
                n_iter_no_change=job.epochs + 1,
                epsilon=1e-7,
            )
            began = time.perf_counter()
            model.fit(images.learned, images.labels)
            each = (time.perf_counter() - began) / job.epochs
            yield Group((width,), (each,) * job.epochs, (model.score(images.held_out, images.held_out_labels),))


if __name__ == "__main__":
    answer(train, "scikit-learn")
