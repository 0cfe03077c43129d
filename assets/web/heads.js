/**
 * Attention weights of every layer and head at once, one head large beside them.
 *
 * `mount(element, header, bytes, options)` draws it into any element or shadow root and returns
 * `{id, update(header, bytes), repaint(), destroy()}`; the default export is the same as a Streamlit component.
 *
 * header  id       changes with the content
 *         layers, heads
 *         tokens   T strings, untrusted
 *         special  T booleans: [CLS], [SEP] and their like
 *         layer, head  the head open at first, from 1 (default: the first head of the middle layer)
 *         split    index of the second text's first token (optional)
 *         causal   true if a token sees only those before it (optional)
 *         reach    rows of the last layer that reach the prediction (optional; all, if absent)
 *         words    English text → text in the reader's language (optional)
 * bytes   uint8 [layers, heads, T, T], row = query, column = key, each round(255 · √weight)
 * options setState(name, value)  told `focus: {layer, head}`, from 1, when another head is opened
 */

import {
  STYLE, choice, component, dress, element, foreign, scheduler, settled, sharp, shorten, speaker, theme,
} from "./common.js";
import { Shades, Weights, weight } from "./weights.js";

const LISTED = 10; // keys in the bar list
const GAP = 3; // pixels between the small pictures

const LAYOUT = `
.heads { display: grid; gap: 1rem 2rem; grid-template-columns: minmax(0, 1fr); }
.heads > * { min-width: 0; }
.title { font-weight: 600; font-size: 1rem; display: flex; flex-wrap: wrap; gap: 0.25rem 1rem;
  align-items: baseline; justify-content: space-between; min-height: 1.9rem; }
.title button { font-size: 0.875rem; font-weight: 400; }
.reading { min-height: 3em; overflow-wrap: anywhere; }
.legend { margin: 0.5rem 0; }
.bars { list-style: none; margin: 0.25rem 0 0; padding: 0; }
.bars li { display: grid; grid-template-columns: minmax(3rem, 7rem) 1fr 7.5rem; gap: 0.5rem; align-items: center; }
.bars .token { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.bars i { display: block; height: 0.7rem; background: var(--primary); border-radius: 2px; min-width: 1px; }
.bars span { font-variant-numeric: tabular-nums; }
.map { touch-action: pan-y; cursor: crosshair; }
.grid { touch-action: pan-y; cursor: pointer; }
@container (min-width: 720px) {
  .heads { grid-template-columns: minmax(0, 9fr) minmax(0, 11fr); grid-template-areas: "all one" "row one";
    grid-template-rows: auto 1fr; }
  .reading { min-height: 1.8em; }
  .all { grid-area: all; } .one { grid-area: one; } .row { grid-area: row; }
}
`;

const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
const clamp = (value, count) => Math.min(Math.max(value, 0), count - 1);

export function mount(parent, header, bytes, options = {}) {
  return new Heads(parent, header, bytes, options);
}

/** The grid of all heads, the open head as a matrix, and the locked row as bars. */
class Heads {
  constructor(parent, header, bytes, options) {
    this.parent = parent;
    this.root = element("div", { class: "view" });
    this.thumbnails = document.createElement("canvas"); // without the frames round them
    this.range = "all";
    this.scale = "root";
    this.tell = settled((focus) => options.setState?.("focus", focus));
    this.paint = scheduler(() => this.draw());
    this.update(header, bytes);
    parent.append(this.root);
    this.sizes = new ResizeObserver(() => this.repaint());
    this.sizes.observe(this.root);
    this.scheme = matchMedia("(prefers-color-scheme: dark)");
    this.scheme.onchange = () => this.repaint();
  }

  /** Show other weights. The range and scale chosen by the reader stay; the header says which head is open. */
  update(header, bytes) {
    this.header = header;
    this.id = header.id;
    this.weights = new Weights(header, bytes);
    this.say = speaker(header.words);
    const middle = Math.ceil(header.layers / 2);
    this.open = [clamp((header.layer ?? middle) - 1, header.layers), clamp((header.head ?? 1) - 1, header.heads)];
    this.over = this.hover = this.lock = null; // a small picture; a cell; a cell
    this.build();
    this.repaint();
  }

