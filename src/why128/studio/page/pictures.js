// Pictures: choose a known set, drop a folder, archive or file; a gallery by class, and what is odd, mended on the spot.
import { post, send } from "./api.js";
import { bar, button, cut, field, fill, h, notice, whole } from "./dom.js";
import { app, keep } from "./main.js";


const PIECE = 4_000_000; // bytes sent at a time
const MOST_FILES = 500_000;
const SIDE = 56;

let found = null; // what Python says of the chosen pictures
let parts = {};
let looks = 0; // asked so far: only the latest counts
let busy = null; // of an upload: what stops it

export function show(main) {
  parts = { told: h("div", { class: "told" }), progress: h("div", { "aria-live": "polite" }) };
  fill(main,
    h("h1", {}, "Which pictures?"),
    h("p", { class: "lead" }, "Pictures sorted into classes: a folder with one sub-folder for each. Networks of many sizes will learn to tell the classes apart."),
    h("div", { class: "choose" }, dropping(), known()),
    parts.progress,
    parts.told);
  if (found && same(found.source, app.source)) tell();
  else if (app.source) look(app.source);
}

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

function known() {
  const sets = app.begun.known.map((one) =>
    h("li", {}, h("button", { type: "button", disabled: !one.here, onclick: () => look({ data: one.name }) },
      h("b", {}, one.name), h("span", {}, one.here ? one.about : `${one.about} (not on this machine: why128 data ${one.name} fetches it)`))));
  return h("section", { "aria-labelledby": "known" }, h("h2", { id: "known" }, "Known sets"), h("ul", { class: "sets" }, sets));
}

function dropping() {
  const folder = h("input", { type: "file", webkitdirectory: true, multiple: true, id: "folder", class: "unseen", tabindex: "-1", "aria-label": "A folder of pictures", onchange: () => take([...folder.files].map((file) => [file.webkitRelativePath || file.name, file])) });
  const file = h("input", { type: "file", id: "file", class: "unseen", tabindex: "-1", "aria-label": "An archive or a file", onchange: () => take([...file.files].map((one) => [one.name, one])) });
  const path = h("input", { type: "text", id: "path", autocomplete: "off", spellcheck: "false", placeholder: "/home/me/pictures" });
  const zone = h("section", { class: "drop", "aria-labelledby": "own" },
    h("h2", { id: "own" }, "Your own"),
    h("p", {}, "Drop a folder, a ZIP or TAR archive, or an IDX, CSV, NPZ or NPY file here."),
    h("p", { class: "buttons" }, button("Choose a folder", () => folder.click()), button("Choose a file", () => file.click())), folder, file,
    h("form", { class: "inline", onsubmit: (event) => { event.preventDefault(); if (path.value.trim()) look({ data: path.value.trim() }); } },
      field("or where it is on this machine", path), h("button", {}, "Open")));
  zone.addEventListener("dragover", (event) => { event.preventDefault(); zone.classList.add("over"); });
  zone.addEventListener("dragleave", (event) => { if (!zone.contains(event.relatedTarget)) zone.classList.remove("over"); });
  zone.addEventListener("drop", async (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    take(await dropped(event.dataTransfer));
  });
  return zone;
}

// Every file of what was dropped, with its path within it.
async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return [...transfer.files].map((file) => [file.name, file]);
  const files = [];
  const open = [...entries.map((entry) => ["", entry])];
  while (open.length && files.length <= MOST_FILES) {
    const [above, entry] = open.pop();
    const path = above + entry.name;
    if (entry.isFile) files.push([path, await new Promise((done, fail) => entry.file(done, fail))]);
    else {
      const reader = entry.createReader();
      for (let some; (some = await new Promise((done, fail) => reader.readEntries(done, fail))).length;) open.push(...some.map((one) => [`${path}/`, one]));
    }
  }
  return files;
}

// -------------------------------------------------------------- taking in

