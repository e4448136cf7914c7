// Which network is looked at: those of the study, and those that were named.
import { get } from "./api.js";
import { field, fill, h } from "./dom.js";
import { app, keep } from "./main.js";

// A choice of networks; `changed` hears the path of the one that is chosen, and null where there is none.
export function choice(changed) {
  const select = h("select", { id: "network", onchange: () => { keep({ model: select.value, off: {} }); changed(select.value); } });
  const box = h("div", { class: "card choice" }, field("Network", select), h("p", { class: "quiet" }, app.study ? `of the study ${app.study}` : ""));
  refresh(select, box, changed);
  box.again = () => refresh(select, box, changed);
  return box;
}

async function refresh(select, box, changed) {
  let study = app.study;
  if (!study && !app.begun.first.model) study = app.studies.find((one) => one.state === "still")?.name || null;
  const { networks } = await get("/api/networks", { study: study || "" }).catch(() => ({ networks: [] }));
  if (!networks.length) {
    fill(box, h("p", {}, "There is no network yet: a study makes them."), h("p", {}, h("a", { class: "go", href: "#needed" }, "Go to the studies")));
    changed(null);
    return;
  }
  const own = networks.some((one) => one.path === app.model) ? app.model : networks[0].path;
  const group = (kind, label) => {
    const of = networks.filter((one) => one.kind === kind);
    return of.length ? h("optgroup", { label }, of.map((one) => h("option", { value: one.path, selected: one.path === own }, one.kind === "own" && one.name === "enough" ? "enough: the one handed over" : one.name))) : null;
  };
  fill(select, group("named", "named"), group("own", "the study's answer"), group("trained", "every network trained"));
  if (app.model !== own) keep({ model: own, off: {} });
  changed(own);
}

// Neurons that are switched off in the network looked at, as [[layer, number], …].
export const off = () => Object.keys(app.off || {}).map((key) => key.split(".").map(Number));
