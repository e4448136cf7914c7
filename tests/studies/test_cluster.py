"""A study on a cluster, started for real: a scheduler and three workers, which die, are stopped, or are not what they should be."""

import json
import os
import signal
import subprocess
import time

import pytest
from benchmarks.interruptions import results
from distributed import LocalCluster

import why128
from tests.cli.conftest import picture_folder, pictures
from tests.cli.test_processes import begun, in_the_middle
from tests.studies.clusters import Processes, files, kill_node
from tests.studies.conftest import DATA, PLAN
from tests.studies.test_hiring import LONG, LUCKS, MIDDLE, bench
from why128.errors import SurroundingsError
from why128.report.answer import Answer
from why128.studies import bench as benches
from why128.studies import cluster as clusters
from why128.studies import conduct, dispatch, node
from why128.studies.bench import Pictures, versions
from why128.studies.cluster import Cluster
from why128.studies.crew import ATTEMPTS, GRACE
from why128.studies.events import EpochDone, Lost, Luck, Replicate

FREED = 10.0  # seconds within which a cluster must have been freed, on a busy machine; the promise is GRACE


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The study on this machine, without a cluster."""
    return conduct.study(MIDDLE, DATA, tmp_path_factory.mktemp("undisturbed") / "s")


def test_with_a_killed_node_the_study_is_the_undisturbed_one_bit_for_bit(processes, undisturbed, tmp_path):
    """Killed in the middle of training, when its checkpoint has travelled: the cohort goes on from there elsewhere."""
    folder, killed = tmp_path / "s", []

    def tell(event):
        if not isinstance(event, EpochDone):
            return
        if not killed and f"{bench(MIDDLE).address(event.luck)}.npz" in files(folder / "checkpoints"):
            for pid in processes.busy(event.replicate)[:1]:  # or else it has ended since
                kill_node(processes, pid)
                killed.append(event)

    found = conduct.study(MIDDLE, DATA, folder, tell, on=processes.address)
    assert killed
    assert results(folder) == results(undisturbed.folder), "table, verdict, networks and examination"
    assert found.verdict == undisturbed.verdict
    assert Answer(found).sentence == Answer(undisturbed).sentence
    assert processes.idle(FREED)


@pytest.mark.slow
def test_from_the_library(processes, undisturbed, tmp_path):
    found = why128.study(DATA, MIDDLE, out=tmp_path / "s", on=processes.address)
    assert found.study.verdict == undisturbed.verdict
    assert results(tmp_path / "s") == results(undisturbed.folder)


@pytest.mark.slow
def test_an_attempt_goes_on_from_the_checkpoint_that_travelled(processes, tmp_path):
    """Also where all workers die at once, with the images that they held."""
    heard, killed = [], None
    with Cluster(processes.address, Pictures.of(DATA), tmp_path, 1) as cluster:
        for event in cluster.run(bench(LONG), LUCKS[:1]):
            heard.append(event)
            if killed is None and files(tmp_path) and event.epoch > 20:
                killed = len(heard)
                with processes.client() as client:
                    for pid in client.run(os.getpid).values():
                        os.kill(pid, signal.SIGKILL)
            if killed and event.epoch > heard[killed - 1].epoch:
                break
    epochs = [event.epoch for event in heard[killed:]]
    assert 0 not in epochs, "none from the beginning"


@pytest.mark.slow
def test_where_the_scheduler_gives_a_task_up_it_is_sent_again(processes, tmp_path):
    """Its own bound may be below ours."""
    with processes.client() as client:
        client.run_on_scheduler(allow, 0)
    try:
        with Cluster(processes.address, Pictures.of(DATA), tmp_path, 1) as cluster:
            heard = []
            for event in cluster.run(bench(LONG), LUCKS[:1]):
                heard.append(event)
                if isinstance(event, EpochDone) and event.epoch % 50 == 0:
                    for pid in processes.busy():
                        os.kill(pid, signal.SIGKILL)
        assert isinstance(heard[-1], Lost)
        assert heard[-1].attempts == ATTEMPTS
    finally:
        with processes.client() as client:
            client.run_on_scheduler(allow, 3)


def allow(failures, dask_scheduler):
    dask_scheduler.allowed_failures = failures


# ---------------------------------------------------------------- stopped


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    desk = tmp_path_factory.mktemp("desk")
    picture_folder(desk / "pets", *pictures(40))
    return desk


@pytest.fixture(scope="module")
def alone(desk):
    """What LASTING comes to without a cluster."""
    process = begun(*LASTING, "alone", within=desk)
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, said
    return results(desk / "alone")


LASTING = (
    "study", "sample", "--widths", "8", "--replicates", "2", "--epochs", "25", "--batch-size", "32", "--json", "--out",
)  # fmt: skip
PATIENCE = 300  # seconds that a study may take on a busy machine


@pytest.mark.slow
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_a_study_that_is_stopped_frees_the_cluster_and_goes_on_anywhere(number, status, processes, desk, alone):
    name = number.name
    process = begun(*LASTING, name, "--on", processes.address, within=desk)
    end = time.monotonic() + PATIENCE
    while not files(desk / name / "checkpoints") and process.poll() is None and time.monotonic() < end:
        time.sleep(0.05)
    asked = time.monotonic()
    process.send_signal(number)
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == status, said
    assert time.monotonic() - asked < FREED
    assert "Traceback" not in said
    assert processes.idle(FREED), "also where the study could not say so any more"
    assert files(desk / name / "checkpoints")
    if number != signal.SIGKILL:
        assert f"what was trained is kept; go on with: why128 study --resume {name}" in said
    elsewhere = ("--on", processes.address) if number == signal.SIGINT else ()
    resumed = begun("study", "--resume", name, "--json", *elsewhere, within=desk)
    _, said = resumed.communicate(timeout=PATIENCE)
    assert resumed.returncode == 0, said
    assert results(desk / name) == alone


@pytest.mark.slow
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_a_cluster_of_ones_own_leaves_no_process_behind(number, status, desk):
    """Ctrl-C reaches every process of a terminal; a kill, the study alone."""
    folder = f"own-{number.name}"
    process = begun(*LASTING, folder, "--on", "dask", within=desk, start_new_session=True)
    in_the_middle(process, desk / folder)
    asked = time.monotonic()
    os.killpg(process.pid, number) if number == signal.SIGINT else process.send_signal(number)
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == status, said
    assert time.monotonic() - asked < FREED
    assert gone(process.pid, FREED)


def gone(group, within):
    end = time.monotonic() + within
    while time.monotonic() < end:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


@pytest.mark.slow
def test_a_cluster_of_ones_own_comes_to_the_same(desk):
    command = ("study", "pets", "--widths", "0,4", "--replicates", "3", "--epochs", "3", "--json", "--out")
    own = begun(*command, "own", "--on", "dask", within=desk)
    out, said = own.communicate(timeout=PATIENCE)
    assert own.returncode == 0, said
    assert "3 of 3 replicates done" in said, "as without a cluster"
    here = begun(*command, "here", within=desk)
    _, said = here.communicate(timeout=PATIENCE)
    assert here.returncode == 0, said
    assert results(desk / "own") == results(desk / "here")
    assert json.loads(out)["verdict"]


# ---------------------------------------------------------------- refused


def refused(on, **patches):
    with pytest.raises(SurroundingsError) as caught:
        Cluster(on, Pictures.of(DATA), None, 0)
    assert caught.value.status == 4
    return str(caught.value), caught.value.hint


def test_where_no_scheduler_is(monkeypatch):
    monkeypatch.setattr(clusters, "PATIENCE", 0.5)
    said, hint = refused("tcp://127.0.0.1:9")
    assert said.startswith("tcp://127.0.0.1:9: expected Dask's scheduler, found none within 0 s (")
    assert said.endswith("); nothing was trained")
    assert hint == "start one: dask scheduler; for tls:// see docs/cluster.md"


def test_where_something_listens_and_says_nothing(monkeypatch):
    monkeypatch.setattr(clusters, "Client", lambda *_, **__: time.sleep(3))
    monkeypatch.setattr(clusters, "PATIENCE", 0.1)
    assert refused("tcp://127.0.0.1:9")[0].endswith("found none within 0 s (it says nothing); nothing was trained")


def test_where_tls_has_no_certificates(monkeypatch):
    monkeypatch.setattr(clusters, "PATIENCE", 0.5)
    said, hint = refused("tls://127.0.0.1:9")
    assert said.startswith(
        "tls://127.0.0.1:9: expected Dask's scheduler, found none within 0 s (Dask's configuration has no certificates for a client)"
    )
    assert hint == "start one: dask scheduler; for tls:// see docs/cluster.md"


@pytest.fixture
def workerless(monkeypatch):
    monkeypatch.setattr(clusters, "WORKERLESS", 1.0)
    with LocalCluster(
        n_workers=0, processes=False, protocol="tcp", host="127.0.0.1", dashboard_address="127.0.0.1:0"
    ) as cluster:
        yield cluster.scheduler_address


def test_where_no_worker_is_nothing_is_written(workerless, tmp_path):
    said, hint = refused(workerless)
    assert said == f"{workerless}: expected at least one worker, the scheduler had none for 1 s"
    assert hint == f"start some: dask worker {workerless}"
    with pytest.raises(SurroundingsError):
        conduct.study(PLAN, DATA, tmp_path / "s", on=workerless)
    assert not (tmp_path / "s").exists()


def versions_of(**changes):
    return {"host": {"python": changes.pop("python", "3.11.7.final.0")}, "packages": {**ALL, **changes}}


ALL = dict.fromkeys(clusters.ALIKE, "1.0")


@pytest.mark.parametrize(("who", "changes", "has", "due"), [
    ("worker tcp://w:1", {"jax": "0.9.0", "numpy": "2.0.0"}, "jax 0.9.0, numpy 2.0.0", "jax 1.0, numpy 1.0"),
    ("worker tcp://w:1", {"why128": None}, "no why128", "why128 1.0"),
    ("the scheduler", {"python": "3.12.1.final.0"}, "python 3.12", "python 3.11"),
    ("the scheduler", {"distributed": "2.0"}, "distributed 2.0", "distributed 1.0"),
])  # fmt: skip
def test_other_versions_are_refused_in_words(who, changes, has, due):
    class Client:
        def get_versions(self, packages):
            assert packages == clusters.ALIKE
            other = versions_of(**changes)
            scheduler = other if who == "the scheduler" else versions_of(python="3.11.2.final.0")
            workers = {"tcp://v:1": versions_of(), "tcp://w:1": versions_of() if who == "the scheduler" else other}
            return {"client": versions_of(), "scheduler": scheduler, "workers": workers}

    with pytest.raises(SurroundingsError) as caught:
        clusters._check("tcp://s:1", Client())
    assert str(caught.value) == (
        f"tcp://s:1: {who} has {has}, this machine {due}; networks would be of two kinds; nothing was trained"
    )
    assert caught.value.hint == "install the same versions on every machine of the cluster"


@pytest.mark.slow
def test_a_worker_that_comes_later_with_other_versions_is_refused(processes, tmp_path, monkeypatch):
    monkeypatch.setattr(clusters, "versions", lambda: {**versions(), "jax": "9.9"})
    with (
        Cluster(processes.address, Pictures.of(DATA), tmp_path, 1) as cluster,
        pytest.raises(SurroundingsError) as caught,
    ):
        list(cluster.run(bench(), LUCKS))
    assert str(caught.value).startswith(f"{processes.address}: worker tcp://127.0.0.1:")
    assert f" has jax {versions()['jax']}, this machine why128 " in str(caught.value)
    assert caught.value.hint == "install the same versions there"


@pytest.mark.slow
def test_with_certificates_it_is_encrypted(tmp_path):
    """By Dask's own configuration, which every process reads."""
    made = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=cluster",
         "-keyout", tmp_path / "key.pem", "-out", tmp_path / "cert.pem"],
        capture_output=True,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    pair = {"cert": str(tmp_path / "cert.pem"), "key": str(tmp_path / "key.pem")}
    tls = {"ca-file": pair["cert"], "scheduler": pair, "worker": pair, "client": pair}
    (tmp_path / "dask.yaml").write_text(json.dumps({"distributed": {"comm": {"require-encryption": True, "tls": tls}}}))
    configured = {**os.environ, "DASK_CONFIG": str(tmp_path / "dask.yaml")}
    processes = Processes(tmp_path, "--protocol", "tls", configured=configured)
    try:
        picture_folder(tmp_path / "pets", *pictures(40))
        command = ("study", "pets", "--widths", "0", "--replicates", "2", "--epochs", "2", "--json", "--on")
        study = begun(*command, processes.address, within=tmp_path, **configured)
        out, said = study.communicate(timeout=300)
        assert processes.address.startswith("tls://")
        assert study.returncode == 0, said
        assert json.loads(out)["verdict"]
        bare = begun(*command, processes.address, within=tmp_path)
        _, said = bare.communicate(timeout=300)
        assert bare.returncode == 4
        assert f"\nwhy128: error: {processes.address}: expected Dask's scheduler, found none within 10 s (" in said
    finally:
        processes.end()


