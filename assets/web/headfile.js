/** The heads as a file, PNG or SVG: exactly what is seen, with its title, its legend and the row that is read. */

import { said } from "./headrow.js";
import { give } from "./picture.js";
import { Svg } from "./svg.js";
import { LEGEND } from "./tints.js";

const EDGE = 16;
const LINE = 18;
const BAR = 120; // pixels of the longest bar

/** Everything drawn on `context`; the size it takes. */
function paint(owner, context) {
  const { colours, grid, views } = owner;
  let y = EDGE;
  const write = (text, x, bold = false) => {
    context.font = `${bold ? 600 : 400} 13px ${colours.font}`;
    [context.textAlign, context.textBaseline, context.fillStyle] = ["left", "middle", bold ? colours.text : colours.muted];
    context.fillText(text, x, y + LINE / 2);
  };
  const at = (x, top, draw) => {
    context.save();
    context.translate(x, top);
    draw(context);
    context.restore();
  };
  write(owner.title.textContent, EDGE, true);
  y += LINE;
  for (const note of said(owner)) {
    write(note, EDGE);
    y += LINE;
  }
  y += EDGE / 2;
  const top = y;
  at(EDGE, top, owner.paintLegend);
  at(EDGE, top + LEGEND + 6, owner.paintGrid);
  let x = 2 * EDGE + grid.place.width;
  let bottom = top + LEGEND + 6 + grid.place.height;
  for (const view of views) {
    y = top;
    if (view.name.textContent) write(view.name.textContent, x, true);
    at(x, top + LINE, (pen) => view.paint(pen));
    bottom = Math.max(bottom, top + LINE + view.place.height);
    x += view.place.width + EDGE;
  }
  y = bottom + EDGE;
  write(owner.rowTitle.textContent, EDGE, true);
  for (const { name, value, times, sum, share } of owner.listed) {
    y += LINE;
    write(name, EDGE);
    context.fillStyle = colours.primary;
    context.fillRect(EDGE + 130, y + 4, Math.max(share * BAR, 1), 10);
    write([value, times, sum].filter(Boolean).join(" · "), EDGE + 130 + BAR + 10);
  }
  return [Math.max(x, EDGE + 620), y + LINE + EDGE];
}

export function svg(owner) {
  const [width, height] = paint(owner, new Svg(0, 0));
  const pen = new Svg(width, height);
  paint(owner, pen);
  give(new Blob([pen.text(owner.colours.background)], { type: "image/svg+xml" }), "attention.svg");
}

export function png(owner) {
  const [width, height] = paint(owner, new Svg(0, 0));
  const density = window.devicePixelRatio || 1;
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [Math.round(width * density), Math.round(height * density)];
  const context = canvas.getContext("2d");
  context.setTransform(density, 0, 0, density, 0, 0);
  context.fillStyle = owner.colours.background;
  context.fillRect(0, 0, width, height);
  paint(owner, context);
  canvas.toBlob((blob) => give(blob, "attention.png"), "image/png");
}