  repaint() {
    this.stale = true;
    this.paint();
  }

  destroy() {
    this.paint.cancel();
    this.tell.cancel();
    this.sizes.disconnect();
    this.scheme.onchange = null;
    this.root.remove();
  }

  build() {
    const { say, header } = this;
    const listen = (canvas, name, find, click) => Object.assign(canvas, {
      onpointermove: (event) => { this[name] = find(event); this.paint(); },
      onpointerleave: () => { this[name] = null; this.paint(); },
      onclick: (event) => { const found = find(event); if (found) click(found); },
    });
    this.grid = element("canvas", {
      class: "grid", tabindex: 0, role: "application", onkeydown: (event) => this.gridKey(event),
      "aria-label": say("All heads of all layers. Arrow keys open another head."),
    });
    listen(this.grid, "over", (event) => this.thumbnailAt(event), (found) => this.show(...found));
    this.map = element("canvas", {
      class: "map", tabindex: 0, role: "application", onkeydown: (event) => this.mapKey(event),
      "aria-label": say("Weights of the open head. Arrow keys move, Enter locks a row, Escape unlocks it."),
    });
    listen(this.map, "hover", (event) => this.cellAt(event), (found) => this.setLock(found));
    this.title = element("span", { "aria-live": "polite" });
    this.unlock = element("button", { type: "button", onclick: () => this.setLock(null) }, say("Unlock (Esc)"));
    this.reading = element("p", { class: "reading", "aria-live": "polite" });
    this.legend = element("canvas", { class: "legend", role: "img" });
    this.pooled = element("p", { class: "muted" }, say("A dot of a small picture is the heaviest of the weights under it."));
    this.rowTitle = element("p");
    this.bars = element("ol", { class: "bars" });
    const set = (name) => (value) => { this[name] = value; this.repaint(); };
    const ranges = [["all", say("all heads")], ["head", say("each head")], ["row", say("each row")]];
    const scales = [["root", say("square root")], ["linear", say("linear")]];
    const notes = [
      say("Rows: the token that looks (query). Columns: the token looked at (key). Every row sums to 1."),
      header.causal && say("Hatched: later tokens, which this model cannot see."),
      header.reach && say("Grey rows of the last layer do not reach the prediction."),
    ].filter(Boolean);
    this.root.replaceChildren(
      element("style", {}, STYLE + LAYOUT),
      element("div", { class: "heads" },
        element("section", { class: "all" },
          element("div", { class: "controls" },
            choice(say("Colour range"), ranges, this.range, set("range")),
            choice(say("Scale"), scales, this.scale, set("scale"))),
          this.legend, this.grid, this.pooled),
        element("section", { class: "one" },
          element("div", { class: "title" }, this.title, this.unlock), this.reading, this.map,
          element("p", { class: "muted" }, notes.join(" "))),
        element("section", { class: "row" }, this.rowTitle, this.bars)),
    );
  }

  // Choosing -------------------------------------------------------------------------------------------------

  show(layer, head) {
    if (layer === this.open[0] && head === this.open[1]) return;
    this.open = [layer, head];
    this.tell({ layer: layer + 1, head: head + 1 });
    this.paint();
  }

  setLock(cell) {
    const again = cell && this.lock?.row === cell.row && this.lock.column === cell.column;
    this.lock = again ? null : cell;
    this.paint();
  }

  gridKey(event) {
    const step = ARROWS[event.key];
    if (!step) return;
    event.preventDefault();
    this.show(clamp(this.open[0] + step[0], this.header.layers), clamp(this.open[1] + step[1], this.header.heads));
  }

