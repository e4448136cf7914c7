"""A scheduler and three workers on this machine, as a person starts them: processes of their own, which can be killed."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

from distributed import Client

from why128.studies import node

WORKERS = 3
PATIENCE = 120  # seconds that a start may take on a busy machine


class Processes:
    """A scheduler and its workers, each with a nanny that starts it again where it dies alone."""

    def __init__(self, folder, *options, configured=None):
        self.folder, self.options, self.environment = folder, options, configured or os.environ
        self.file = folder / "scheduler.json"
        self.scheduler = self._begun("dask_scheduler", "--port", "0", "--dashboard-address", "127.0.0.1:0")
        self.workers = []
        self.address = self._found()
        self.tend() if configured is None else self._all()

    def _begun(self, what, *arguments):
        where = ["--host", "127.0.0.1", "--scheduler-file", str(self.file)]
        with open(self.folder / "said", "ab") as said:
            return subprocess.Popen(
                [sys.executable, "-P", "-m", f"distributed.cli.{what}", *where, *self.options, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=said,
                start_new_session=True,
                env={**self.environment, "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))},
            )

    def _found(self):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self.scheduler.poll() is None:
            with suppress(OSError, ValueError):
                return json.loads(self.file.read_text())["address"]
            time.sleep(0.05)
        raise AssertionError((self.folder / "said").read_text())

    def tend(self):
        """Three workers, where fewer are left."""
        self.workers = [worker for worker in self.workers if worker.poll() is None]
        self._all()
        with self.client() as client:
            client.wait_for_workers(WORKERS, timeout=PATIENCE)

    def _all(self):
        while len(self.workers) < WORKERS:
            scratch = (
                "--nthreads",
                "1",
                "--no-dashboard",
                "--memory-limit",
                "0",
                "--local-directory",
                str(self.folder),
            )
            self.workers.append(self._begun("dask_worker", *scratch))

    @contextmanager
    def client(self):
        with Client(self.address, timeout=PATIENCE, set_as_default=False) as client:
            yield client

    def busy(self, replicate=None):
        """The workers' processes that train now: anything, or this replicate."""
        with self.client() as client:
            found = client.run(at_work, on_error="ignore").values()
        return [pid for pid, training in found if training and replicate in (None, *training)]

    def idle(self, within):
        """Whether no worker trains, and the scheduler knows no task, within so many seconds."""
        end = time.monotonic() + within
        with self.client() as client:
            while time.monotonic() < end:
                if not any(client.run(attempts, on_error="ignore").values()) and not client.run_on_scheduler(tasks):
                    return True
                time.sleep(0.1)
        return False

    def end(self):
        for process in [*self.workers, self.scheduler]:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def at_work():
    """This worker's process, and which replicates it trains."""
    begun = [file.stem for attempt in list(node.UNDER_WAY.values()) for file in attempt.files]
    return os.getpid(), [int(name.rpartition("-")[2]) for name in begun]


def attempts():
    return len(node.UNDER_WAY)


def tasks(dask_scheduler):
    return len(dask_scheduler.tasks)


def kill_node(processes, pid):
    """A worker, and the nanny that would start it again: as where a machine loses its power."""
    group = os.getpgid(pid)
    os.killpg(group, signal.SIGKILL)
    next(worker for worker in processes.workers if worker.pid == group).wait()


def files(folder):
    return sorted(path.name for path in Path(folder).glob("*.npz"))
