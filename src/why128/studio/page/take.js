// Take it: the network in every format, with its exact size, the code that loads it, and the request that serves it.
import { get, post } from "./api.js";
import { button, fill, h, notice, whole } from "./dom.js";
import { app } from "./main.js";
import * as models from "./models.js";
import { term } from "./terms.js";

let parts = null;

export function show(main) {
  parts = { told: h("div", {}) };
  const choice = models.choice(open);
  fill(main, h("h1", {}, "Take it along"), h("p", { class: "lead" }, "The network as a file, in the format that you need. Each is compared with the original on real pictures before you get it."), choice, parts.told);
}

export function left() {
  parts = null;
}

async function open(model) {
  const own = parts;
  if (!model) return;
  try {
    const about = await get("/api/network", { model });
    if (own !== parts) return;
    const rows = app.begun.formats.map((format) => card(model, format));
    fill(own.told,
      h("p", { class: "facts" }, `${about.name}: ${about.shape.slice(0, 2).join(" × ")} pixels, ${about.width.length ? `${about.width.join(" × ")} neurons` : "no hidden neurons"}, ${about.classes.length} classes, ${whole(about.parameters)} `, term("parameters")),
      h("div", { class: "cards" }, rows.map((row) => row.element)),
      h("section", { class: "card", "aria-labelledby": "serve" }, h("h2", { id: "serve" }, "Serve it"), h("p", {}, "Answers over HTTP, on this machine; the second line asks."), h("pre", { tabindex: "0" }, about.request.join("\n"))));
    for (const row of rows) {
      if (own !== parts) return;
      await row.make();
    }
  } catch (fault) {
    if (own === parts) fill(own.told, notice(fault));
  }
}

function card(model, { ending, name, int8 }) {
  const told = h("div", { "aria-live": "polite" }, h("p", { class: "working" }, "Writing …"));
  const element = h("section", { class: "card format", "aria-label": `${name}${int8 ? ", int8" : ""}` }, h("h2", {}, name, h("span", { class: "quiet" }, ` ${ending}`), int8 ? [" ", term("int8")] : null), told);
  const make = async () => {
    try {
      const made = await post("/api/export", { model, ending, int8, source: app.source });
      const code = h("pre", { tabindex: "0" }, made.code);
      const copied = h("span", { class: "quiet", role: "status" });
      fill(told,
        h("p", { class: "size" }, `${whole(made.bytes)} bytes`),
        h("p", {}, h("a", { class: "go", href: made.src, download: made.name }, `Download ${made.name}`)),
        h("p", { class: "quiet" }, made.needs), made.compared ? h("p", { class: "quiet" }, made.compared) : null,
        h("details", {}, h("summary", {}, made.language), code, h("p", {}, button("Copy", async () => { await navigator.clipboard.writeText(made.code); copied.textContent = " copied"; }, "small"), copied)));
    } catch (fault) {
      fill(told, notice(fault));
    }
  };
  return { element, make };
}
