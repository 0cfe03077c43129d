/** Markers of a scatter, told apart by shape as well as colour: on a canvas, and as SVG. */

import { sharp } from "./common.js";

// Corners in units of the radius; a number is the radius of a circle.
const SHAPES = [
  0.85,
  [[-0.78, -0.78], [0.78, -0.78], [0.78, 0.78], [-0.78, 0.78]],
  [[0, -1], [1, 0.8], [-1, 0.8]],
  [[0, -1.1], [0.9, 0], [0, 1.1], [-0.9, 0]],
  [[-0.3, -1], [0.3, -1], [0.3, -0.3], [1, -0.3], [1, 0.3], [0.3, 0.3], [0.3, 1], [-0.3, 1], [-0.3, 0.3], [-1, 0.3],
    [-1, -0.3], [-0.3, -0.3]],
  0.75,
];

export const RING = SHAPES.length - 1; // for points that have no category
export const FILLED = RING; // shapes there are for categories

/** A canvas of `size` CSS pixels with one shape: circle, square, triangle, diamond, cross or ring. */
export function stamp(shape, size, colour) {
  const canvas = document.createElement("canvas");
  const context = sharp(canvas, size, size);
  const radius = size / 2 - (size > 6 ? 1 : 0.5);
  context.translate(size / 2, size / 2);
  context.globalAlpha = 0.85;
  context.fillStyle = context.strokeStyle = colour;
  context.lineWidth = 1.5;
  context.beginPath();
  if (typeof SHAPES[shape] === "number") context.arc(0, 0, radius * SHAPES[shape], 0, 7);
  else for (const [x, y] of SHAPES[shape]) context.lineTo(x * radius, y * radius);
  if (shape === RING) context.stroke();
  else context.fill();
  return canvas;
}

/** The same as an SVG symbol's content, round 0, in `currentColor`. */
export function outline(shape, size) {
  const radius = size / 2 - (size > 6 ? 1 : 0.5);
  const paint = shape === RING ? 'fill="none" stroke="currentColor" stroke-width="1.5"' : 'fill="currentColor"';
  if (typeof SHAPES[shape] === "number") return `<circle r="${(radius * SHAPES[shape]).toFixed(2)}" ${paint} opacity="0.85"/>`;
  const corners = SHAPES[shape].map(([x, y]) => `${(x * radius).toFixed(2)},${(y * radius).toFixed(2)}`).join(" ");
  return `<polygon points="${corners}" ${paint} opacity="0.85"/>`;
}