async function take(files) {
  files = files.filter(([path]) => !path.split("/").some((part) => part.startsWith(".")));
  if (!files.length || busy) return;
  const bytes = files.reduce((sum, [, file]) => sum + file.size, 0);
  const stop = busy = new AbortController();
  const line = h("p", {}), meter = h("progress", { max: String(Math.max(1, bytes)), value: "0", "aria-label": "taken in" });
  fill(parts.told);
  fill(parts.progress, h("div", { class: "card" }, line, meter, button("Stop", () => stop.abort())));
  const name = files[0][0].split("/")[0];
  let key = null;
  try {
    ({ key } = await post("/api/uploads/begin", { name, bytes }, stop.signal));
    let sent = 0;
    for await (const body of packed(files)) {
      if (stop.signal.aborted) throw new DOMException("", "AbortError");
      sent = (await send("/api/uploads/add", { key }, body, stop.signal)).bytes;
      meter.value = sent;
      line.textContent = `Taking in ${whole(files.length)} file${files.length === 1 ? "" : "s"}: ${size(sent)} of ${size(bytes)}`;
    }
    line.textContent = "Putting them in order …";
    const { path } = await post("/api/uploads/end", { key }, stop.signal);
    key = null;
    fill(parts.progress);
    await look({ data: path });
  } catch (fault) {
    if (key) post("/api/uploads/end", { key, drop: true }).catch(() => {});
    fill(parts.progress, fault.name === "AbortError" ? h("p", { class: "quiet" }, "Stopped; nothing of it was kept.") : notice(fault, button("Try again", () => take(files))));
  } finally {
    busy = null;
  }
}

const size = (bytes) => (bytes < 1e6 ? `${(bytes / 1e3).toFixed(0)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

// Files as pieces of a few megabytes, each a row of records: a line that says what follows, and the bytes.
async function* packed(files) {
  let row = [], held = 0;
  for (const [path, file] of files) {
    let at = 0;
    do {
      const part = file.slice(at, at + Math.min(PIECE, PIECE - held || PIECE));
      row.push(`${JSON.stringify({ path, at, bytes: part.size })}\n`, part);
      held += part.size + path.length + 60;
      at += part.size;
      if (held >= PIECE) {
        yield new Blob(row);
        row = [];
        held = 0;
      }
    } while (at < file.size);
  }
  if (row.length) yield new Blob(row);
}

// -------------------------------------------------------------- looking

async function look(source) {
  fill(parts.told, h("p", { class: "working", role: "status" }, "Reading the pictures …"));
  const own = parts, number = ++looks;
  try {
    const seen = await post("/api/pictures", source);
    if (number !== looks) return;
    found = seen;
    keep({ source: seen.source });
    if (own === parts) tell();
  } catch (fault) {
    if (number !== looks || own !== parts) return;
    const mend = fault.fix === "skip_bad" ? button("Leave out what cannot be read", () => look({ ...source, skip_bad: true }))
      : fault.fix === "size" ? button("Bring all pictures to 28 × 28", () => look({ ...source, size: "28x28" })) : null;
    fill(parts.told, notice(fault, mend));
    parts.told.scrollIntoView({ block: "nearest" });
  }
}

function tell() {
  const { summary, classes, sheet, source } = found;
  const [height, width, channels] = summary.shape;
  const kind = channels === 1 ? "gray" : "colour";
  const facts = [
    `${whole(summary.count)} pictures to learn from and judge by`,
    summary.test_count ? `${whole(summary.test_count)} test pictures` : null,
    `${classes.length} classes`, `${height} × ${width} pixels, ${kind}`,
  ].filter(Boolean);
  const left = source.drop.map((name) => h("li", {}, `${name} is left out. `, button("Take it back", () => look({ ...source, drop: source.drop.filter((one) => one !== name) }), "small")));
  fill(parts.told,
    h("section", { class: "card", "aria-labelledby": "what" },
      h("h2", { id: "what" }, summary.name),
      h("p", { class: "facts" }, facts.join(" · ")),
      h("p", {}, h("a", { class: "go", href: "#needed" }, "How many neurons do they need?"))),
    summary.warnings.length || summary.bad.length || left.length
      ? h("section", { "aria-labelledby": "odd" }, h("h2", { id: "odd" }, "Worth knowing"),
        h("ul", { class: "odd" }, left, summary.warnings.filter((line) => !line.includes("as was asked")).map((line) => h("li", {}, line))))
      : null,
    h("section", { "aria-labelledby": "gallery" }, h("h2", { id: "gallery" }, "What is in each class"),
      h("p", { class: "quiet" }, "A few of each, evenly from all. A class that is not wanted can be left out."),
      classes.map((one) => row(one, sheet, source, classes.length))));
}

function row(one, sheet, source, count) {
  const some = Array.from({ length: one.shown }, (_, place) => cut(sheet, one.start + place, SIDE));
  const drop = button("Leave out", () => look({ ...source, drop: [...source.drop, one.name] }), "small");
  drop.setAttribute("aria-label", `Leave out ${one.name}`);
  if (count < 3) drop.disabled = true;
  return h("div", { class: "class" },
    h("div", { class: "named" }, h("h3", {}, one.name), h("p", { class: "quiet" }, bar(one.share), ` ${whole(one.images)}`), drop),
    h("div", { class: "some", role: "img", "aria-label": `${one.shown} pictures of ${one.name}` }, some));
}
