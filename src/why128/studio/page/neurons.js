// Neurons: every one as a picture; what excites it, its classes, its worth; and what becomes of the answers without it.
import { post } from "./api.js";
import { bar, button, cut, field, fill, h, notice, percent, table, whole } from "./dom.js";
import { app, keep } from "./main.js";
import * as models from "./models.js";
import { term } from "./terms.js";

const TILE = 44, LARGE = 168, SEEN = 56;
let parts = null;
let found = null; // the ledger of `found.model`

export function show(main) {
  parts = { choice: null, told: h("div", {}) };
  parts.choice = models.choice(look);
  fill(main, h("h1", {}, "What does each neuron do?"), h("p", { class: "lead" }, "Each square is what one ", term("neuron"), " looks for: red where ink speaks for it, blue where ink speaks against it."), parts.choice, parts.told);
}

export function left() {
  parts = null;
}

async function look(model) {
  const own = parts;
  if (!model) return;
  if (found?.model !== model) {
    fill(own.told, h("p", { class: "working", role: "status" }, "Looking at every neuron …"));
    try {
      const seen = await post("/api/neurons", { model, source: app.source });
      found = { ...seen, model };
    } catch (fault) {
      fill(own.told, notice(fault));
      return;
    }
  }
  if (own === parts) tell();
}

function tell() {
  const key = (one) => `${one.layer}.${one.number}`;
  const byKey = new Map(found.neurons.map((one) => [key(one), one]));
  Object.assign(parts, { key, byKey, tiles: new Map(), detail: h("section", { class: "card detail", "aria-live": "polite", "aria-label": "One neuron" }), effect: h("section", { class: "card", "aria-labelledby": "effect" }) });
  const layers = found.layers.map((layer) => {
    const own = found.neurons.filter((one) => one.layer === layer.layer);
    const tiles = own.map((one) => {
      const tile = h("button", { type: "button", class: "tile", "aria-pressed": "false", onclick: () => chosen(one) }, cut(layer, one.number, TILE));
      parts.tiles.set(key(one), tile);
      return tile;
    });
    return [found.layers.length > 1 ? h("h3", {}, `Layer ${layer.layer}`, layer.composed ? h("span", { class: "quiet" }, " (its weights times those of the layers before)") : null) : null,
      h("div", { class: "mosaic", role: "group", "aria-label": `neurons of layer ${layer.layer}` }, tiles)];
  });
  const order = h("select", { onchange: () => sort(order.value) }, [["place", "their number"], ["lost", "what is lost without them"], ["fires", "how often they fire"], ["selectivity", "how selective they are"]].map(([value, text]) => h("option", { value }, text)));
  const only = h("select", { onchange: () => filter(only.value) }, h("option", { value: "" }, "all"), found.flags.map((flag) => h("option", { value: flag }, flag)), found.classes.map((name) => h("option", { value: `=${name}` }, `for ${name}`)));
  fill(parts.told,
    h("section", { class: "card" }, h("h2", {}, found.headline), h("p", {}, found.judged), h("ul", {}, found.summary.map((line) => h("li", {}, line))), h("p", { class: "quiet" }, found.costs)),
    h("div", { class: "two" },
      h("section", { "aria-labelledby": "all-neurons" }, h("h2", { id: "all-neurons" }, "All of them"),
        h("div", { class: "fields" }, field("In the order of", order), field("Show", only)), legend(), layers),
      h("div", { class: "side" }, parts.effect, parts.detail)),
    shrinking());
  fill(parts.detail, h("p", { class: "quiet" }, "Choose a neuron to see what excites it."));
  mark();
  effect();
}

const legend = () => h("p", { class: "legend" }, "against", h("span", { class: "scale", role: "img", "aria-label": "colours from blue by white to red" }), "for");

function sort(by) {
  for (const layer of parts.told.querySelectorAll(".mosaic")) {
    const own = [...layer.children].map((tile) => [tile, [...parts.tiles].find(([, one]) => one === tile)[0]]);
    const value = (key) => { const one = parts.byKey.get(key); return by === "place" ? one.number : -one[by]; };
    layer.append(...own.sort(([, a], [, b]) => value(a) - value(b)).map(([tile]) => tile));
  }
}

function filter(wanted) {
  for (const [key, tile] of parts.tiles) {
    const one = parts.byKey.get(key);
    tile.hidden = !(wanted === "" || (wanted.startsWith("=") ? one.prefers === wanted.slice(1) : one.flags.some((flag) => flag.startsWith(wanted))));
  }
}

function mark() {
  for (const [key, tile] of parts.tiles) {
    const one = parts.byKey.get(key), gone = app.off[key];
    tile.classList.toggle("off", Boolean(gone));
    tile.classList.toggle("odd", one.flags.length > 0);
    tile.setAttribute("aria-pressed", String(parts.one === key));
    tile.setAttribute("aria-label", [`neuron ${one.name}`, ...one.flags, gone ? "switched off" : ""].filter(Boolean).join(", "));
    tile.title = tile.getAttribute("aria-label");
  }
}

