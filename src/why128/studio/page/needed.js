// Neurons needed: a plan in a few controls, the study while it runs, its answer, and several studies side by side.
import { get, post } from "./api.js";
import { figure } from "./charts.js";
import { button, field, fill, h, notice, percent, table } from "./dom.js";
import { app, hurry, keep } from "./main.js";
import { term } from "./terms.js";

const RUNS = ["running", "starting", "elsewhere"];
const SAYS = {
  starting: "it begins", running: "it runs", elsewhere: "it runs, started elsewhere", stopped: "stopped; nothing is lost", still: "", failed: "it ended before its time",
  finished: "finished", damaged: "it cannot be read", gone: "it is gone",
};
const briefs = new Map(); // what is known of each study, by its name and state

let parts = null;
let shown = null; // the study whose parts are there; undefined: the list

export function show(main) {
  parts = { main };
  shown = null;
  fill(main);
  news();
}

export function left() {
  parts = null;
}

export function news() {
  if (!parts) return;
  if (!app.study) {
    if (shown !== undefined) begin();
    list();
  } else if (app.seen?.name === app.study) {
    if (app.seen.state === "gone") {
      keep({ study: null });
      location.hash = "#needed/";
      return;
    }
    if (shown !== app.study) frame();
    tell(app.seen);
  } else if (shown !== app.study) {
    shown = null;
    fill(parts.main, h("h1", {}, app.study), h("p", { class: "working" }, "Opening the study …"));
  }
}

export function trouble(fault) {
  if (parts?.trouble) fill(parts.trouble, notice(fault));
}

// -------------------------------------------------------------- a new study, and those that are there

function begin() {
  shown = undefined;
  parts.list = h("section", { "aria-labelledby": "studies" });
  parts.compared = h("div", {});
  parts.trouble = h("div", {});
  fill(parts.main, h("h1", {}, "How many neurons are enough?"), parts.trouble, app.source ? form() : h("section", { class: "card" },
    h("p", {}, "First choose the pictures that this is asked of."), h("p", {}, h("a", { class: "go", href: "#pictures" }, "Choose pictures"))), parts.list, parts.compared);
}

function form() {
  const fields = app.begun.fields, controls = {}, told = h("div", { class: "plan", "aria-live": "polite" }), command = h("code", {});
  const text = (name, given = {}) => (controls[name] = h("input", { type: "text", autocomplete: "off", spellcheck: "false", value: fields[name], ...given }));
  const settle = h("input", { type: "checkbox", id: "settle" });
  const start = h("button", { class: "go" }, "Start");
  const wanted = () => ({ source: app.source, settle: settle.checked, fields: Object.fromEntries(Object.entries(controls).map(([name, control]) => [name, control.value])) });

  let asked = 0, timer;
  const foresee = async () => {
    const own = ++asked;
    told.classList.add("working");
    try {
      const found = await post("/api/plan", wanted());
      if (own !== asked) return;
      fill(told, h("p", {}, found.said), h("p", { class: "quiet" }, "The same in a terminal:"), h("pre", { tabindex: "0" }, command));
      command.textContent = found.command;
      start.disabled = false;
    } catch (fault) {
      if (own !== asked) return;
      fill(told, notice(fault));
      start.disabled = true;
    }
    told.classList.remove("working");
  };
  const soon = () => { clearTimeout(timer); timer = setTimeout(foresee, 350); };
  const begun = async (event) => {
    event.preventDefault();
    start.disabled = true;
    try {
      const { study } = await post("/api/studies/begin", wanted());
      location.hash = `#needed/${encodeURIComponent(study)}`;
    } catch (fault) {
      fill(told, notice(fault));
      start.disabled = false;
    }
  };
  const confidence = controls.confidence = h("select", {}, ["0.8", "0.9", "0.95", "0.99"].map((share) => h("option", { value: share, selected: share === fields.confidence }, `${Math.round(100 * share)} %`)));
  const activations = controls.activations = text("activations", { list: "activations" });
  const found = h("form", { class: "card", oninput: soon, onsubmit: begun },
    h("h2", {}, "A new study of ", h("em", {}, app.source.data.split("/").pop())),
    h("div", { class: "fields" },
      field(h("span", {}, "Numbers of neurons to try"), text("widths"), h("p", { class: "about" }, "0 is none; 32x16 is two ", term("hidden layer", "hidden layers")), "wide"),
      field("You would give up", text("tolerance", { inputmode: "decimal" }), h("p", { class: "about" }, "points of ", term("accuracy"), " for a smaller network: the ", term("tolerance"))),
      field("How sure the answer must be", confidence, h("p", { class: "about" }, "the ", term("confidence"))),
      field("Times each is trained", text("replicates", { inputmode: "numeric" }), h("p", { class: "about" }, "each a ", term("replicate"), ", with its own luck")),
      field("Passes over the pictures", text("epochs", { inputmode: "numeric" }), h("p", { class: "about" }, "each an ", term("epoch")))),
    h("p", { class: "check" }, settle, h("label", { for: "settle" }, "Stop as soon as it is known, and repeat where the question is open")),
    h("details", {}, h("summary", {}, "More"),
      h("div", { class: "fields" },
        field("Activations", activations, h("p", { class: "about" }, "such as relu,tanh: what each neuron does with its sum, its ", term("activation"))),
        field("Learning rates", text("learning-rates", { placeholder: "0.001" }), h("p", { class: "about" }, "several, such as 0.0003,0.001: each network gets its best ", term("learning rate"))),
        field("Seed", text("seed", { inputmode: "numeric" }), h("p", { class: "about" }, "the ", term("seed"), " fixes all chance")),
        field("At most", text("budget", { placeholder: "5min" }), h("p", { class: "about" }, "such as 60s, 5min or 200-networks")),
        h("datalist", { id: "activations" }, app.begun.activations.map((name) => h("option", { value: name }))))),
    told, h("p", {}, start));
  fill(told, h("p", {}, "Looking how long that would take …"));
  start.disabled = true;
  foresee();
  return found;
}

