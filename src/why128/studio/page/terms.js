// Words that explain themselves where one points at them, with mouse, finger or keyboard.
import { h } from "./dom.js";

let words = {};
const tip = document.querySelector("#tip");
let shown = null;

export const learn = (terms) => { words = terms; };

export function term(word, text = word) {
  const about = words[word];
  if (!about) return text;
  return h("button", { type: "button", class: "term", "data-about": about, "aria-describedby": "tip" }, text);
}

function show(button) {
  shown = button;
  tip.textContent = button.dataset.about;
  tip.hidden = false;
  const at = button.getBoundingClientRect(), own = tip.getBoundingClientRect();
  const left = Math.max(8, Math.min(at.left, innerWidth - own.width - 8));
  const below = at.bottom + own.height + 10 < innerHeight;
  tip.style.left = `${left}px`;
  tip.style.top = `${below ? at.bottom + 6 : Math.max(8, at.top - own.height - 6)}px`;
}

function hide() {
  shown = null;
  tip.hidden = true;
}

const near = (target) => target instanceof Element && target.closest(".term");
document.addEventListener("pointerover", (event) => {
  const button = near(event.target);
  if (button) show(button);
  else if (shown && shown !== document.activeElement && !event.target.closest?.("#tip")) hide();
});
document.addEventListener("focusin", (event) => (near(event.target) ? show(near(event.target)) : hide()));
document.addEventListener("click", (event) => (near(event.target) ? show(near(event.target)) : hide()));
document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
document.addEventListener("scroll", () => shown && hide(), { passive: true, capture: true });
