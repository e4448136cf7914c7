// Elements from Python's words: a text is always a text, never markup.

export function h(tag, given = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else if (name === "value") element.value = value;
    else if (value === true) element.setAttribute(name, "");
    else element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

// A share of 1 as a bar; its number stands beside it.
export function bar(share, kind = "") {
  const filled = h("span", { class: "fill" });
  filled.style.width = `${Math.max(0, Math.min(1, share)) * 100}%`;
  return h("span", { class: `meter ${kind}`, "aria-hidden": "true" }, filled);
}

// One small picture, cut from a sheet of many.
export function cut(sheet, place, side, says = "") {
  const scale = side / Math.max(sheet.width, sheet.height);
  const wide = Math.round(sheet.width * scale), high = Math.round(sheet.height * scale);
  const found = h("span", { class: "pic", role: says ? "img" : null, "aria-label": says || null, "aria-hidden": says ? null : "true", title: says || null });
  const style = found.style;
  style.width = `${wide}px`;
  style.height = `${high}px`;
  style.backgroundImage = `url("${sheet.src}")`;
  style.backgroundSize = `${wide * sheet.across}px auto`;
  style.backgroundPosition = `-${(place % sheet.across) * wide}px -${Math.floor(place / sheet.across) * high}px`;
  return found;
}

// A table of texts, which scrolls by itself where it is wider than the screen.
export function table(headings, rows, label, marks = []) {
  const head = h("tr", {}, headings.map((heading) => h("th", { scope: "col" }, heading || h("span", { class: "unseen" }, "mark"))));
  const body = rows.map(([first, ...rest], at) =>
    h("tr", { class: marks[at] || null }, h("th", { scope: "row" }, first), rest.map((cell) => h("td", {}, cell))));
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label },
    h("table", {}, h("thead", {}, head), h("tbody", {}, body)));
}

export const percent = (share, digits = 1) => `${(100 * share).toFixed(digits)} %`;
export const whole = (number) => number.toLocaleString("en-US");

// What was refused, in the words of who refused it.
export function notice(fault, ...more) {
  return h("div", { class: "notice bad", role: "alert" }, h("p", {}, fault.message), fault.hint ? h("p", { class: "quiet" }, fault.hint) : null, more);
}

export function field(label, control, about = null, kind = "") {
  if (!control.id) control.id = `f${field.count = (field.count || 0) + 1}`;
  return h("div", { class: `field ${kind}`.trim() }, h("label", { for: control.id }, label), control, about);
}

export function button(text, act, kind = "") {
  return h("button", { type: "button", class: kind, onclick: act }, text);
}

// Puts children in the place of what is there, unless nothing changed: what a person looks at does not jump.
export function fill(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

// A picture that is exchanged only once the new one is there.
export function exchange(image, src, alt) {
  if (image.dataset.src === src) return;
  image.dataset.src = src;
  const next = new Image();
  next.src = src;
  next.decode().then(() => {
    if (image.dataset.src !== src) return;
    image.src = src;
    image.alt = alt;
  }, () => {});
}