  mapKey(event) {
    const step = ARROWS[event.key];
    const at = this.hover ?? this.lock ?? { row: 0, column: 0 };
    const { size } = this.weights;
    if (event.key === "Escape") this.setLock(null);
    else if (event.key === "Enter" || event.key === " ") this.setLock(at);
    else if (step) this.hover = { row: clamp(at.row + step[0], size), column: clamp(at.column + step[1], size) };
    else return;
    event.preventDefault();
    this.paint();
  }

  thumbnailAt({ offsetX, offsetY }) {
    const { left, top, pitch } = this.places;
    const [head, layer] = [Math.floor((offsetX - left) / pitch), Math.floor((offsetY - top) / pitch)];
    return head >= 0 && head < this.header.heads && layer >= 0 && layer < this.header.layers ? [layer, head] : null;
  }

  cellAt({ offsetX, offsetY }) {
    const { edge, side } = this.cells;
    const [column, row] = [Math.floor((offsetX - edge) / side), Math.floor((offsetY - edge) / side)];
    const { size } = this.weights;
    return column >= 0 && column < size && row >= 0 && row < size ? { row, column } : null;
  }

  // Drawing --------------------------------------------------------------------------------------------------

  draw() {
    if (!this.root.clientWidth) return;
    if (this.stale) {
      this.colours = theme(this.parent);
      this.shades = new Shades(this.weights, this.colours, this.range, this.scale);
      dress(this.root, this.colours);
    }
    this.drawGrid();
    this.drawMap();
    this.drawLegend();
    this.writeReading();
    this.writeRow();
  }

  /** Whether a row reaches the prediction: `(row) => boolean` of one layer. */
  reaching(layer) {
    const { reach, layers } = this.header;
    return (row) => !reach || layer < layers - 1 || reach.includes(row);
  }

  drawGrid() {
    const { header, colours, say } = this;
    const room = this.grid.parentElement.clientWidth;
    const narrow = room < 420;
    const [left, top] = [narrow ? 20 : 56, 20];
    const pitch = Math.min((room - left) / header.heads, 72);
    const [width, height] = [left + pitch * header.heads, top + pitch * header.layers];
    this.places = { left, top, pitch };
    if (this.stale) this.drawThumbnails(width, height);
    const context = sharp(this.grid, width, height);
    context.drawImage(this.thumbnails, 0, 0, width, height);
    [context.textBaseline, context.textAlign] = ["middle", "left"];
    const [litLayer, litHead] = this.over ?? this.open;
    const label = (text, x, y, lit) => {
      context.font = `${lit ? 600 : 400} 11px ${colours.font}`;
      context.fillStyle = lit ? colours.text : colours.muted;
      context.fillText(text, x, y);
    };
    const frame = (layer, head, thickness, colour) => {
      [context.strokeStyle, context.lineWidth] = [colour, thickness];
      const inset = GAP / 2;
      context.strokeRect(left + head * pitch + inset / 2, top + layer * pitch + inset / 2, pitch - inset, pitch - inset);
    };
    for (let layer = 0; layer < header.layers; layer += 1) {
      const text = narrow ? String(layer + 1) : say("Layer {layer}", { layer: layer + 1 });
      label(text, 0, top + (layer + 0.5) * pitch, layer === litLayer);
    }
    if (!narrow) label(say("Head"), 0, top / 2, false);
    context.textAlign = "center";
    for (let head = 0; head < header.heads; head += 1) {
      label(String(head + 1), left + (head + 0.5) * pitch, top / 2, head === litHead);
    }
    if (this.over) frame(...this.over, 1.5, colours.text);
    frame(...this.open, 2.5, colours.primary);
  }

  drawThumbnails(width, height) {
    const { header, colours } = this;
    const { left, top, pitch } = this.places;
    const context = sharp(this.thumbnails, width, height);
    const side = pitch - 2 * GAP;
    const pixels = Math.round(side * (window.devicePixelRatio || 1));
    context.imageSmoothingEnabled = false;
    this.pooled.hidden = this.weights.size <= pixels;
    context.strokeStyle = colours.faint;
    for (let layer = 0; layer < header.layers; layer += 1) {
      for (let head = 0; head < header.heads; head += 1) {
        const [x, y] = [left + head * pitch + GAP, top + layer * pitch + GAP];
        context.drawImage(this.shades.thumbnail(layer, head, this.reaching(layer), pixels), x, y, side, side);
        context.strokeRect(x - 0.5, y - 0.5, side + 1, side + 1);
      }
    }
    this.stale = false;
  }

