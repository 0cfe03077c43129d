/**
 * One head as a matrix with its tokens on both axes, drawn with any 2D context (a canvas's or `svg.js`'s).
 *
 * scene  tokens, keys        texts of rows and columns
 *        special, keysSpecial
 *        split, keysSplit    where the second text begins (or null)
 *        beyond(row, column) true where a row cannot see a column
 *        cause               whether any is
 *        beside              [{name, share(row), colour}]: what of a row is not among its columns
 *        picture()           the head as one pixel a weight
 *        colours, lit, lock  {row, column} or null
 */

import { shorten } from "./common.js";

const TAIL = 46; // pixels of the bars beside the rows
const LINE = 12; // pixels that a label needs

/** Where everything stands in `room` pixels. */
export function layout(context, scene, room) {
  const { tokens, keys, colours } = scene;
  context.font = `600 11px ${colours.font}`;
  const longest = (texts) => Math.max(...texts.map((text) => context.measureText(text.slice(0, 24)).width));
  const most = room < 480 ? 72 : 104;
  const left = Math.ceil(Math.min(longest(tokens) + 12, most));
  const top = Math.ceil(Math.min(longest(keys) + 12, most));
  const tail = scene.beside.length ? TAIL : 2;
  const side = Math.min((room - left - tail) / keys.length, 40);
  const [across, down] = [side * keys.length, side * tokens.length];
  return { left, top, side, across, down, tail, width: left + across + tail, height: top + down + 2 };
}

export function find(place, scene, x, y) {
  const column = Math.floor((x - place.left) / place.side);
  const row = Math.floor((y - place.top) / place.side);
  if (row < 0 || row >= scene.tokens.length || y < place.top || x < 0) return null;
  if (column >= scene.keys.length) return x > place.left + place.across + place.tail ? null : { row, column: null };
  return { row, column: column < 0 ? null : column };
}

/** All but what is pointed at. */
export function base(context, scene, place) {
  const { colours, split, keysSplit } = scene;
  const { left, top, side, across, down } = place;
  context.imageSmoothingEnabled = false;
  context.drawImage(scene.picture(), left, top, across, down);
  if (scene.cause) hatch(context, scene, place);
  [context.strokeStyle, context.lineWidth] = [colours.border, 1];
  context.strokeRect(left - 0.5, top - 0.5, across + 1, down + 1);
  context.setLineDash([4, 3]);
  context.strokeStyle = colours.muted;
  if (keysSplit) line(context, left + keysSplit * side, top, left + keysSplit * side, top + down);
  if (split) line(context, left, top + split * side, left + across, top + split * side);
  context.setLineDash([]);
  const step = Math.ceil(LINE / side);
  for (let row = 0; row < scene.tokens.length; row += step) label(context, scene, place, "row", row, false);
  for (let column = 0; column < scene.keys.length; column += step) label(context, scene, place, "column", column, false);
  tail(context, scene, place);
}

/** How much of each row is not among the columns, as a bar at its end. */
function tail(context, scene, { left, top, side, across }) {
  for (let row = 0; row < scene.tokens.length && scene.beside.length; row += 1) {
    let x = left + across + 5;
    for (const { share, colour } of scene.beside) {
      const width = share(row) * (TAIL - 7);
      context.fillStyle = colour;
      context.fillRect(x, top + row * side + side * 0.15, width, side * 0.7);
      x += width;
    }
  }
}

/** What is pointed at and what is locked. */
export function lit(context, scene, place) {
  const { colours, lock } = scene;
  const { left, top, side, across, down, tail: end } = place;
  for (const at of [lock, scene.lit].filter(Boolean)) {
    context.strokeStyle = at === lock ? colours.primary : colours.text;
    context.lineWidth = at === lock ? 2 : 1;
    if (at.row !== null) {
      context.strokeRect(left - 1, top + at.row * side - 0.5, across + (end > 2 ? end - 1 : 2), side + 1);
      label(context, scene, place, "row", at.row, true);
    }
    if (at.column !== null) {
      context.strokeRect(left + at.column * side - 0.5, top - 1, side + 1, down + 2);
      label(context, scene, place, "column", at.column, true);
    }
  }
}

function label(context, { tokens, keys, special, keysSpecial, colours }, { left, top, side }, axis, index, bold) {
  const row = axis === "row";
  const room = row ? left : top;
  context.font = `${bold ? 600 : 400} 11px ${colours.font}`;
  const text = shorten(context, row ? tokens[index] : keys[index], room - 10);
  const width = context.measureText(text).width;
  context.save();
  context.textBaseline = "middle";
  context.textAlign = "left";
  if (row) context.translate(room - 6, top + (index + 0.5) * side);
  else {
    context.translate(left + (index + 0.5) * side, room - 6);
    context.rotate(-Math.PI / 2);
  }
  if (bold) { // it stands over its neighbours
    context.fillStyle = colours.background;
    context.fillRect(row ? -room : -2, -LINE / 2, room, LINE);
  }
  context.fillStyle = bold ? colours.text : colours.muted;
  context.globalAlpha = bold || !(row ? special : keysSpecial)[index] ? 1 : 0.65;
  context.fillText(text, row ? -width : 0, 0);
  context.restore();
}

function hatch(context, scene, { left, top, side, across, down }) {
  context.save();
  context.beginPath();
  scene.tokens.forEach((_, row) => {
    const first = scene.keys.findIndex((__, column) => scene.beyond(row, column));
    if (first >= 0) context.rect(left + first * side, top + row * side, across - first * side, side);
  });
  context.clip();
  [context.strokeStyle, context.lineWidth] = [scene.colours.faint, 1];
  for (let x = -down; x < across; x += 7) line(context, left + x, top, left + x + down, top + down);
  context.restore();
}

export function line(context, fromX, fromY, toX, toY) {
  context.beginPath();
  context.moveTo(fromX, fromY);
  context.lineTo(toX, toY);
  context.stroke();
}
