// The page: five places, one of them shown; and the one question to Python that is always open.
import { get } from "./api.js";
import { fill, h } from "./dom.js";
import { learn } from "./terms.js";
import * as needed from "./needed.js";
import * as neurons from "./neurons.js";
import * as pictures from "./pictures.js";
import * as take from "./take.js";
import * as trying from "./trying.js";

const PLACES = {
  pictures: ["Pictures", pictures], needed: ["Neurons needed", needed], neurons: ["Neurons", neurons], try: ["Try it", trying], take: ["Take it", take],
};
const main = document.querySelector("#main");

// What all places share. What a person chose stays chosen when the page is loaded again.
export const app = { begun: null, source: null, study: null, model: null, off: {}, studies: [], seen: null };
const KEPT = ["source", "study", "model", "off"];

export function keep(changed) {
  Object.assign(app, changed);
  try {
    sessionStorage.setItem("why128", JSON.stringify(Object.fromEntries(KEPT.map((name) => [name, app[name]]))));
  } catch { /* nothing is kept then */ }
}

let place = null;

function route() {
  const [name, study] = location.hash.slice(1).split("/").map(decodeURIComponent);
  const next = PLACES[name] ? name : "pictures";
  if (study !== undefined && study !== app.study) {
    keep({ study: study || null });
    hurry();
  }
  for (const link of document.querySelectorAll("nav a")) {
    const own = link.getAttribute("href") === `#${next}`;
    own ? link.setAttribute("aria-current", "page") : link.removeAttribute("aria-current");
  }
  if (place && place.left) place.left();
  const [title, module] = PLACES[next];
  const first = place === null;
  place = module;
  document.title = `${title} – why128`;
  fill(main);
  module.show(main);
  if (!first) {
    main.focus({ preventScroll: true });
    scrollTo(0, 0);
  }
}

// -------------------------------------------------------------- news of the studies

let ending = null; // of the question that is open
let since = "";

export function hurry() {
  since = "";
  ending?.abort();
}

async function watch() {
  for (;;) {
    ending = new AbortController();
    const asked = app.study;
    try {
      const news = await get("/api/watch", { study: app.study || "", since }, ending.signal);
      if (asked !== app.study) continue;
      since = news.since;
      app.studies = news.studies;
      app.seen = news.study;
      place?.news?.();
    } catch (fault) {
      if (fault.name === "AbortError") continue;
      if (fault.status === 401) {
        fill(main, h("h1", {}, "This page needs its key"), h("p", {}, "Open the address that the terminal printed: it has the key in it."));
        return;
      }
      place?.trouble?.(fault);
      await new Promise((done) => setTimeout(done, 1500));
    }
  }
}

async function begin() {
  app.begun = await get("/api/state");
  learn(app.begun.terms);
  try {
    Object.assign(app, JSON.parse(sessionStorage.getItem("why128") || "{}"));
  } catch { /* as if nothing was kept */ }
  const { study, model } = app.begun.first;
  if (!location.hash) {
    if (study) {
      keep({ study, model: null });
      history.replaceState(null, "", `#needed/${encodeURIComponent(study)}`);
    } else if (model) {
      keep({ model });
      history.replaceState(null, "", "#neurons");
    }
  }
  addEventListener("hashchange", route);
  route();
  watch();
}

begin().catch((fault) => {
  const own = fault.status === 401 ? "Open the address that the terminal printed: it has the key in it." : fault.message;
  fill(main, h("h1", {}, fault.status === 401 ? "This page needs its key" : "The page could not be opened"), h("p", {}, own));
});
