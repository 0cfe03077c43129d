/** From a value to its colour, by a range and a scale that the reader chooses, and the legend that says so. */

import { apart } from "./common.js";

const TICKS = [0.0001, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 2, 5, 10, 20, 50, 100];
const DECADES = 4; // of the logarithmic scale: below a ten-thousandth of the top all is 0
export const LEGEND = 46; // pixels of its height

const SCALES = {
  linear: (share) => share,
  root: Math.sqrt,
  log: (share) => Math.max(1 + Math.log10(Math.max(share, 1e-12)) / DECADES, 0),
};

/** `range`: what shares one top of the scale, "row", "head", "layer", "all" or "one" (0–1). */
export class Tints {
  constructor(weights, kept, colours, range, scale, shared = null) {
    Object.assign(this, { weights, kept, colours, range, scale: SCALES[scale], shared });
    this.canvas = document.createElement("canvas");
    this.ramp = weights.signed ? apart(colours) : colours.ramp;
  }

  /** The top of the scale for one row of one head. `shared`: maps that are compared have one top. */
  top(layer, head, row) {
    if (this.range === "one") return 1;
    return Math.max(...(this.shared ?? [this.weights]).map((weights) => weights.top(this.range, layer, head, row)));
  }

  /** 0–1: how far up the scale a value stands. */
  share = (value, top) => this.scale(Math.min(Math.abs(value) / top, 1));

  pixel(value, top, coloured = true) {
    const share = this.share(value, top);
    if (!coloured) return this.colours.greys[Math.round(255 * share)];
    return this.ramp[Math.round(this.weights.signed ? 127.5 + 127.5 * Math.sign(value) * share : 255 * share)];
  }

  css(value, top, coloured = true) {
    const pixel = this.pixel(value, top, coloured);
    return `rgb(${pixel & 255},${(pixel >> 8) & 255},${(pixel >> 16) & 255})`;
  }

  /**
   * One head in at most `width` × `height` pixels, on a canvas that the next call draws over. Where several
   * weights share a pixel it shows the largest, for a mean would wipe out the thin lines that tell heads apart.
   */
  picture(layer, head, coloured, width = Infinity, height = Infinity) {
    const { canvas, weights: { rows, columns } } = this;
    const { values } = this.kept.of(layer, head);
    const [wide, high] = [Math.min(columns, Math.max(width, 1)), Math.min(rows, Math.max(height, 1))];
    const [most, tops, lit] = [new Float32Array(wide * high), new Float32Array(wide * high), new Uint8Array(high)];
    const shared = this.range === "row" ? null : this.top(layer, head, 0);
    for (let row = 0, place = 0; row < rows; row += 1) {
      const line = Math.floor((row * high) / rows);
      const top = shared ?? this.top(layer, head, row);
      if (coloured(row)) lit[line] = 1;
      for (let column = 0; column < columns; column += 1, place += 1) {
        const at = line * wide + (wide === columns ? column : Math.floor((column * wide) / columns));
        if (Math.abs(values[place]) / top > Math.abs(most[at]) / (tops[at] || 1)) [most[at], tops[at]] = [values[place], top];
      }
    }
    [canvas.width, canvas.height] = [wide, high];
    const context = canvas.getContext("2d");
    const image = context.createImageData(wide, high);
    const pixels = new Uint32Array(image.data.buffer);
    for (let at = 0; at < pixels.length; at += 1) pixels[at] = this.pixel(most[at], tops[at] || 1, Boolean(lit[Math.floor(at / wide)]));
    context.putImageData(image, 0, 0);
    return canvas;
  }

  /**
   * The ramp with its ticks, `width` pixels wide. `top` null: every row has its own. `even`: the value of a row
   * that looks at all keys alike, with its words; `figure` writes a number.
   */
  legend(context, width, top, { words, even, figure }) {
    const { colours, weights: { signed } } = this;
    for (let x = 0; x < width; x += 1) {
      const pixel = this.ramp[Math.round((x / (width - 1)) * 255)];
      context.fillStyle = `rgb(${pixel & 255},${(pixel >> 8) & 255},${(pixel >> 16) & 255})`;
      context.fillRect(x, 14, Math.min(2, width - x), 12);
    }
    [context.strokeStyle, context.lineWidth] = [colours.border, 1];
    context.strokeRect(0.5, 14.5, width - 1, 11);
    context.font = `11px ${colours.font}`;
    [context.textAlign, context.textBaseline, context.fillStyle] = ["left", "alphabetic", colours.muted];
    const mark = (x, text, y, from, to) => {
      const half = context.measureText(text).width / 2;
      const middle = Math.min(Math.max(x, half), width - half);
      context.fillText(text, middle - half, y);
      context.fillRect(Math.min(Math.max(Math.round(x), 0), width - 1), from, 1, to - from);
      return middle + half;
    };
    const high = top === null ? words.top : figure(top);
    const last = mark(width, signed ? `+${high}` : high, 42, 26, 31) - context.measureText(high).width;
    const lowest = this.scale === SCALES.log && top !== null ? `≤ ${figure(top / 10 ** DECADES)}` : "0";
    let free = mark(signed ? width / 2 : 0, signed ? "0" : lowest, 42, 26, 31) + 5;
    if (signed) mark(0, `−${high}`, 42, 26, 31);
    if (top === null) return;
    const place = (value) => (signed ? width / 2 + (width / 2) * this.share(value, top) : width * this.share(value, top));
    for (const value of TICKS) {
      const half = context.measureText(figure(value)).width / 2 + 5;
      if (value < top && place(value) - half > free && place(value) + half < last) free = mark(place(value), figure(value), 42, 26, 31) + 5;
    }
    context.fillStyle = colours.text;
    if (even && even <= top && !signed) mark(place(even), words.even, 9, 11, 29);
  }
}