const chosen = new Set(); // to be compared

function list() {
  const names = app.studies.map((one) => `${one.name}/${one.state}`).join("|");
  if (parts.list.dataset.names === names) return;
  parts.list.dataset.names = names;
  if (!app.studies.length) {
    fill(parts.list);
    return;
  }
  const lines = app.studies.map((one) => {
    const said = h("p", { class: "quiet" }, SAYS[one.state]), name = encodeURIComponent(one.name);
    const box = h("input", { type: "checkbox", "aria-label": `Compare ${one.name}`, onchange: () => { box.checked ? chosen.add(one.name) : chosen.delete(one.name); compare(); } });
    box.checked = chosen.has(one.name);
    summary(one, said);
    return h("li", {}, box, h("div", {}, h("a", { href: `#needed/${name}` }, one.name), said));
  });
  fill(parts.list, h("h2", { id: "studies" }, "Studies"), h("ul", { class: "studies" }, lines),
    app.studies.length > 1 ? h("p", { class: "quiet" }, "Tick two or more to see them side by side.") : null);
  compare();
}

async function summary(one, said) {
  const key = `${one.name}/${one.state}`;
  try {
    if (!briefs.has(key) || RUNS.includes(one.state)) briefs.set(key, await get("/api/brief", { study: one.name }));
    const found = briefs.get(key);
    said.textContent = [found.subject, SAYS[found.state], found.headline || found.error].filter(Boolean).join(" · ");
  } catch { /* it may be gone by now */ }
}

async function compare() {
  const names = [...chosen].filter((name) => app.studies.some((one) => one.name === name));
  const found = names.length > 1 ? await Promise.all(names.map((study) => get("/api/brief", { study }).catch(() => null))) : [];
  const ready = found.filter((one) => one?.compared);
  if (!parts?.compared) return;
  if (ready.length < 2) {
    fill(parts.compared, names.length > 1 ? h("p", { class: "quiet" }, "Studies can be compared once each has its first replicate.") : null);
    return;
  }
  const rows = ready[0].compared.map(([heading], at) => [heading, ...ready.map((one) => one.compared[at][1])]);
  fill(parts.compared, h("section", { "aria-labelledby": "side" }, h("h2", { id: "side" }, "Side by side"), table(["", ...ready.map((one) => one.name)], rows, "Studies side by side")));
}