# ---------------------------------------------------------------- the study's side, without a cluster


class Nobody:
    """A client of a cluster that answers nothing: what is said to it is kept."""

    status = "running"

    def __init__(self):
        self.said = []

    def run(self, function, *arguments, **_):
        self.said.append((function, *arguments))
        return {}

    def cancel(self, *_, **__):
        pass


@pytest.fixture
def out(tmp_path):
    client = Nobody()
    with dispatch.Dispatch(client, 7, bench(), tmp_path) as out:
        yield out


def answers(out, luck, count=1):
    """What an attempt at a cohort is told, so many times."""
    for number in range(count):
        out.hear((0.0, {"run": 7, "luck": [luck.initialisation] * 3, "begun": f"a{number}", "at": "tcp://w:1"}))
    end = time.monotonic() + 20
    while time.monotonic() < end:
        said = [each for each in out.client.said if each[0] is node.begin]
        if len(said) >= count:
            return [(start, wanted) for _, _, start, wanted in said]
        time.sleep(0.01)
    raise AssertionError(said)


def test_an_attempt_is_told_from_where_to_begin_and_the_last_one_is_made_alone(out):
    luck = Luck.of(1)
    (file,) = out.files(luck)
    file.write_bytes(b"where it stands")
    out._out[luck] = dispatch.Out(None)
    there = {file.name: b"where it stands"}
    assert answers(out, luck, 3) == [(there, True)] * 2 + [({}, False)]
    assert out.tries[luck] == ATTEMPTS - 1
    out.alone = luck
    out.client.said.clear()
    assert answers(out, luck, 2) == [(there, True), ({}, False)]


