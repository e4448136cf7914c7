"""The application: what the page asks, and who answers it."""

from __future__ import annotations

import asyncio
import json
import time
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

from starlette.responses import JSONResponse, RedirectResponse, Response

from why128 import __version__
from why128.data.download import by_name
from why128.errors import InputRefused, Why128Error, shown
from why128.serve.guard import Answer, Call, Door, Guard, always
from why128.serve.limits import Limits
from why128.serve.metrics import Metrics
from why128.serve.refusals import RequestRefused, refusal
from why128.serve.workers import Workers
from why128.studies.store import holding
from why128.studio import networks, pictures, planning, taking, trying, wanted, watching
from why128.studio.desk import NETWORKS, PICTURES, STUDIES, Desk
from why128.studio.shelf import Shelf
from why128.studio.source import Source
from why128.studio.terms import TERMS
from why128.studio.uploading import Uploads

LIMITS = Limits()
TICK = 0.2  # seconds between two looks at the studies' folders, while a page waits for news
WAITS = 20.0  # seconds that a page waits for news, before it asks again
CALM = 0.5  # seconds at least between two news of a study that runs
MOST_BLOBS = 400  # pictures and files kept for pages to fetch
MOST_BYTES = 400_000_000  # of them
HEADERS = {
    "content-security-policy": "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
KINDS = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".json": "application/json",
}
FOREVER = {"cache-control": "private, max-age=31536000, immutable"}  # what is named by its own contents never changes
FRESH = {"cache-control": "no-store"}


class Told(JSONResponse):
    """JSON in plain letters: a name that is no Unicode (a file's, on a disk) goes to the page as it is."""

    def render(self, content: Any) -> bytes:
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode("ascii")