  drawMap() {
    const { header, colours, weights, lock } = this;
    const { size } = weights;
    const room = Math.min(this.map.parentElement.clientWidth, 720);
    const edge = this.margin(room);
    const side = Math.min((room - edge - 2) / size, 40);
    const extent = side * size;
    this.cells = { edge, side };
    const context = sharp(this.map, edge + extent + 2, edge + extent + 2);
    context.imageSmoothingEnabled = false;
    context.drawImage(this.shades.picture(...this.open, this.reaching(this.open[0])), edge, edge, extent, extent);
    if (header.causal) this.hatch(context, extent);
    context.strokeStyle = colours.border;
    context.strokeRect(edge - 0.5, edge - 0.5, extent + 1, extent + 1);
    if (header.split) {
      const at = edge + header.split * side;
      context.setLineDash([4, 3]);
      context.strokeStyle = colours.muted;
      line(context, at, edge, at, edge + extent);
      line(context, edge, at, edge + extent, at);
      context.setLineDash([]);
    }
    const lit = [lock, this.hover ?? lock].filter(Boolean);
    for (let index = 0; index < size; index += Math.ceil(12 / side)) {
      for (const axis of ["row", "column"]) {
        const covered = lit.some((at) => Math.abs(at[axis] - index) * side < 12);
        if (!covered) this.label(context, index, axis, false);
      }
    }
    for (const at of lit) {
      context.strokeStyle = at === lock ? colours.primary : colours.text;
      context.lineWidth = at === lock ? 2 : 1;
      context.strokeRect(edge - 1, edge + at.row * side - 0.5, extent + 2, side + 1);
      context.strokeRect(edge + at.column * side - 0.5, edge - 1, side + 1, extent + 2);
      this.label(context, at.row, "row", true);
      this.label(context, at.column, "column", true);
    }
  }

  /** Width of the row labels and height of the column labels: the longest token's, within reason. */
  margin(room) {
    const context = this.map.getContext("2d");
    context.font = `600 11px ${this.colours.font}`;
    const longest = Math.max(...this.header.tokens.map((token) => context.measureText(token.slice(0, 24)).width));
    return Math.ceil(Math.min(longest + 12, room < 480 ? 72 : 104));
  }

  label(context, index, axis, lit) {
    const { colours } = this;
    const { edge, side } = this.cells;
    context.font = `${lit ? 600 : 400} 11px ${colours.font}`;
    const text = shorten(context, this.header.tokens[index], edge - 10);
    const width = context.measureText(text).width;
    context.save();
    context.textBaseline = "middle";
    if (axis === "row") context.translate(edge - 6 - width, edge + (index + 0.5) * side);
    else {
      context.translate(edge + (index + 0.5) * side, edge - 6);
      context.rotate(-Math.PI / 2);
    }
    context.fillStyle = lit ? colours.text : colours.muted;
    context.globalAlpha = lit || !this.header.special[index] ? 1 : 0.65;
    context.fillText(text, 0, 0);
    context.restore();
  }

  hatch(context, extent) {
    const { edge, side } = this.cells;
    context.save();
    context.beginPath();
    for (let row = 0; row < this.weights.size - 1; row += 1) {
      context.rect(edge + (row + 1) * side, edge + row * side, extent - (row + 1) * side, side);
    }
    context.clip();
    context.strokeStyle = this.colours.faint;
    for (let x = -extent; x < extent; x += 7) line(context, edge + x, edge, edge + x + extent, edge + extent);
    context.restore();
  }

