/** A scatter as a file: exactly what is seen, its heading and its legend, as PNG or SVG. */

import { outline } from "./markers.js";

const EDGE = 16;
const LINE = 20;
const LISTED = 24; // entries of a legend

/** Hand `content` (a Blob) to the reader as the file `name`. */
export function give(content, name) {
  const address = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** What stands below the planes: swatches with names, or the ends of a range. */
function entries({ shades }) {
  const { coloured, shaped, figure } = shades;
  if (!coloured.names) return [{ words: `${coloured.title}: ${figure(coloured.low, coloured.digits)} – ${figure(coloured.high, coloured.digits)}` }];
  const title = shaped ? `${coloured.title}: ` : "";
  const listed = shades.tally(shades.colour).slice(0, LISTED).map(([code, count]) => (
    { look: shades.look(code, null), words: `${title}${shades.called(coloured, code)} (${figure(count)})` }));
  if (!shaped) return listed;
  return [...listed, ...shades.tally(shades.shape).slice(0, LISTED).map(([code]) => (
    { shape: shades.shapeOf(code), words: `${shaped.title}: ${shades.called(shaped, code)}` }))];
}

const notes = (owner) => [
  owner.say("Near points are near in the layer; distances between clusters, and the axes, mean little."),
  ...owner.planes.filter((plane) => plane.root.isConnected).map((plane) => plane.title.textContent),
].filter(Boolean);

/** The planes beside each other, the words below: [width, height, offset of each plane]. */
function layout(owner, lines) {
  const planes = owner.planes.filter((plane) => plane.root.isConnected);
  const offsets = planes.map((_, place) => EDGE + place * (planes[0].width + EDGE));
  const height = planes[0].height + 2 * EDGE + lines * LINE;
  return { planes, offsets, width: offsets.at(-1) + planes[0].width + EDGE, height };
}

export function png(owner) {
  const [listed, said] = [entries(owner), notes(owner)];
  const { planes, offsets, width, height } = layout(owner, listed.length + said.length);
  const density = window.devicePixelRatio || 1;
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [Math.round(width * density), Math.round(height * density)];
  const context = canvas.getContext("2d");
  context.setTransform(density, 0, 0, density, 0, 0);
  context.fillStyle = owner.colours.background;
  context.fillRect(0, 0, width, height);
  planes.forEach((plane, place) => context.drawImage(plane.canvas, offsets[place], EDGE, plane.width, plane.height));
  context.font = `13px ${owner.colours.font}`;
  context.textBaseline = "middle";
  let y = planes[0].height + 2 * EDGE + LINE / 2;
  for (const { look, shape, words } of [...listed, ...said.map((line) => ({ words: line }))]) {
    const mark = look === undefined ? shape === undefined ? null : owner.shades.outlined(shape) : owner.shades.sprite(look).canvas;
    if (mark) context.drawImage(mark, EDGE, y - 6, 12, 12);
    context.fillStyle = owner.colours.text;
    context.fillText(words.slice(0, 200), mark ? EDGE + 20 : EDGE, y, width - 2 * EDGE - 20);
    y += LINE;
  }
  canvas.toBlob((blob) => give(blob, "map.png"), "image/png");
}

const escape = (text) => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)
  .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd"); // what XML does not allow at all

export function svg(owner) {
  const [listed, said] = [entries(owner), notes(owner)];
  const { planes, offsets, width, height } = layout(owner, listed.length + said.length);
  const parts = [`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`, "<defs>"];
  for (let shape = 0; shape < 6; shape += 1) parts.push(`<g id="m${shape}">${outline(shape, owner.marker)}</g>`);
  parts.push("</defs>", `<rect width="100%" height="100%" fill="${owner.colours.background}"/>`);
  planes.forEach((plane, place) => {
    parts.push(`<svg x="${offsets[place]}" y="${EDGE}" width="${plane.width}" height="${plane.height}">`);
    const use = (index, shape, colour) => {
      const [x, y] = plane.pixels(plane.at, index);
      if (x > -9 && y > -9 && x < plane.width + 9 && y < plane.height + 9) parts.push(`<use href="#m${shape}" x="${x.toFixed(1)}" y="${y.toFixed(1)}" color="${colour}"/>`);
    };
    if (owner.picking()) for (const index of owner.order) if (!owner.coloured(index)) use(index, 0, owner.colours.faint);
    for (const index of owner.order) if (owner.coloured(index)) use(index, ...owner.shades.appearance(owner.looks[index]));
    if (owner.trails && plane === owner.planes[1]) {
      for (const index of owner.trails.drawn) {
        const [[ax, ay], [bx, by]] = [plane.pixels(owner.planes[0].goal, index), plane.pixels(plane.goal, index)];
        parts.push(`<line x1="${ax.toFixed(1)}" y1="${ay.toFixed(1)}" x2="${bx.toFixed(1)}" y2="${by.toFixed(1)}" stroke="${owner.colours.text}" stroke-opacity="0.4"/>`);
      }
    }
    for (let index = 0; index < (plane.placed?.length ?? 0) / 2; index += 1) {
      const [x, y] = plane.pixels(plane.placed, index);
      parts.push(`<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="9" fill="${owner.colours.text}"/>`,
        `<text x="${x.toFixed(1)}" y="${(y + 4).toFixed(1)}" text-anchor="middle" font-size="11" font-family="sans-serif" fill="${owner.colours.background}">${index + 1}</text>`);
    }
    parts.push("</svg>");
  });
  let y = planes[0].height + 2 * EDGE + LINE / 2;
  for (const { look, shape, words } of [...listed, ...said.map((line) => ({ words: line }))]) {
    const [form, colour] = look === undefined ? [shape, owner.colours.text] : owner.shades.appearance(look);
    if (form !== undefined) parts.push(`<use href="#m${form}" x="${EDGE + 6}" y="${y}" color="${colour}"/>`);
    parts.push(`<text x="${form === undefined ? EDGE : EDGE + 20}" y="${y + 4}" font-size="13" font-family="sans-serif" fill="${owner.colours.text}">${escape(words.slice(0, 200))}</text>`);
    y += LINE;
  }
  parts.push("</svg>");
  give(new Blob([parts.join("\n")], { type: "image/svg+xml" }), "map.svg");
}
