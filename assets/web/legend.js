/** What the colours and shapes of a scatter mean; categories can be clicked to grey out the others. */

import { element, foreign, sharp } from "./common.js";

export const NONE = 65535; // the code of a point that has no category

/** `owner`'s legend as elements for its column of colours and, if there is one, its column of shapes. */
export function legend(owner) {
  const column = owner.header.columns[owner.colour];
  const parts = column.kind === "number" ? [range(owner, column)] : [names(owner)];
  if (owner.shape >= 0) parts.push(shapes(owner));
  return parts;
}

function names(owner) {
  const { say } = owner;
  const counts = tally(owner.columns[owner.colour]);
  const column = owner.header.columns[owner.colour];
  const codes = [...column.names.keys(), NONE].filter((code) => counts.get(code));
  const items = codes.map((code) => {
    const pressed = !owner.kept.size || owner.kept.has(code);
    const button = element("button", { type: "button", "aria-pressed": String(pressed), onclick: () => owner.keep(code) },
      element("canvas", { "aria-hidden": "true" }), foreign(code === NONE ? say("none") : column.names[code]),
      element("span", { class: "muted" }, owner.figure(counts.get(code), 0)));
    button.dataset.code = code;
    return element("li", {}, button);
  });
  return element("ul", { class: "names" }, ...items);
}

function shapes(owner) {
  const column = owner.header.columns[owner.shape];
  const counts = tally(owner.columns[owner.shape]);
  const codes = [...column.names.keys(), NONE].filter((code) => counts.get(code));
  const items = codes.map((code) => {
    const swatch = element("canvas", { "aria-hidden": "true" });
    swatch.dataset.shape = owner.shapeOf(code);
    return element("li", { class: "shaped" }, swatch, foreign(code === NONE ? owner.say("none") : column.names[code]));
  });
  return element("div", {}, element("div", { class: "muted" }, column.title), element("ul", { class: "names" }, ...items));
}

function range(owner, column) {
  const ends = [`≤ ${owner.figure(column.low, column.digits)}`, `≥ ${owner.figure(column.high, column.digits)}`];
  return element("div", { class: "range" }, element("div", { class: "muted" }, column.title), element("canvas", { class: "ramp", "aria-hidden": "true" }),
    element("div", { class: "ends" }, ...ends.map((end) => element("span", {}, end))));
}

/** How many points have each code. */
export function tally(codes) {
  const counts = new Map();
  for (const code of codes) counts.set(code, (counts.get(code) ?? 0) + 1);
  return counts;
}

/** Draw the swatches of a legend that stands in the page by now. */
export function swatches(owner, root) {
  for (const button of root.querySelectorAll("button[data-code]")) {
    const canvas = button.querySelector("canvas");
    sharp(canvas, 14, 14).drawImage(owner.sprite(owner.look(Number(button.dataset.code), null)).canvas, 0, 0, 14, 14);
  }
  for (const canvas of root.querySelectorAll("canvas[data-shape]")) {
    sharp(canvas, 14, 14).drawImage(owner.outlined(Number(canvas.dataset.shape)), 0, 0, 14, 14);
  }
  const ramp = root.querySelector("canvas.ramp");
  if (!ramp) return;
  const context = sharp(ramp, 180, 12);
  for (let x = 0; x < 180; x += 1) {
    context.fillStyle = owner.ramp(x / 179);
    context.fillRect(x, 0, 1.5, 12);
  }
}
