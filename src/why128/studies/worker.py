"""The process of a crew: trains what it is asked to, and tells what happens; ends when nobody listens any more.

Started by crew.py as `python -P -m why128.studies.worker CONNECTION`, an open file, over which the images' file comes first.
"""

from __future__ import annotations

import mmap
import os
import queue
import sys
import threading
import traceback
from contextlib import closing
from multiprocessing import reduction
from multiprocessing.connection import Connection

import numpy as np

from why128.studies.bench import Pictures, Task
from why128.studies.crew import GRACE, Done, Fault


def main(connection: Connection) -> None:
    """Serve until the other end is closed."""
    tasks: queue.SimpleQueue[tuple[Pictures, Task, threading.Event] | None] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(connection, tasks), daemon=True).start()
    from why128.engine import devices, keep_programs  # JAX: a second, while the other end is still busy with its data
    from why128.studies.run import trials

    keep_programs()
    devices()  # JAX looks for them once
    while (asked := tasks.get()) is not None:
        pictures, task, stop = asked
        try:
            with closing(trials(task, pictures, stop)) as events:
                for event in events:
                    connection.send(event)
            connection.send(Done(task.number))
        except OSError:  # nobody listens any more
            return
        except Exception as fault:
            if os.environ.get("WHY128_DEBUG"):
                traceback.print_exc()
            connection.send(Fault.of(task.number, fault))


def _listen(connection: Connection, tasks: queue.SimpleQueue) -> None:
    """The images come in, then tasks, and orders to stop one, as its number; at the end of the connection all stops."""
    stops: dict[int, threading.Event] = {}
    try:
        pictures = _pictures(reduction.recv_handle(connection))
        while True:
            heard = connection.recv()
            if isinstance(heard, Task):
                stops[heard.number] = threading.Event()
                tasks.put((pictures, heard, stops[heard.number]))
            elif heard in stops:  # or else one that was stopped before it was sent
                stops[heard].set()
    except (EOFError, OSError):
        for stop in stops.values():
            stop.set()
        tasks.put(None)
        threading.Event().wait(GRACE)
        os._exit(0)  # compiling cannot be interrupted otherwise


def _pictures(file: int) -> Pictures:
    """The images that crew.py wrote, as they lie in the file."""
    shared = mmap.mmap(file, 0, access=mmap.ACCESS_READ)
    arrays, offset = [], 0
    for _ in range(2):
        shared.seek(offset)
        version = np.lib.format.read_magic(shared)
        shape, _, dtype = (
            np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        )(shared)
        arrays.append(np.frombuffer(shared, dtype, int(np.prod(shape)), shared.tell()).reshape(shape))
        offset = shared.tell() + arrays[-1].nbytes
    return Pictures(*arrays)


if __name__ == "__main__":
    main(Connection(int(sys.argv[1])))