def test_what_nobody_waits_for_is_not_wanted(out):
    assert answers(out, Luck.of(2)) == [({}, False)]
    out.hear((0.0, {"run": 6, "luck": [1, 1, 1], "epoch": 3}))
    assert out.heard.empty(), "an earlier run's"


def test_checkpoints_of_a_finished_replicate_are_not_kept(out):
    (file,) = out.files(Luck.of(0))
    out._keep(Luck.of(0), {file.name: b"late"})
    assert not file.exists()
    out._out[Luck.of(0)] = dispatch.Out(None)
    out._keep(Luck.of(0), {file.name: b"in time", "../elsewhere": b"of no cohort"})
    assert file.read_bytes() == b"in time"
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_every_cohort_of_a_replicate_has_a_checkpoint_that_travels(monkeypatch, tmp_path):
    monkeypatch.setattr(benches, "ROWS", 6)
    first, last, whole = node.files(bench(), Luck.of(0), tmp_path)
    attempt = node.Attempt(files=(first, last, whole))
    monkeypatch.setitem(node.UNDER_WAY, attempt.name, attempt)
    assert node.kept(attempt.name, 0.0) is None
    first.write_bytes(b"one")
    os.utime(first, (100, 100))
    assert node.kept(attempt.name, 0.0) == (100, {first.name: b"one"})
    last.write_bytes(b"other")
    os.utime(last, (200, 200))
    assert node.kept(attempt.name, 0.0) == (200, {first.name: b"one", last.name: b"other"})
    assert node.kept(attempt.name, 100.0) == (200, {last.name: b"other"})
    assert node.kept(attempt.name, 200.0) is None


