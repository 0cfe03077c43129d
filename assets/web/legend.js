/** What the colours and shapes of a scatter mean; categories can be clicked to grey out the others. */

import { element, foreign, sharp } from "./common.js";

/** The legend of `owner`'s shades as elements: its colours and, if another column gives them, its shapes. */
export function legend(owner) {
  const { shades } = owner;
  const parts = [shades.coloured.names ? names(owner, shades) : range(shades)];
  if (shades.shaped) parts.push(shapes(shades));
  return parts;
}

function names(owner, shades) {
  const items = shades.tally(shades.colour).map(([code, count]) => {
    const pressed = !owner.kept.size || owner.kept.has(code);
    const button = element("button", { type: "button", "aria-pressed": String(pressed), onclick: () => owner.keep(code) },
      element("canvas", { "aria-hidden": "true" }), foreign(shades.called(shades.coloured, code)),
      element("span", { class: "muted" }, shades.figure(count)));
    button.dataset.code = code;
    return element("li", {}, button);
  });
  return group(shades.titles()[0], items);
}

function group(title, items) {
  return element("div", {}, element("div", { class: "muted" }, title), element("ul", { class: "names" }, ...items));
}

function shapes(shades) {
  const items = shades.tally(shades.shape).map(([code]) => {
    const swatch = element("canvas", { "aria-hidden": "true" });
    swatch.dataset.shape = shades.shapeOf(code);
    return element("li", { class: "shaped" }, swatch, foreign(shades.called(shades.shaped, code)));
  });
  return group(shades.titles()[1], items);
}

function range(shades) {
  const { low, high, digits } = shades.coloured;
  const ends = [`≤ ${shades.figure(low, digits)}`, `≥ ${shades.figure(high, digits)}`];
  return element("div", { class: "range" }, element("div", { class: "muted" }, shades.titles()[0]), element("canvas", { class: "ramp", "aria-hidden": "true" }),
    element("div", { class: "ends" }, ...ends.map((end) => element("span", {}, end))));
}

/** Draw the swatches of a legend that stands in the page by now. */
export function swatches(shades, root) {
  for (const button of root.querySelectorAll("button[data-code]")) {
    const look = shades.look(Number(button.dataset.code), null);
    sharp(button.querySelector("canvas"), 14, 14).drawImage(shades.sprite(look).canvas, 0, 0, 14, 14);
  }
  for (const canvas of root.querySelectorAll("canvas[data-shape]")) {
    sharp(canvas, 14, 14).drawImage(shades.outlined(Number(canvas.dataset.shape)), 0, 0, 14, 14);
  }
  const ramp = root.querySelector("canvas.ramp");
  if (!ramp) return;
  const context = sharp(ramp, 180, 12);
  for (let x = 0; x < 180; x += 1) {
    context.fillStyle = shades.ramp(x / 179);
    context.fillRect(x, 0, 1.5, 12);
  }
}
