"""The process of a crew: trains what it is asked to, and tells what happens; ends when nobody listens any more.

Started by crew.py as `python -P -m why128.studies.worker CONNECTION`, an open file, over which the images' files come first.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
import traceback
from contextlib import closing
from multiprocessing import reduction
from multiprocessing.connection import Connection

from why128.data.spool import received
from why128.studies.bench import Pictures, Task
from why128.studies.crew import GRACE, Done, Fault


def main(connection: Connection) -> None:
    """Serve until the other end is closed."""
    tasks: queue.SimpleQueue[tuple[list[int], Task, threading.Event] | None] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(connection, tasks), daemon=True).start()
    from why128.engine import devices, keep_programs  # JAX: a second, while the other end is still busy with its data
    from why128.studies.run import trials

    keep_programs()
    devices()  # JAX looks for them once
    pictures: Pictures | None = None
    while (asked := tasks.get()) is not None:
        files, task, stop = asked
        pictures = pictures or _pictures(*files)
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
        files = [reduction.recv_handle(connection) for _ in ("images", "labels")]
        while True:
            heard = connection.recv()
            if isinstance(heard, Task):
                stops[heard.number] = threading.Event()
                tasks.put((files, heard, stops[heard.number]))
            elif heard in stops:  # or else one that was stopped before it was sent
                stops[heard].set()
    except Exception as fault:  # whatever it is, nothing will be heard any more; an end of the connection is no fault
        if os.environ.get("WHY128_DEBUG") and not isinstance(fault, EOFError | OSError):
            traceback.print_exc()
        for stop in stops.values():
            stop.set()
        tasks.put(None)
        threading.Event().wait(GRACE)
        os._exit(0)  # compiling cannot be interrupted otherwise


def _pictures(images: int, labels: int) -> Pictures:
    """The images, flat, and their labels, as they lie in the files that crew.py handed on."""
    pixels = received(images)
    return Pictures(pixels.reshape(len(pixels), -1), received(labels))


if __name__ == "__main__":
    main(Connection(int(sys.argv[1])))
