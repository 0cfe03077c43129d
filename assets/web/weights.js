/** Attention weights as heads.js draws them: one byte each, coloured by a range and a scale, with a legend. */

import { sharp } from "./common.js";

const TICKS = [0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1];

export const weight = (byte) => (byte / 255) ** 2;

const descending = (values) => [...values.entries()].sort((one, other) => other[1] - one[1] || one[0] - other[0]);

/** uint8 [layers, heads, T, T], row = query, column = key, each round(255 · √weight). */
export class Weights {
  constructor({ layers, heads, tokens }, bytes) {
    const { length: size } = tokens;
    if (bytes.length !== layers * heads * size * size) throw new Error(`${bytes.length} bytes do not hold these weights`);
    Object.assign(this, { layers, heads, size, bytes });
    this.all = this.largest(0, bytes.length);
  }

  start = (layer, head, row = 0) => ((layer * this.heads + head) * this.size + row) * this.size;
  ofHead = (layer, head) => this.largest(this.start(layer, head), this.size * this.size);
  ofRow = (layer, head, row) => this.largest(this.start(layer, head, row), this.size);

  /** The largest of `count` bytes, at least 1. */
  largest(start, count) {
    let found = 1;
    for (let place = start; place < start + count; place += 1) if (this.bytes[place] > found) found = this.bytes[place];
    return found;
  }

  /** The keys of one row, heaviest first: [column, weight][]. */
  ranked(layer, head, row) {
    const start = this.start(layer, head, row);
    return descending(Array.from({ length: this.size }, (_, column) => weight(this.bytes[start + column])));
  }

  /** The keys of a head by what they get on average over all rows, most first. */
  received(layer, head) {
    const start = this.start(layer, head);
    const sums = new Array(this.size).fill(0);
    for (let place = 0; place < this.size ** 2; place += 1) sums[place % this.size] += weight(this.bytes[start + place]);
    return descending(sums.map((sum) => sum / this.size));
  }
}

/** From byte to pixel. `range`: what shares one top of the scale, "all", "head" or "row"; `scale`: "root" or "linear". */
export class Shades {
  constructor(weights, colours, range, scale) {
    Object.assign(this, { weights, colours, range, scale, made: new Map(), canvas: document.createElement("canvas") });
  }

  /** The top of the scale, as a byte, for one row of one head. */
  top(layer, head, row) {
    if (this.range === "row") return this.weights.ofRow(layer, head, row);
    return this.range === "head" ? this.weights.ofHead(layer, head) : this.weights.all;
  }

  /** The pixel of every byte below `top`; grey where the row does not reach the prediction. */
  pixels(top, coloured) {
    const key = 2 * top + Number(coloured);
    if (!this.made.has(key)) {
      const ramp = coloured ? this.colours.ramp : this.colours.greys;
      this.made.set(key, Uint32Array.from({ length: 256 }, (_, byte) => {
        const share = Math.min(byte / top, 1);
        return ramp[Math.round(255 * (this.scale === "root" ? share : share * share))];
      }));
    }
    return this.made.get(key);
  }

  /** One head as T × T pixels, on a canvas that the next call draws over. `coloured(row)`: false for grey rows. */
  picture(layer, head, coloured) {
    const { canvas, weights } = this;
    const { size } = weights;
    if (canvas.width !== size) [canvas.width, canvas.height] = [size, size];
    const context = canvas.getContext("2d");
    const image = context.createImageData(size, size);
    const pixels = new Uint32Array(image.data.buffer);
    const shared = this.range === "row" ? null : this.top(layer, head);
    for (let row = 0, place = 0; row < size; row += 1) {
      const pixel = this.pixels(shared ?? this.top(layer, head, row), coloured(row));
      const start = weights.start(layer, head, row);
      for (let column = 0; column < size; column += 1, place += 1) pixels[place] = pixel[weights.bytes[start + column]];
    }
    context.putImageData(image, 0, 0);
    return canvas;
  }

  /**
   * One head in at most `side` × `side` pixels: where several weights share a pixel, the one nearest the top of its
   * scale, for a mean would wipe out the thin lines that tell heads apart.
   */
  thumbnail(layer, head, coloured, side) {
    const { canvas, weights } = this;
    const { size } = weights;
    if (size <= side) return this.picture(layer, head, coloured);
    const shares = new Uint8Array(side * side);
    const greys = new Uint8Array(side).fill(1);
    for (let row = 0; row < size; row += 1) {
      const line = Math.floor((row * side) / size);
      const factor = 255 / this.top(layer, head, row);
      const start = weights.start(layer, head, row);
      if (coloured(row)) greys[line] = 0;
      for (let column = 0; column < size; column += 1) {
        const place = line * side + Math.floor((column * side) / size);
        shares[place] = Math.max(shares[place], Math.min(weights.bytes[start + column] * factor, 255));
      }
    }
    [canvas.width, canvas.height] = [side, side];
    const context = canvas.getContext("2d");
    const image = context.createImageData(side, side);
    const pixels = new Uint32Array(image.data.buffer);
    shares.forEach((share, place) => { pixels[place] = this.pixels(255, !greys[Math.floor(place / side)])[share]; });
    context.putImageData(image, 0, 0);
    return canvas;
  }

  /** The ramp with its ticks and the place of a uniform weight. `top`: null if every row has its own. */
  legend(canvas, width, top, words) {
    const { colours } = this;
    const context = sharp(canvas, width, 46);
    for (let x = 0; x < width; x += 1) {
      const pixel = colours.ramp[Math.round((x / (width - 1)) * 255)];
      context.fillStyle = `rgb(${pixel & 255},${(pixel >> 8) & 255},${(pixel >> 16) & 255})`;
      context.fillRect(x, 14, Math.min(2, width - x), 12);
    }
    context.strokeStyle = colours.border;
    context.strokeRect(0.5, 14.5, width - 1, 11);
    context.font = `11px ${colours.font}`;
    context.fillStyle = colours.muted;
    const mark = (x, text, y, from, to) => {
      const half = context.measureText(text).width / 2;
      const middle = Math.min(Math.max(x, half), width - half);
      context.fillText(text, middle - half, y);
      context.fillRect(Math.min(Math.max(Math.round(x), 0), width - 1), from, 1, to - from);
      return middle + half;
    };
    const last = mark(width, words.top, 42, 26, 31) - context.measureText(words.top).width;
    if (top === null) {
      mark(0, "0", 42, 26, 31);
      return;
    }
    const place = (value) => width * (this.scale === "root" ? Math.sqrt(value / top) : value / top);
    let free = -Infinity;
    for (const value of TICKS) {
      const half = context.measureText(String(value)).width / 2 + 5;
      if (value < top && place(value) - half > free && place(value) + half < last) free = mark(place(value), String(value), 42, 26, 31);
    }
    context.fillStyle = colours.text;
    if (words.uniform && 1 / this.weights.size <= top) mark(place(1 / this.weights.size), words.uniform, 9, 11, 29);
  }
}
