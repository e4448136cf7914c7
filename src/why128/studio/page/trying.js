// Try it: draw, paste, drop or photograph; what the network says, what it saw, which neurons fired, and why.
import { get, send } from "./api.js";
import { bar, button, field, fill, h, notice, percent } from "./dom.js";
import { app } from "./main.js";
import * as models from "./models.js";
import { term } from "./terms.js";

const SIDE = 336; // pixels of the sheet that is drawn on
let parts = null;
let about = null;

export function show(main) {
  parts = { told: h("div", { class: "result" }), sheet: h("div", {}) };
  const choice = models.choice(open);
  fill(main, h("h1", {}, "Try it"), h("p", { class: "lead" }, "Draw something that the network knows, or give it a picture. It answers while you draw."), choice, h("div", { class: "two" }, parts.sheet, parts.told));
  addEventListener("paste", pasted);
}

export function left() {
  removeEventListener("paste", pasted);
  parts?.camera?.stop();
  parts = null;
}

async function open(model) {
  const own = parts;
  if (!model) return;
  try {
    about = await get("/api/network", { model });
  } catch (fault) {
    fill(own.told, notice(fault));
    return;
  }
  if (own === parts) drawing();
}

// -------------------------------------------------------------- the sheet

function drawing() {
  const [height, width] = about.shape, scale = SIDE / Math.max(height, width);
  const canvas = h("canvas", { width: String(Math.round(width * scale)), height: String(Math.round(height * scale)), tabindex: "0", role: "img", "aria-label": "Sheet to draw on. With the keyboard: arrows move the pen, space puts it down or lifts it.", class: "sheet" });
  const ground = h("select", { onchange: () => clear() }, h("option", { value: "dark" }, "white on black"), h("option", { value: "light" }, "black on white"));
  const pen = h("input", { type: "range", min: "1", max: "5", step: "0.5", value: String(Math.max(1, Math.min(5, 0.08 * Math.max(height, width)))) });
  const file = h("input", { type: "file", accept: "image/*", class: "unseen", tabindex: "-1", "aria-label": "A picture", onchange: () => file.files[0] && ask(file.files[0], file.files[0].name) });
  const where = h("p", { class: "quiet", role: "status" });
  Object.assign(parts, { canvas, ground, pen, scale, where, drew: false });
  const paper = canvas.getContext("2d", { willReadFrequently: true });
  parts.paper = paper;
  let last = null;
  const at = (event) => { const box = canvas.getBoundingClientRect(); return [(event.clientX - box.left) * canvas.width / box.width, (event.clientY - box.top) * canvas.height / box.height]; };
  canvas.addEventListener("pointerdown", (event) => { canvas.setPointerCapture(event.pointerId); last = at(event); stroke(last, last); event.preventDefault(); canvas.focus(); });
  canvas.addEventListener("pointermove", (event) => {
    if (!last) return;
    for (const one of event.getCoalescedEvents?.().length ? event.getCoalescedEvents() : [event]) { const next = at(one); stroke(last, next); last = next; }
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { last = null; });
  keyboard(canvas);
  const camera = h("div", {});
  fill(parts.sheet, canvas, where,
    h("p", { class: "buttons" }, button("Clear", clear), button("Choose a picture", () => file.click()), button("Use the camera", () => photograph(camera))), file,
    h("div", { class: "fields" }, field("Colours", ground), field("Pen", pen)), camera,
    h("p", { class: "quiet" }, "A picture can also be dropped or pasted here."));
  canvas.addEventListener("dragover", (event) => event.preventDefault());
  canvas.addEventListener("drop", (event) => { event.preventDefault(); const one = event.dataTransfer.files[0]; if (one) ask(one, one.name); });
  clear();
}

function stroke([x, y], [to, down]) {
  const { paper, ground, pen, scale } = parts;
  paper.strokeStyle = ground.value === "dark" ? "#fff" : "#000";
  paper.lineWidth = pen.value * scale;
  paper.lineCap = paper.lineJoin = "round";
  paper.beginPath();
  paper.moveTo(x, y);
  paper.lineTo(to + 0.01, down);
  paper.stroke();
  parts.drew = true;
  soon();
}

function clear() {
  const { paper, canvas, ground } = parts;
  paper.fillStyle = ground.value === "dark" ? "#000" : "#fff";
  paper.fillRect(0, 0, canvas.width, canvas.height);
  parts.drew = false;
  fill(parts.told, h("p", { class: "quiet" }, `It knows ${about.classes.length} classes: ${about.classes.join(", ")}.`));
}

function keyboard(canvas) {
  let place = null, down = false;
  canvas.addEventListener("keydown", (event) => {
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!moves && event.key !== " ") return;
    event.preventDefault();
    place ??= [canvas.width / 2, canvas.height / 2];
    const next = moves ? [Math.max(0, Math.min(canvas.width, place[0] + moves[0] * parts.scale)), Math.max(0, Math.min(canvas.height, place[1] + moves[1] * parts.scale))] : place;
    if (event.key === " ") down = !down;
    if (down) stroke(place, next);
    place = next;
    parts.where.textContent = `Pen ${down ? "down" : "up"}, column ${Math.floor(place[0] / parts.scale)}, row ${Math.floor(place[1] / parts.scale)}`;
  });
}

