// Charts are drawn by Python; here they are only shown, each in a box that keeps its size.
import { exchange, fill, h, table } from "./dom.js";

// A figure that is filled, and filled again, without a jump.
export function figure(ratio) {
  const image = h("img", { alt: "", decoding: "async" });
  const frame = h("div", { class: "chart", tabindex: "0", role: "group", "aria-label": "chart" }, image);
  image.style.aspectRatio = ratio;
  const caption = h("figcaption", {}), numbers = h("details", {}, h("summary", {}, "The numbers")), box = h("figure", {}, frame, caption, numbers);
  numbers.hidden = true;
  box.tell = (one) => {
    exchange(image, one.src, one.alt);
    frame.setAttribute("aria-label", one.title);
    caption.textContent = one.sentence || "";
    numbers.hidden = !one.table;
    if (one.table) fill(numbers, numbers.firstChild, table(one.table.headings, one.table.rows, `${one.title}: the numbers`));
  };
  return box;
}
