"""What a study on a cluster costs: bytes and seconds a replicate, and what they come to on 100 machines.

    python -m benchmarks.cluster [--record] [--epochs N] [--replicates N]

The default ladder on the built-in sample.  Bytes are those of Dask's own messages, counted, not timed.  Seconds are measured
on this machine, over loopback, with a scheduler and workers as processes of their own (`--on dask`).  A model of a few
terms then says what a study takes; it is held against the studies run here, with one worker and with two, whose workers
share the cores with the study itself.
"""

import argparse
import json
import math
import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import mean, median

import msgpack
from distributed import Client
from distributed.protocol import serialize

from why128.data.source import open_data
from why128.division import divide, without_test
from why128.recipe import Recipe
from why128.studies import conduct, node
from why128.studies.bench import Bench, Pictures, Task, versions
from why128.studies.cluster import Cluster
from why128.studies.dispatch import SHARE
from why128.studies.events import EpochDone, Luck, Replicate
from why128.studies.plan import Plan

TASKS, CALLS = 300, 100  # of which the scheduler's own time is the mean
NETWORKS, MACHINES, CORES, LINK = 100_000, 100, 8, 125e6  # of the study foretold; LINK: bytes a second (1 Gbit/s)


def size(value):
    """Bytes of a value as Dask sends it."""
    return sum(memoryview(frame).nbytes for frame in serialize(value)[1])


def parts(epochs):
    """The default study of the sample: its plan, its images, and its bench."""
    data = open_data("sample")
    plan = Plan(recipe=Recipe(epochs=epochs)).on(data)
    data, rest = without_test(data, divide(data, plan.recipe.held_out, plan.recipe.seed, plan.tuning))
    return data, Pictures.of(data), Bench.of(plan, data, rest, plan.entries), plan


def trained(bench, pictures, folder):
    """One replicate trained here: its epochs, its outcome, and the bytes of its last checkpoints."""
    from why128.studies.run import trials

    events = list(trials(Task(0, bench, (Luck.of(0),), 1, folder), pictures))
    kept = node.contents(node.files(bench, Luck.of(0), folder))
    return events[0], events[-1], sum(map(len, kept.values()))


def travelling(bench, pictures, folder):
    """Bytes of each thing that travels."""
    epoch, replicate, checkpoint = trained(bench, pictures, folder)
    told = {name: values.tolist() for name, values in epoch.measured.items()}
    event = {"run": 1, "luck": [0, 0, 0], "epoch": 0, "measured": told}
    return {
        "images, a worker, once": size(pictures),
        "bench, a worker, once a run": size(bench),
        "task": size(node.Errand("why128-0123456789abcdef", 1, Luck.of(0), versions())),
        "epoch": len(msgpack.packb(event)),
        "result": size(replicate),
        "checkpoint": checkpoint,
    }


def nothing(errand, pictures, bench):
    return None


def overhead(workers):
    """Seconds of the scheduler and all that surrounds it, a task and a call, without any training."""
    _, pictures, bench, _ = parts(1)
    with tempfile.TemporaryDirectory() as folder, Cluster("dask", pictures, Path(folder), workers) as cluster:
        shared = cluster.share(bench)
        errand = node.Errand("t", 1, Luck.of(0), versions())

        def tasks(count):
            began = time.perf_counter()
            client: Client = cluster.client
            futures = [
                client.submit(nothing, errand, cluster._images, shared, key=f"{began}-{i}") for i in range(count)
            ]
            client.gather(futures)
            return (time.perf_counter() - began) / count

        tasks(20)
        address = next(iter(cluster.client.nthreads()))
        calls = []
        for _ in range(CALLS):
            began = time.perf_counter()
            cluster.client.run(node.kept, "none", 0.0, workers=[address])
            calls.append(time.perf_counter() - began)
        return [tasks(TASKS) for _ in range(5)], calls