def test_how_a_death_is_told_of(out):
    class Gone:
        on = "tcp://s:1"

        def share(self, _):
            return None

    ended = clusters._Round(Gone(), bench(), out)
    assert ended._reason(Luck.of(0), node.Stopped()) == "its worker died (before it began)"
    out.last[Luck.of(0)] = "tcp://w:1"
    assert ended._reason(Luck.of(0), node.Stopped()) == "its worker died (tcp://w:1)"
    assert ended._reason(Luck.of(0), clusters.Fault(0, "MemoryError: ", True)) == "not enough memory (MemoryError: )"


def test_a_scheduler_that_has_gone():
    client = Nobody()
    clusters._check_connected("tcp://s:1", client)
    client.status = "connecting"
    with pytest.raises(SurroundingsError) as caught:
        clusters._check_connected("tcp://s:1", client)
    assert str(caught.value) == "tcp://s:1: the scheduler has gone; what was trained before is kept"
    assert caught.value.hint == "start it, and its workers, again"


def test_a_cluster_that_answers_no_more(tmp_path):
    class Silent(Nobody):
        def subscribe_topic(self, *_):
            raise OSError("Timed out")

    cluster = Cluster.__new__(Cluster)
    cluster.on, cluster.client, cluster.checkpoints, cluster._runs, cluster._topic = "dask", Silent(), tmp_path, 0, "t"
    with pytest.raises(SurroundingsError) as caught:
        list(cluster.run(bench(), LUCKS))
    assert str(caught.value) == (
        "dask: the cluster does not answer any more (OSError('Timed out')); what was trained before is kept"
    )
    assert caught.value.hint == "start its scheduler and workers again"
    assert clusters._workerless("dask").hint == "start some: dask worker ADDRESS"


def test_an_epoch_told_is_an_epoch():
    measured = {"val_accuracy": [0.25, 0.5]}
    event = node.told({"run": 1, "luck": [1, 2, 3], "epoch": 4, "measured": measured})
    assert (event.luck, event.epoch, event.accuracies.tolist()) == (Luck(1, 2, 3), 4, [0.25, 0.5])
    assert not isinstance(event, Replicate)
    assert GRACE < FREED
