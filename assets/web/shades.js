/** How a point looks by what its columns say: colour by one of them, shape by another. */

import { FILLED, RING, stamp } from "./markers.js";
import { sprite } from "./raster.js";

export const NONE = 65535; // the code of a point that has no category
const SHAPED = 5; // categories up to which each has a shape of its own too
const STEPS = 32; // colours of a column of numbers

export class Shades {
  /** `described`: the header's columns; `values`: an array for each; `keys`: of the columns for colour and shape. */
  constructor(described, values, keys, say, language) {
    [this.described, this.values, this.keys, this.say, this.language] = [described, values, keys, say, language ?? "en"];
    this.settle();
  }

  /** Columns by their keys; one that is not there yet is waited for, and the first stands in for it. */
  settle() {
    const place = (key) => this.described.findIndex((column) => column.key === key);
    this.colour = Math.max(place(this.keys.colour), 0);
    this.shape = place(this.keys.shape);
    if (this.shape >= 0 && !this.described[this.shape].names) this.shape = -1;
    this.sprites?.clear();
  }

  /** In the reader's colours, markers `size` pixels wide. */
  dress(colours, size) {
    [this.colours, this.size, this.sprites] = [colours, size, new Map()];
    this.grey = sprite(stamp(0, size, colours.faint), colours.faint);
  }

  get coloured() {
    return this.described[this.colour];
  }

  get shaped() {
    return this.described[this.shape];
  }

  /** Headings of the legend: what colour says, and what shape says where that is another column. */
  titles() {
    if (!this.shaped) return [this.coloured.title];
    return [`${this.say("Colour")}: ${this.coloured.title}`, `${this.say("Shape")}: ${this.shaped.title}`];
  }

  code = (index) => this.values[this.colour][index];
  figure = (value, digits = 0) => value.toLocaleString(this.language, { minimumFractionDigits: digits, maximumFractionDigits: digits });

  /** What the column `which` says of a point, in words. */
  word(which, index) {
    const [column, value] = [this.described[which], this.values[which][index]];
    if (column.kind === "number") return Number.isNaN(value) ? this.say("none") : this.figure(value, column.digits);
    return this.called(column, value);
  }

  called = (column, code) => (code === NONE ? column.absent || this.say("none") : column.names[code]);

  /** Categories of a column that any point has, with how many: [code, count][]. */
  tally(which) {
    const counts = new Map();
    for (const code of this.values[which]) counts.set(code, (counts.get(code) ?? 0) + 1);
    return [...this.described[which].names.keys(), NONE].flatMap((code) => (counts.has(code) ? [[code, counts.get(code)]] : []));
  }

  /** Colour and shape of a point with this value, as one number; `index` null: as the legend shows it. */
  look(value, index) {
    const column = this.coloured;
    let [tint, shape] = [value, 0];
    if (column.kind === "number") {
      const share = (value - column.low) / (column.high - column.low || 1);
      tint = Number.isNaN(value) ? NONE : Math.round(Math.min(Math.max(share, 0), 1) * (STEPS - 1));
    }
    if (this.shape >= 0) shape = index === null ? 0 : this.shapeOf(this.values[this.shape][index]);
    else if (tint === NONE) shape = RING;
    else if (column.names) shape = column.names.length <= SHAPED ? tint : Math.floor(tint / this.colours.categories.length) % FILLED;
    return tint * 8 + shape;
  }

  shapeOf = (code) => (code === NONE ? RING : code % FILLED);

  ramp(share) {
    const pixel = this.colours.ramp[Math.round(64 + share * 191)]; // the palest would not stand out
    return `rgb(${pixel & 255},${(pixel >> 8) & 255},${(pixel >> 16) & 255})`;
  }

  /** Shape and CSS colour of a look. */
  appearance(look) {
    const [tint, shape] = [Math.floor(look / 8), look % 8];
    const { categories, muted } = this.colours;
    if (tint === NONE) return [shape, muted];
    return [shape, this.coloured.kind === "number" ? this.ramp(tint / (STEPS - 1)) : categories[tint % categories.length]];
  }

  sprite(look) {
    if (!this.sprites.has(look)) {
      const [shape, colour] = this.appearance(look);
      this.sprites.set(look, sprite(stamp(shape, this.size, colour), colour));
    }
    return this.sprites.get(look);
  }

  outlined = (shape) => stamp(shape, 14, this.colours.text);
}
