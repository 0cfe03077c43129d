/** Markers of a scatter, told apart by shape as well as colour. */

import { sharp } from "./common.js";

const polygon = (...corners) => (context, radius) => {
  context.beginPath();
  for (const [x, y] of corners) context.lineTo(x * radius, y * radius);
  context.fill();
};

const SHAPES = [
  (context, radius) => { context.beginPath(); context.arc(0, 0, radius * 0.85, 0, 7); context.fill(); },
  polygon([-0.78, -0.78], [0.78, -0.78], [0.78, 0.78], [-0.78, 0.78]),
  polygon([0, -1], [1, 0.8], [-1, 0.8]),
  polygon([0, -1.1], [0.9, 0], [0, 1.1], [-0.9, 0]),
  polygon([-0.3, -1], [0.3, -1], [0.3, -0.3], [1, -0.3], [1, 0.3], [0.3, 0.3], [0.3, 1], [-0.3, 1], [-0.3, 0.3], [-1, 0.3],
    [-1, -0.3], [-0.3, -0.3]),
  (context, radius) => { context.lineWidth = 1.5; context.beginPath(); context.arc(0, 0, radius * 0.75, 0, 7); context.stroke(); },
];

export const RING = SHAPES.length - 1; // for points that have no category

/** A canvas of `size` CSS pixels with one shape: circle, square, triangle, diamond, cross or ring. */
export function stamp(shape, size, colour) {
  const canvas = document.createElement("canvas");
  const context = sharp(canvas, size, size);
  context.translate(size / 2, size / 2);
  context.globalAlpha = 0.85;
  context.fillStyle = context.strokeStyle = colour;
  SHAPES[shape](context, size / 2 - 1);
  return canvas;
}
