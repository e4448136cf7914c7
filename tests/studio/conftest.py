"""A studio in this process: its guard is asked as a browser would ask it, without a socket between."""

import asyncio
import json
from urllib.parse import urlencode

import pytest

from tests.serve.conftest import Heard
from tests.studies.conftest import DATA, PLAN
from why128.serve.guard import Door
from why128.studies.conduct import study
from why128.studio.app import Studio, application
from why128.studio.shelf import Shelf
from why128.studio.uploading import Uploads

TOKEN, PORT = "a-key-of-thirty-two-characters--", 8129


class Answered(Heard):
    """An answer, which may be a refusal."""

    @property
    def refused(self):
        return self.status, self.document["error"], self.document["hint"]


class Client:
    """Who has the key."""

    def __init__(self, studio):
        self.studio = studio
        self.guard = application(studio, Door(("127.0.0.1",), PORT, TOKEN, cookie="why128"))

    def ask(self, path, given=None, body=b"", method=None, query=None, **headers):
        return asyncio.run(self._ask(path, given, body, method, query or {}, headers))

    def get(self, path, **query):
        return self.ask(path, query=query)

    async def _ask(self, path, given, body, method, query, headers):
        body = json.dumps(given).encode() if given is not None else body
        method = method or ("POST" if body else "GET")
        due = {"host": f"127.0.0.1:{PORT}", "cookie": f"why128={TOKEN}"} | {
            k.replace("_", "-"): v for k, v in headers.items()
        }
        scope = {
            "type": "http", "method": method, "path": path, "query_string": urlencode(query).encode(),
            "headers": [(name.encode(), value.encode()) for name, value in due.items() if value is not None],
        }  # fmt: skip
        sent = []

        async def receive():
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message):
            sent.append(message)

        await self.guard(scope, receive, send)
        told = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
        return Answered(sent[0]["status"], told, b"".join(one.get("body", b"") for one in sent[1:]))


@pytest.fixture(scope="session")
def shelved(tmp_path_factory):
    """A folder with one finished study, and its data as a file."""
    here = tmp_path_factory.mktemp("shelved")
    study(PLAN, DATA, here / "why128-studies" / "pets-1", workers=2)
    return here


@pytest.fixture(scope="session")
def client(shelved):
    studio = Studio(Shelf(shelved), Uploads(shelved))
    yield Client(studio)
    studio.stop()


@pytest.fixture
def fresh(tmp_path):
    """A studio in an empty folder."""
    studio = Studio(Shelf(tmp_path), Uploads(tmp_path))
    yield Client(studio)
    studio.stop()