  drawLegend() {
    const { header, range, say, shades } = this;
    const width = Math.min(this.legend.parentElement.clientWidth, 420);
    const row = (this.hover ?? this.lock)?.row;
    const top = range === "row" && row === undefined ? null : weight(shades.top(...this.open, row));
    const largest = top === null ? say("heaviest key of its row") : this.figure(top);
    // Where a row sees only what came before it, each row has a uniform weight of its own.
    const uniform = header.causal ? null : say("uniform: 1/{count}", { count: this.weights.size });
    shades.legend(this.legend, width, top, { top: largest, uniform });
    this.legend.setAttribute("aria-label", say("Colour scale from 0 to {largest}", { largest }));
  }

  /** Two significant digits: as exact as one byte a weight is. */
  figure = (value) => value.toLocaleString(this.header.language ?? "en", { maximumSignificantDigits: 2 });

  /** A token, with its place in the text where the same token stands in several. */
  name(index) {
    const { tokens } = this.header;
    const repeated = tokens.indexOf(tokens[index]) !== tokens.lastIndexOf(tokens[index]);
    const place = repeated ? element("span", { class: "muted" }, ` ${index + 1}`) : "";
    return element("span", { class: "token" }, foreign(cut(tokens[index])), place);
  }

  // Words ----------------------------------------------------------------------------------------------------

  writeReading() {
    const { say, lock, header } = this;
    const [layer, head] = this.open;
    this.title.textContent = say("Layer {layer}, head {head}", { layer: layer + 1, head: head + 1 });
    this.unlock.style.visibility = lock ? "visible" : "hidden";
    const at = this.hover ?? lock;
    if (!at) {
      this.reading.replaceChildren(element("span", { class: "muted" }, say("Point at a cell to read its weight; click to lock its row.")));
      return;
    }
    const ranked = this.weights.ranked(layer, head, at.row);
    const rank = ranked.findIndex(([column]) => column === at.column);
    const value = ranked[rank][1];
    const seen = header.causal ? at.row + 1 : ranked.length; // keys that this row can look at
    const beside = at.column >= seen ? [] : [
      say("{times} × uniform", { times: this.figure(value * seen) }),
      say("rank {rank} of {count}", { rank: rank + 1, count: seen }),
    ];
    this.reading.replaceChildren(
      this.name(at.row), " → ", this.name(at.column), ": ", element("strong", {}, this.figure(value)),
      ...beside.map((words) => ` · ${words}`),
    );
  }

  /** What the locked row, or the row pointed at, looks at most; without one, what all rows look at together. */
  writeRow() {
    const { say, header, weights } = this;
    const row = (this.lock ?? this.hover)?.row;
    const ranked = row === undefined ? weights.received(...this.open) : weights.ranked(...this.open, row);
    const total = ranked.reduce((sum, [, value]) => sum + value, 0) || 1;
    const share = (value) => (value / total).toLocaleString(header.language ?? "en", { style: "percent" });
    const listed = ranked.slice(0, LISTED);
    let sum = 0;
    this.bars.replaceChildren(...listed.map(([column, value]) => {
      sum += value;
      const bar = element("i");
      bar.style.width = `${(100 * value) / (ranked[0][1] || 1)}%`;
      const cumulated = element("span", { class: "muted" }, ` · Σ ${share(sum)}`);
      return element("li", {}, this.name(column), bar, element("span", {}, this.figure(value), cumulated));
    }));
    const name = row === undefined ? [say("All rows together, on average")]
      : [this.lock ? say("Locked row:") : say("Row:"), " ", element("strong", {}, this.name(row))];
    const held = say("{keys} keys hold {share} of it", { keys: listed.length, share: share(sum) });
    this.rowTitle.replaceChildren(...name, element("span", { class: "muted" }, ` · ${held}`));
  }
}

const cut = (token) => (token.length > 28 ? `${token.slice(0, 28)}…` : token);

function line(context, fromX, fromY, toX, toY) {
  context.beginPath();
  context.moveTo(fromX, fromY);
  context.lineTo(toX, toY);
  context.stroke();
}

export default component(mount);
