"use strict";
const body = document.querySelector("tbody"), rows = [...body.rows], tiles = [...document.querySelectorAll(".mosaic a")];
const told = document.querySelector("#told"), about = JSON.parse(document.querySelector("#by-class").textContent);
const wanted = { flag: "", prefers: "", layer: "", number: "" };

function filter() {
  let count = 0;
  rows.forEach((row, place) => {
    const flags = row.dataset.flags;
    const flagged = !wanted.flag || (wanted.flag === "none" ? flags === "" : flags.split(",").some((flag) => flag.startsWith(wanted.flag)));
    const shown = flagged && (!wanted.prefers || row.dataset.prefers === wanted.prefers)
      && (!wanted.layer || row.dataset.layer === wanted.layer) && (!wanted.number || row.dataset.name.startsWith(wanted.number));
    row.hidden = !shown;
    tiles[place].hidden = !shown;
    count += shown;
  });
  told.textContent = `${count} of ${rows.length} shown`;
}

function sort(heading) {
  const key = heading.dataset.key, words = heading.classList.contains("words");
  const up = heading.getAttribute("aria-sort") ? heading.getAttribute("aria-sort") === "descending" : words || key === "place";
  document.querySelectorAll("th[aria-sort]").forEach((other) => other.removeAttribute("aria-sort"));
  heading.setAttribute("aria-sort", up ? "ascending" : "descending");
  const value = (row) => (words ? row.dataset[key] : Number(row.dataset[key]));
  const order = (a, b) => (words ? value(a).localeCompare(value(b)) : value(a) - value(b)) || a.dataset.place - b.dataset.place;
  body.append(...[...rows].sort((a, b) => (up ? order(a, b) : order(b, a))));
}

document.querySelectorAll("th[data-key]").forEach((heading) => heading.querySelector("button").addEventListener("click", () => sort(heading)));
document.querySelectorAll("[data-filter]").forEach((control) => control.addEventListener("input", () => {
  wanted[control.dataset.filter] = control.value;
  filter();
}));

const dialog = document.querySelector("dialog");
body.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-of]");
  if (!button) return;
  const own = about.neurons[button.dataset.of];
  dialog.querySelector("h3").textContent = `Neuron ${own.name}, class by class`;
  dialog.querySelector("tbody").replaceChildren(...about.classes.map((name, c) => {
    const line = document.createElement("tr");
    [name, own.fires[c], own.speaks[c], own.lost[c]].forEach((text, column) => {
      const cell = document.createElement(column ? "td" : "th");
      cell.textContent = text;
      if (!column) cell.scope = "row";
      line.append(cell);
    });
    return line;
  }));
  dialog.showModal();
});
dialog.querySelector(".close").addEventListener("click", () => dialog.close());
filter();
