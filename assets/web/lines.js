/**
 * One head as lines from the token that looks to the token looked at, drawn with any 2D context. Scenes are those
 * of `matrix.js`, with `value(row, column)`, `share(value, row)` (0–1) and `css(value, row)` for the lines.
 */

import { shorten } from "./common.js";
import { line } from "./matrix.js";

export const FAINTEST = 0.12; // share of the scale below which a line is not drawn
const LINE = 12;

export function layout(context, scene, room) {
  const { tokens, keys, colours } = scene;
  const count = Math.max(tokens.length, keys.length);
  context.font = `600 11px ${colours.font}`;
  const longest = Math.max(...[...tokens, ...keys].map((text) => context.measureText(text.slice(0, 24)).width));
  const edge = Math.ceil(Math.min(longest + 14, room * 0.36));
  const pitch = Math.min(Math.max(640 / count, LINE), 26);
  const width = Math.min(room, 2 * edge + 340);
  return { edge, pitch, width, height: count * pitch + 4, right: width - edge };
}

export function find(place, scene, x, y) {
  const index = Math.floor(y / place.pitch);
  if (y < 0 || x < 0 || x > place.width) return null;
  if (x < place.width / 2) return index < scene.tokens.length ? { row: index, column: null } : null;
  return index < scene.keys.length ? { row: null, column: index } : null;
}

export function base(context, scene, place) {
  scene.tokens.forEach((_, row) => label(context, scene, place, "row", row, false));
  scene.keys.forEach((_, column) => label(context, scene, place, "column", column, false));
  for (let row = 0; row < scene.tokens.length; row += 1) fan(context, scene, place, row, null, 0.75);
}

/** Of what is pointed at, or else of what is locked, the lines alone. */
export function lit(context, scene, place) {
  const at = scene.lit ?? scene.lock;
  if (!at) return;
  const { colours } = scene;
  context.fillStyle = colours.background;
  context.globalAlpha = 0.88; // the others stay to be guessed
  context.fillRect(place.edge, 0, place.right - place.edge, place.height);
  context.globalAlpha = 1;
  for (let row = 0; row < scene.tokens.length; row += 1) {
    if (at.row === null || at.row === row) fan(context, scene, place, row, at.row === null ? at.column : null, 1);
  }
  for (const [axis, index] of [["row", at.row], ["column", at.column]]) {
    if (index !== null) label(context, scene, place, axis, index, true, at === scene.lock ? colours.primary : colours.text);
  }
}

const middle = (index, { pitch }) => (index + 0.5) * pitch + 2;

/** The lines of one row, to all keys or to one. */
function fan(context, scene, place, row, only, strength) {
  for (let column = 0; column < scene.keys.length; column += 1) {
    if (only !== null && only !== column) continue;
    const value = scene.value(row, column);
    const share = scene.share(value, row);
    if (share < FAINTEST) continue;
    context.strokeStyle = scene.css(value, row);
    context.globalAlpha = strength * Math.min(0.25 + share, 1);
    context.lineWidth = 0.5 + 2.5 * share;
    line(context, place.edge, middle(row, place), place.right, middle(column, place));
  }
  context.globalAlpha = 1;
}

function label(context, scene, place, axis, index, bold, colour) {
  const { colours } = scene;
  const row = axis === "row";
  context.font = `${bold ? 600 : 400} 11px ${colours.font}`;
  [context.textBaseline, context.textAlign] = ["middle", "left"];
  const text = shorten(context, row ? scene.tokens[index] : scene.keys[index], place.edge - 12);
  const x = row ? place.edge - 6 - context.measureText(text).width : place.right + 6;
  if (bold) {
    context.fillStyle = colours.background;
    context.fillRect(row ? 0 : place.right + 2, middle(index, place) - LINE / 2, place.edge - 2, LINE);
  }
  context.fillStyle = colour ?? colours.muted;
  context.globalAlpha = bold || !(row ? scene.special : scene.keysSpecial)[index] ? 1 : 0.65;
  context.fillText(text, x, middle(index, place));
  context.globalAlpha = 1;
}