@dataclass
class Studio:
    """All that the page's answers need."""

    shelf: Shelf
    uploads: Uploads
    desk: Desk = field(default_factory=Desk)
    workers: Workers = field(default_factory=Workers)
    models: list[str] = field(default_factory=list)  # networks' files that were named, beside the studies' own
    first: dict[str, str | None] = field(default_factory=dict)  # what the page opens with
    blobs: OrderedDict[str, tuple[bytes, str, str | None]] = field(default_factory=OrderedDict)
    stopping: bool = False

    def stop(self) -> None:
        """Let nobody wait any more, and pause what was started here."""
        self.stopping = True
        self.desk.end()
        self.shelf.end()

    # ------------------------------------------------------------ what pages fetch by itself

    def keep(self, data: bytes, kind: str, name: str | None = None) -> str:
        """Keep bytes for the page; gives their address."""
        key = sha256(data + (name or "").encode()).hexdigest()[:24]
        self.blobs[key] = (data, kind, name)
        self.blobs.move_to_end(key)
        while len(self.blobs) > 1 and (
            len(self.blobs) > MOST_BLOBS or sum(len(one) for one, *_ in self.blobs.values()) > MOST_BYTES
        ):
            self.blobs.popitem(last=False)
        return f"/api/blob?key={key}"

    def _charts(self, document: dict[str, Any], blobs: watching.Blobs) -> dict[str, Any]:
        """The document with an address for each of its charts."""
        for figure in document["figures"]:
            figure["src"] = self.keep(blobs[figure["key"]], "image/svg+xml")
        return document

    async def blob(self, call: Call) -> Response:
        """A picture or file that another answer named."""
        found = self.blobs.get(call.query.get("key", ""))
        if found is None:
            raise InputRefused("picture: it is not kept any more", hint="reload the page")
        data, kind, name = found
        saved = {"content-disposition": f"attachment; filename*=UTF-8''{quote(name)}"} if name else {}
        return Response(data, media_type=kind, headers=FOREVER | saved)

    # ------------------------------------------------------------ pictures

    async def state(self, call: Call) -> Response:
        """What the page begins with."""
        known = await self.workers.do(pictures.known_sets)
        for kind in (PICTURES, STUDIES, NETWORKS):
            self.desk.ready(kind)
        return Told(
            {
                "version": __version__, "folder": str(self.shelf.root), "first": self.first, "known": known, "terms": TERMS,
                "formats": taking.formats(), "models": self.models, **planning.choices(),
            },
            headers=FRESH,
        )  # fmt: skip

    async def pictures(self, call: Call) -> Response:
        """A data set: what is in it, and a gallery."""
        source = Source.of(wanted.document(call))
        try:
            document, gallery = await self.desk.do(PICTURES, pictures.described, source)
        except Why128Error as refused:
            answer = refusal(refused)
            said = {"error": str(refused), "hint": refused.hint, "fix": pictures.fix(refused)}
            return Told(said, answer.status_code)
        tiles = {
            "src": self.keep(gallery.png, "image/png"), "across": gallery.columns, "width": gallery.width, "height": gallery.height,
        }  # fmt: skip
        for one, start, count in zip(document["classes"], gallery.starts, gallery.counts, strict=True):
            one |= {"start": start, "shown": count}
        return Told(document | {"sheet": tiles})

    async def upload_begin(self, call: Call) -> Response:
        """Begin to take pictures in."""
        given = wanted.document(call)
        return Told({"key": self.uploads.begin(wanted.text(given, "name"), wanted.number(given, "bytes"))})

    async def upload_add(self, call: Call) -> Response:
        """A piece of them."""
        key = call.query.get("key", "")
        return Told({"bytes": await self.workers.do(lambda: self.uploads.add(key, call.body))})

    async def upload_end(self, call: Call) -> Response:
        """All of them came, or will not: where they lie."""
        given = wanted.document(call)
        key = wanted.text(given, "key")
        if given.get("drop"):
            self.uploads.drop(key)
            return Told({"path": None})
        return Told({"path": str(await self.workers.do(lambda: self.uploads.end(key)))})

    # ------------------------------------------------------------ studies

    async def plan(self, call: Call) -> Response:
        """What a study would take, and the command that would do the same."""
        asked = planning.Wanted.of(wanted.document(call))
        return Told(await self.desk.do(PICTURES, planning.foreseen, asked))

    async def begin(self, call: Call) -> Response:
        """Start a study."""
        asked = planning.Wanted.of(wanted.document(call))
        await self.desk.do(PICTURES, planning.foreseen, asked)  # what would be refused is refused here, in words
        data = asked.source.data
        name = data if by_name(data) else Path(data).stem or "pictures"
        return Told({"study": self.shelf.begin(name, data, asked.options)})

    async def pause(self, call: Call) -> Response:
        """Stop a study, which keeps what it has."""
        self.shelf.pause(wanted.text(wanted.document(call), "study"))
        return Told({})

    async def go_on(self, call: Call) -> Response:
        """Go on with one."""
        self.shelf.go_on(wanted.text(wanted.document(call), "study"))
        return Told({})

    async def rename(self, call: Call) -> Response:
        """Give one another name."""
        given = wanted.document(call)
        return Told({"study": self.shelf.rename(wanted.text(given, "study"), wanted.text(given, "name"))})

    async def delete(self, call: Call) -> Response:
        """Delete one."""
        study = wanted.text(wanted.document(call), "study")
        await self.workers.do(lambda: self.shelf.delete(study))
        return Told({})

    async def watch(self, call: Call) -> Response:
        """News of the studies, and of the one that is looked at: answered once there are any since the last."""
        study, since = call.query.get("study", ""), call.query.get("since", "")
        end = time.monotonic() + WAITS
        if since:
            await asyncio.sleep(CALM)
        while (now := self._news(study)) == since and time.monotonic() < end and not self.stopping:
            await asyncio.sleep(TICK)
        if self.stopping:
            raise RequestRefused(503, "stopped: the server has ended")
        listed = [{"name": name, "state": state} for name, state in self.shelf.glance()]
        return Told({"since": now, "studies": listed, "study": await self._study(study)}, headers=FRESH)

    def _news(self, study: str) -> str:
        seen: list[Any] = [self.shelf.glance()]
        if any(name == study for name, _ in seen[0]):
            seen.append(self.shelf.signature(study))
        return sha256(json.dumps(seen).encode()).hexdigest()[:16]

    async def _study(self, study: str) -> dict[str, Any] | None:
        if not study:
            return None
        try:
            folder, state = self.shelf.folder(study), self.shelf.state(study)
        except InputRefused as gone:
            return {"name": study, "state": "gone", "error": str(gone)}
        document, blobs = await self.desk.do(STUDIES, watching.watched, str(folder), state, self.shelf.signature(study))
        own = self.shelf.running.get(study)
        if state == "failed" and own is not None and document["state"] not in ("finished", "damaged"):
            document |= {"error": own.complaint}
        return self._charts({**document, "name": study, "figures": [dict(one) for one in document["figures"]]}, blobs)

    async def brief(self, call: Call) -> Response:
        """A line about a study."""
        study = call.query.get("study", "")
        given = (str(self.shelf.folder(study)), self.shelf.state(study), self.shelf.signature(study))
        return Told(await self.desk.do(STUDIES, watching.brief, *given) | {"name": study}, headers=FRESH)

    async def learning(self, call: Call) -> Response:
        """One candidate's learning curves."""
        folder = str(self.shelf.folder(call.query.get("study", "")))
        document, blobs = await self.desk.do(STUDIES, watching.learned, folder, call.query.get("candidate", ""))
        return Told(document | {"src": self.keep(blobs[document["key"]], "image/svg+xml")}, headers=FRESH)

    # ------------------------------------------------------------ networks

    def _model(self, path: str) -> str:
        """A network's file, if it is one of the studies', or was named.  Raises InputRefused for any other."""
        folder = holding(path)
        known = {str(self.shelf.folder(name).absolute()) for name in self.shelf.names()}
        if not path.endswith(".keras") or (path not in self.models and str(folder) not in known):
            raise InputRefused(f"{shown(Path(path).name, 80)}: expected one of the networks listed, got another file")
        return path

    @staticmethod
    def _source(given: dict[str, Any]) -> Source | None:
        return Source.of(given["source"]) if isinstance(given.get("source"), dict) else None

    async def networks(self, call: Call) -> Response:
        """The networks that can be looked at: those of a study, and those that were named."""
        study = call.query.get("study", "")
        named = [{"path": path, "name": Path(path).stem, "kind": "named"} for path in self.models]
        found = watching.networks(str(self.shelf.folder(study))) if study else []
        return Told({"networks": [*named, *found]}, headers=FRESH)

    async def network(self, call: Call) -> Response:
        """What a network is, and how it is served."""
        path = self._model(call.query.get("model", ""))
        found = networks.opened(path)
        about = {
            "path": path, "name": Path(path).stem, "classes": list(found.classes or map(str, range(max(2, found.ladder.classes)))),
            "shape": list(found.image_shape), "width": list(found.width), "parameters": found.parameters, "request": taking.request(path),
        }  # fmt: skip
        return Told(about, headers=FRESH)

    async def neurons(self, call: Call) -> Response:
        """Every neuron of a network."""
        given = wanted.document(call)
        path = self._model(wanted.text(given, "model"))
        document, blobs = await self.desk.do(NETWORKS, networks.described, path, self._source(given))
        for sheet in (*document["layers"], document["seen"]):
            sheet["src"] = self.keep(blobs[sheet["key"]], "image/png")
        return Told(document)

    async def silence(self, call: Call) -> Response:
        """What a network does without some neurons."""
        given = wanted.document(call)
        path, off = self._model(wanted.text(given, "model")), networks.off(given.get("off"))
        return Told(await self.desk.do(NETWORKS, networks.judged, path, self._source(given), off))

    async def shrink(self, call: Call) -> Response:
        """Write a smaller network."""
        given = wanted.document(call)
        path = self._model(wanted.text(given, "model"))
        to = wanted.number(given, "to") if given.get("to") else None
        found = await self.desk.do(NETWORKS, networks.smaller, path, self._source(given), to, None)
        if path in self.models:
            self.models.append(found["path"])
        return Told(found)

    async def predict(self, call: Call) -> Response:
        """What a network says of the picture that is the body, and why."""
        path = self._model(call.query.get("model", ""))
        off = networks.off(wanted.listed(call.query.get("off", "[]")))
        network = networks.opened(path)
        return Told(await self.workers.do(lambda: trying.tried(network, call.body, off)), headers=FRESH)

    async def export(self, call: Call) -> Response:
        """A network in one format, to be fetched."""
        given = wanted.document(call)
        path, ending = self._model(wanted.text(given, "model")), wanted.text(given, "ending")
        source, int8 = self._source(given), bool(given.get("int8"))
        document, raw = await self.desk.do(NETWORKS, taking.written, path, source, ending, int8)
        kind = taking.KINDS.get(ending, "application/octet-stream")
        return Told(document | {"src": self.keep(raw, kind, document["name"])})

    def routes(self) -> dict[str, tuple[str, Answer]]:
        """What is answered where, but for the page's own files."""
        gets = {
            "state": self.state, "watch": self.watch, "brief": self.brief, "learning": self.learning, "networks": self.networks,
            "network": self.network, "blob": self.blob,
        }  # fmt: skip
        posts = {
            "pictures": self.pictures, "uploads/begin": self.upload_begin, "uploads/add": self.upload_add, "uploads/end": self.upload_end,
            "plan": self.plan, "studies/begin": self.begin, "studies/pause": self.pause, "studies/go-on": self.go_on,
            "studies/rename": self.rename, "studies/delete": self.delete, "neurons": self.neurons, "silence": self.silence,
            "shrink": self.shrink, "predict": self.predict, "export": self.export,
        }  # fmt: skip
        found: dict[str, tuple[str, Answer]] = {f"/api/{path}": ("GET", answer) for path, answer in gets.items()}
        return found | {f"/api/{path}": ("POST", answer) for path, answer in posts.items()}