// One question at a time, always of the latest drawing.
let asking = false, again = false;

async function soon() {
  if (asking) {
    again = true;
    return;
  }
  asking = true;
  const own = parts;
  do {
    again = false;
    const blob = await new Promise((done) => own.canvas.toBlob(done, "image/png"));
    if (own === parts && parts.drew) await ask(blob, null);
  } while (again && own === parts);
  asking = false;
}

function pasted(event) {
  const one = [...event.clipboardData.files].find((file) => file.type.startsWith("image/"));
  if (one) ask(one, "pasted");
}

async function photograph(box) {
  parts.camera?.stop();
  const video = h("video", { autoplay: true, playsinline: true, muted: true, "aria-label": "what the camera sees" });
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    video.srcObject = stream;
    const stop = () => { for (const track of stream.getTracks()) track.stop(); fill(box); };
    parts.camera = { stop };
    fill(box, video, h("p", { class: "buttons" }, button("Take it", async () => {
      const side = Math.min(video.videoWidth, video.videoHeight), photo = h("canvas", { width: String(side), height: String(side) });
      photo.getContext("2d").drawImage(video, (video.videoWidth - side) / 2, (video.videoHeight - side) / 2, side, side, 0, 0, side, side);
      stop();
      ask(await new Promise((done) => photo.toBlob(done, "image/png")), "photograph");
    }, "go"), button("Close the camera", stop)));
  } catch {
    fill(box, h("p", { class: "quiet" }, "There is no camera that this page may use. Choose a picture instead."));
  }
}

// -------------------------------------------------------------- the answer

async function ask(blob, name) {
  const own = parts, began = performance.now(), number = own.asked = (own.asked || 0) + 1;
  const latest = () => own === parts && number === own.asked;
  if (name) parts.drew = false;
  try {
    const found = await send("/api/predict", { model: about.path, off: JSON.stringify(models.off()) }, blob);
    if (latest()) tell(found, performance.now() - began, name);
  } catch (fault) {
    if (latest()) fill(parts.told, notice(fault));
  }
}

function tell(found, took, name) {
  const gone = models.off().length, fired = new Set(found.fired), last = about.width.at(-1) || 0;
  const rows = found.probabilities.map((one) => h("div", { class: `effect ${one.name === found.label ? "first" : ""}` }, h("span", { class: "name" }, one.name), bar(one.share, one.name === found.label ? "good" : ""), h("span", { class: "number" }, percent(one.share))));
  const lights = Array.from({ length: last }, (_, number) => h("span", { class: fired.has(number) ? "on" : "" }));
  const open = parts.told.querySelector("details")?.open;
  fill(parts.told,
    h("h2", { "aria-live": "polite" }, found.label),
    h("p", { class: "quiet" }, [name, `answered in ${took.toFixed(0)} ms`, gone ? `${gone} neuron${gone === 1 ? "" : "s"} switched off` : ""].filter(Boolean).join(" · ")),
    found.warnings.map((line) => h("p", { class: "quiet" }, line)),
    h("div", { class: "effects", role: "group", "aria-label": "probability of each class" }, rows),
    h("div", { class: "seen" }, h("figure", {}, h("img", { src: found.seen, alt: "the picture as the network sees it", class: "pixels" }), h("figcaption", {}, "as the network sees it")),
      found.evidence ? h("figure", {}, h("img", { src: found.evidence, alt: "what in it speaks for the answer, in red, and against it, in blue", class: "pixels" }), h("figcaption", {}, "red speaks for the answer, blue for the runner-up")) : null),
    last ? h("p", {}, `${fired.size} of ${last - (gone ? models.off().filter(([layer]) => layer === about.width.length).length : 0)} `, term("neuron", "neurons"), " fired") : null,
    last ? h("div", { class: "lights", role: "img", "aria-label": `${fired.size} neurons fired` }, lights) : null,
    h("details", { open }, h("summary", {}, "Why this answer"), found.why.map((line) => h("p", {}, line))));
}