def study(workers, epochs, replicates):
    """A study on so many workers: what it took, and how long each replicate took to train, and to keep."""
    *_, plan = parts(epochs)
    kept, seconds, keep = [], [], conduct._keep
    met: list[float] = []
    ended: list[float] = []

    def timed(*arguments):
        began = time.perf_counter()
        keep(*arguments)
        kept.append(time.perf_counter() - began)

    def tell(event):
        if isinstance(event, EpochDone) and not met:
            met.append(time.perf_counter())
        if isinstance(event, Replicate):
            seconds.append(event.seconds)
            ended.append(time.perf_counter())

    conduct._keep = timed
    try:
        with tempfile.TemporaryDirectory() as folder:
            began = time.perf_counter()
            asked = Plan(plan.candidates, replicates, plan.recipe)
            conduct.study(asked, open_data("sample"), f"{folder}/s", tell, workers, on="dask")
    finally:
        conduct._keep = keep
    return {
        "workers": workers,
        "until the first epoch": met[0] - began,
        "from there to the last replicate": ended[replicates - 1] - met[0],
        "training, a replicate": seconds[:replicates],
        "keeping, a replicate": kept[:replicates],
    }


def spread(values):
    return {"n": len(values), "median": median(values), "min": min(values), "max": max(values)}


def model(replicates, threads, each, keeping, task):
    """Seconds that replicates take on so many threads: whichever of training, keeping and scheduling takes longest."""
    return {
        "training": math.ceil(replicates / threads) * each,
        "keeping": replicates * keeping,
        "scheduling": replicates * task,
    }


def foretold(found, epochs):
    """A study of 100,000 networks on 100 machines, by the model."""
    replicates, threads = math.ceil(NETWORKS / 11), MACHINES * CORES
    each = found["training, a replicate and epoch"]["median"] * 10
    keeping, task = found["keeping, a replicate"]["median"], found["scheduling, a task"]["median"]
    size = found["bytes"]
    taken = model(replicates, threads, each, keeping, task + found["a call"]["median"])
    out = replicates * (size["result"] + 10 * size["epoch"])
    taken["receiving"] = out / LINK
    fetched = SHARE * max(taken.values()) * LINK
    return {
        "replicates": replicates,
        "seconds, if only this took time": {name: round(value, 1) for name, value in taken.items()},
        "core hours": round(replicates * each / 3600, 2),
        "bytes to workers": MACHINES * (size["images, a worker, once"] + size["bench, a worker, once a run"])
        + replicates * size["task"],
        "bytes from workers": out,
        "bytes of checkpoints, at most": round(fetched),
        "threads that one study keeps busy": round(
            each / max(keeping, task, (size["result"] + 10 * size["epoch"]) / LINK)
        ),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--replicates", type=int, default=4)
    given = parser.parse_args()
    _, pictures, bench, _ = parts(1)
    with tempfile.TemporaryDirectory() as folder:
        found = {"bytes": travelling(bench, pictures, Path(folder))}
    print(json.dumps(found), flush=True)
    tasks, calls = overhead(2)
    found |= {"scheduling, a task": spread(tasks), "a call": spread(calls)}
    runs = []
    for workers in (1, 2):
        runs.append(study(workers, given.epochs, given.replicates))
        print(json.dumps(runs[-1]), flush=True)
    training = [s / given.epochs for run in runs for s in run["training, a replicate"]]
    found |= {"training, a replicate and epoch": spread(training)}
    found |= {"keeping, a replicate": spread([s for run in runs for s in run["keeping, a replicate"]]), "studies": []}
    for run in runs:
        each, keeping = mean(run["training, a replicate"]), mean(run["keeping, a replicate"])
        task = found["scheduling, a task"]["median"]
        # all of it shares this machine's cores: the terms add up
        run["model"] = sum(model(given.replicates, run["workers"], each, keeping, task).values())
        found["studies"].append({k: v if isinstance(v, (int, float)) else spread(v) for k, v in run.items()})
    found["load of the machine"] = os.getloadavg()
    found[f"{NETWORKS:,} networks on {MACHINES} machines of {CORES} cores"] = foretold(found, given.epochs)
    print(json.dumps(found, indent=1))
    if given.record:
        from benchmarks import record

        print(record.write("cluster", found, ("jax", "numpy", "distributed")), file=sys.stderr)


if __name__ == "__main__":
    main()
