// What Python is asked, and what is said while it cannot be reached.
import { fill, h } from "./dom.js";

export class Refused extends Error {
  constructor(document, status) {
    super(document.error || "the studio gave no answer that can be read");
    this.hint = document.hint;
    this.fix = document.fix;
    this.status = status;
  }
}

const lost = () => document.querySelector("#lost");
let waiting = null; // for the studio to be there again

async function reached() {
  waiting ??= (async () => {
    const said = h("p", {}, "The studio does not answer: it was stopped, or this machine is asleep. Start it again with ", h("code", {}, "why128 studio"),
      "; this page then goes on by itself, and nothing is lost.");
    fill(lost(), said).hidden = false;
    for (;;) {
      await new Promise((done) => setTimeout(done, 700));
      try {
        if ((await fetch("/health", { cache: "no-store" })).ok) break;
      } catch { /* not yet */ }
    }
    lost().hidden = true;
    waiting = null;
  })();
  return waiting;
}

async function answered(path, given, patient) {
  for (;;) {
    let response;
    try {
      response = await fetch(path, given);
      if (response.status === 503 && patient && (await response.clone().text()).includes("the server has ended")) throw new TypeError();
    } catch (fault) {
      if (fault.name === "AbortError") throw fault;
      if (!patient) {
        reached();
        throw new Refused({ error: "The studio does not answer at this moment.", hint: "Try again when it is back." }, 0);
      }
      await reached();
      continue;
    }
    const document = await response.json().catch(() => ({}));
    if (!response.ok) throw new Refused(document, response.status);
    return document;
  }
}

export const get = (path, query = {}, signal = undefined) =>
  answered(`${path}?${new URLSearchParams(query)}`, { signal, cache: "no-store" }, true);

export const post = (path, document = {}, signal = undefined) =>
  answered(path, { method: "POST", body: JSON.stringify(document), headers: { "content-type": "application/json" }, signal }, false);

export const send = (path, query, body, signal = undefined) =>
  answered(`${path}?${new URLSearchParams(query)}`, { method: "POST", body, headers: { "content-type": "application/octet-stream" }, signal }, false);