def application(studio: Studio, door: Door) -> Guard:
    """The studio's server, behind its guard; the page itself, in which nothing of anyone stands, needs no key."""
    public = page(door) | {"/health": ("GET", always({"status": "ok"}))}
    door, routes = replace(door, public=frozenset(public)), studio.routes() | public
    guarded = {path: (method, _with_headers(answer)) for path, (method, answer) in routes.items()}
    return Guard(guarded, door, LIMITS, Metrics(), "go back to /")


def page(door: Door) -> dict[str, tuple[str, Answer]]:
    """The page's own files, each at its address; the first of them also takes the key, and gives it back as a cookie."""
    own = [one for one in files("why128.studio").joinpath("page").iterdir() if one.is_file()]
    found: dict[str, tuple[str, Answer]] = {}
    for one in own:
        ending = Path(one.name).suffix
        if ending in KINDS:
            found[f"/page/{one.name}"] = ("GET", _file(one.read_bytes(), KINDS[ending]))
    shared = files("why128").joinpath("webpage.css").read_bytes()
    found["/page/webpage.css"] = ("GET", _file(shared, "text/css"))
    first = files("why128.studio").joinpath("page", "index.html").read_bytes()

    async def index(call: Call) -> Response:
        if call.query.get("key") != door.token:
            return Response(first, media_type="text/html", headers=FRESH)
        answer = RedirectResponse("/", 303, FRESH)
        assert door.cookie is not None
        assert door.token is not None
        answer.set_cookie(door.cookie, door.token, max_age=90 * 86_400, httponly=True, samesite="strict")
        return answer

    return found | {"/": ("GET", index)}


def _file(data: bytes, kind: str) -> Answer:
    tag = f'"{sha256(data).hexdigest()[:16]}"'

    async def answer(call: Call) -> Response:
        headers = {"etag": tag, "cache-control": "no-cache"}
        if call.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(data, media_type=kind, headers=headers)

    return answer


def _with_headers(answer: Answer) -> Answer:
    async def answered(call: Call) -> Response:
        response = await answer(call)
        response.headers.update(HEADERS)
        return response

    return answered