// -------------------------------------------------------------- one study

function frame() {
  shown = app.study;
  Object.assign(parts, {
    trouble: h("div", {}), acted: h("div", {}), headline: h("h1", { "aria-live": "polite" }), said: h("p", { class: "lead" }), state: h("p", { class: "quiet state" }), acts: h("p", { class: "buttons" }),
    progress: h("progress", { max: "1", "aria-label": "how much of this stage is done" }), chart: figure("640 / 620"), learning: figure("640 / 330"), which: h("select", {}),
    rows: h("div", {}), tested: h("p", {}), readings: h("ul", {}), caveats: h("ul", {}), others: h("div", { class: "others" }), onward: h("p", { class: "buttons" }),
    one: null, figures: new Map(),
  });
  parts.which.addEventListener("change", learn);
  parts.lessons = h("section", { "aria-labelledby": "lessons" }, h("h2", { id: "lessons" }, "How one of them learns"), field("Neurons", parts.which, null, "narrow"), parts.learning);
  parts.all = h("section", { "aria-labelledby": "all" }, h("h2", { id: "all" }, "Every width"), parts.rows);
  parts.also = h("section", { "aria-labelledby": "also" }, h("h2", { id: "also" }, "What else was found"), parts.readings);
  parts.before = h("section", { "aria-labelledby": "before" }, h("h2", { id: "before" }, "Before you rely on it"), parts.caveats);
  parts.drawn = h("section", { "aria-labelledby": "drawn" }, h("h2", { id: "drawn" }, "The chart"), parts.chart);
  fill(parts.main,
    h("p", { class: "back" }, h("a", { href: "#needed/" }, "All studies")),
    h("div", { class: "answer" }, h("p", { class: "eyebrow" }, app.study), parts.headline, parts.said, parts.tested, parts.progress, parts.state, parts.onward, parts.acts), parts.trouble, parts.acted,
    h("div", { class: "pair" }, parts.drawn, parts.lessons), parts.all, parts.also, parts.before, parts.others);
}

function tell(seen) {
  const runs = RUNS.includes(seen.state);
  fill(parts.trouble, seen.error ? notice({ message: seen.error, hint: seen.hint }) : null);
  change(parts.headline, seen.headline ? (seen.final ? seen.headline : `So far: ${seen.headline}`) : runs ? "Training has begun" : "No answer yet");
  change(parts.said, seen.said || (runs ? "The first answer comes with the first replicate." : ""));
  change(parts.tested, seen.tested || "");
  parts.progress.classList.toggle("over", !runs);
  if (seen.progress) parts.progress.value = seen.progress.share;
  else parts.progress.removeAttribute("value");
  const waits = seen.state === "starting" ? "reading the pictures" : "getting ready";
  change(parts.state, [SAYS[seen.state], runs ? seen.progress?.said || waits : "", runs && seen.headline ? "only the last sentence counts: looking earlier is for the curious" : ""].filter(Boolean).join(" · "));
  act(seen, runs);
  draw(seen);
  rows(seen);
  texts(parts.readings, parts.also, seen.readings);
  texts(parts.caveats, parts.before, seen.caveats);
  widths(seen);
}

function change(element, text) {
  if (element.textContent !== text) element.textContent = text;
  element.hidden = !text;
}

function texts(element, section, lines) {
  section.hidden = !lines.length;
  if (element.childElementCount !== lines.length) fill(element, lines.map((line) => h("li", {}, line)));
}

function act(seen, runs) {
  if (parts.acting === seen.state) return;
  parts.acting = seen.state;
  const study = seen.name;
  const doing = (path) => async () => {
    fill(parts.acted);
    try {
      await post(path, { study });
    } catch (fault) {
      fill(parts.acted, notice(fault));
    }
  };
  const acts = [];
  if (seen.state === "running") acts.push(button("Pause", doing("/api/studies/pause")));
  if (["stopped", "failed"].includes(seen.state)) acts.push(button("Go on", doing("/api/studies/go-on"), "go"));
  if (!runs) acts.push(button("Rename", () => rename(study)), button("Delete", () => remove(study)));
  fill(parts.acts, acts);
  fill(parts.onward, seen.state === "finished" ? [h("a", { class: "go", href: "#neurons" }, "See its neurons"), h("a", { href: "#try" }, "Try it"), h("a", { href: "#take" }, "Take it")] : null);
}