function chosen(one) {
  parts.one = parts.key(one);
  const layer = found.layers[one.layer - 1], cells = one.cells;
  const images = (some) => h("p", { class: "images" }, some.map((image) => cut(found.seen, image.at, SEEN, image.class)));
  const facts = Object.entries(found.columns).filter(([name]) => name !== "neuron" && cells[name]).map(([name, about]) => [h("dt", { title: about }, name === "lost" ? "points lost without it" : name), h("dd", {}, cells[name])]);
  const gone = app.off[parts.one];
  const each = found.classes.map((name, at) => [name, one.by_class.fires[at], one.by_class.speaks[at], one.by_class.lost[at]]);
  fill(parts.detail,
    h("h2", {}, `Neuron ${one.name}`, one.flags.length ? h("span", { class: "flag" }, ` ${one.flags.join(", ")}`) : null),
    h("div", { class: "look" }, cut(layer, one.number, LARGE, `what neuron ${one.name} looks for: red for, blue against`), h("dl", {}, facts)),
    button(gone ? "Switch it on again" : "Switch it off", () => flip([one]), gone ? "" : "go"),
    h("h3", {}, "Excites it most"), images(one.most), h("h3", {}, "Least"), images(one.least),
    h("details", {}, h("summary", {}, "Class by class"), table(["class", "fires", "speaks for it", "points lost"], each, `Neuron ${one.name}, class by class`)));
  mark();
}

function flip(some) {
  const off = { ...app.off };
  for (const one of some) {
    const key = parts.key(one);
    if (off[key]) delete off[key];
    else off[key] = true;
  }
  keep({ off });
  mark();
  if (parts.one) chosen(parts.byKey.get(parts.one));
  effect();
}

let asked = 0;

async function effect() {
  const own = ++asked, there = parts;
  try {
    const seen = await post("/api/silence", { model: found.model, source: app.source, off: models.off() });
    if (own !== asked || there !== parts) return;
    const rows = seen.classes.map((one) => {
      const moved = Math.round(1000 * (one.after - one.before)) / 10;
      return h("div", { class: "effect" }, h("span", { class: "name" }, one.name), bar(one.after), h("span", { class: "number" }, percent(one.after)),
        h("span", { class: `moved ${moved < 0 ? "down" : moved > 0 ? "up" : ""}` }, moved ? `${moved > 0 ? "+" : "−"}${Math.abs(moved).toFixed(1)}` : "±0"));
    });
    const count = models.off().length;
    fill(there.effect, h("h2", { id: "effect" }, count ? `${whole(count)} switched off` : "All are on"), h("p", { role: "status" }, seen.said),
      h("div", { class: "effects", role: "group", "aria-label": "accuracy by class" }, rows),
      count ? h("p", { class: "buttons" }, button("Switch all on", () => { keep({ off: {} }); mark(); if (parts.one) chosen(parts.byKey.get(parts.one)); effect(); }), h("a", { href: "#try" }, "Try it like this")) : h("p", { class: "quiet" }, "Switch neurons off, and see what becomes of each class."));
  } catch (fault) {
    if (own !== asked || there !== parts) return;
    fill(there.effect, h("h2", { id: "effect" }, "That cannot be"), notice(fault), button("Switch all on", () => { keep({ off: {} }); mark(); effect(); }));
  }
}

function shrinking() {
  const to = h("input", { type: "text", inputmode: "numeric", autocomplete: "off", placeholder: "as few as lose half a point", id: "to" }), told = h("div", { "aria-live": "polite" });
  return h("section", { class: "card", "aria-labelledby": "shrink" }, h("h2", { id: "shrink" }, "Make it smaller, for real"),
    h("p", {}, "Neurons that do least are taken out, and the others make up for them. The smaller network is written beside this one."),
    h("form", { class: "inline", onsubmit: async (event) => {
      event.preventDefault();
      const act = event.target.querySelector("button");
      act.disabled = true;
      fill(told, h("p", { class: "working" }, "Taking out neurons …"));
      try {
        const made = await post("/api/shrink", { model: found.model, source: app.source, to: to.value.trim() });
        fill(told, made.lines.slice(0, 4).map((line) => h("p", {}, line)), made.lines.length > 4 ? h("pre", { tabindex: "0" }, made.lines.slice(4).join("\n")) : null,
          h("p", {}, button(`Look at ${made.name}`, () => { keep({ model: made.path, off: {} }); parts.choice.again(); scrollTo(0, 0); }, "go")));
      } catch (fault) {
        fill(told, notice(fault));
      }
      act.disabled = false;
    } }, field("Neurons to keep", to), h("button", {}, "Shrink")), told);
}