function draw(seen) {
  const [first, ...rest] = seen.figures;
  parts.drawn.hidden = !first && !RUNS.includes(seen.state);
  if (first) {
    parts.chart.tell(first);
    change(parts.drawn.firstChild, first.title);
  }
  parts.drawn.firstChild.hidden = false;
  for (const one of rest) {
    if (!parts.figures.has(one.name)) {
      const box = figure(`${one.width} / ${one.height}`), heading = h("h2", {});
      parts.figures.set(one.name, { box, heading });
      parts.others.append(h("section", { class: "figure" }, heading, box));
    }
    const { box, heading } = parts.figures.get(one.name);
    change(heading, one.title);
    box.tell(one);
  }
}

function rows(seen) {
  const now = seen.progress?.now || {};
  const runs = RUNS.includes(seen.state) && Object.values(now).some((share) => share !== null);
  let headings = seen.headings, lines = (seen.rows || []).map((row) => row.cells), marks = (seen.rows || []).map((row) => row.mark.replace(" ", "-"));
  if (!lines.length && runs) {
    headings = ["neurons", "validation now"];
    lines = Object.entries(now).map(([label, share]) => [label, share === null ? "…" : percent(share)]);
    marks = [];
  }
  parts.all.hidden = !lines.length;
  const key = JSON.stringify([headings, lines]);
  if (!lines.length || parts.rows.dataset.key === key) return;
  parts.rows.dataset.key = key;
  const at = parts.rows.firstChild?.scrollLeft || 0;
  fill(parts.rows, table(headings, lines, "Every width tried", marks));
  parts.rows.firstChild.scrollLeft = at;
}

function widths(seen) {
  const labels = seen.candidates;
  parts.lessons.hidden = !labels.length;
  if (labels.length && parts.which.childElementCount !== labels.length) {
    const before = parts.which.value || seen.enough || labels[labels.length - 1];
    fill(parts.which, labels.map((label) => h("option", { value: label, selected: label === before }, label)));
  }
  if (labels.length && parts.one !== `${parts.which.value}/${seen.progress?.share}/${seen.figures[0]?.key}`) learn();
}

async function learn() {
  const own = parts, seen = app.seen;
  const one = own.one = `${own.which.value}/${seen.progress?.share}/${seen.figures[0]?.key}`;
  try {
    const found = await get("/api/learning", { study: seen.name, candidate: own.which.value });
    if (own === parts && shown === seen.name && one === own.one) own.learning.tell(found);
  } catch { /* its first epoch is still to come */ }
}

function rename(study) {
  const name = h("input", { type: "text", value: study, id: "name", autocomplete: "off" });
  dialog("Another name", [field("Name", name)], "Rename", async () => {
    const found = await post("/api/studies/rename", { study, name: name.value });
    location.hash = `#needed/${encodeURIComponent(found.study)}`;
  });
}

function remove(study) {
  dialog(`Delete ${study}?`, [h("p", {}, "Its networks and everything that was measured will be gone. This cannot be undone.")], "Delete", async () => {
    await post("/api/studies/delete", { study });
    chosen.delete(study);
    location.hash = "#needed/";
  });
}

function dialog(heading, inner, verb, act) {
  const trouble = h("div", {});
  const found = h("dialog", { "aria-labelledby": "asked" }, h("form", { method: "dialog", onsubmit: async (event) => {
    if (event.submitter?.value !== "do") return;
    event.preventDefault();
    try {
      await act();
      found.close();
      hurry();
    } catch (fault) {
      fill(trouble, notice(fault));
    }
  } }, h("h2", { id: "asked" }, heading), inner, trouble, h("p", { class: "buttons" }, h("button", { value: "do", class: "go" }, verb), h("button", { value: "no" }, "Leave it"))));
  found.addEventListener("close", () => found.remove());
  document.body.append(found);
  found.showModal();
}
