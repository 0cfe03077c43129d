/** Places of points, and which of them: plain arithmetic, no drawing. */

const SAMPLE = 20_000; // coordinates a frame is settled by

/** Coordinates on one axis (0 or 1) of places [n, 2], of many evenly spread ones. */
function every(places, axis) {
  const step = 2 * Math.max(1, Math.ceil(places.length / 2 / SAMPLE));
  return Array.from({ length: Math.ceil((places.length - axis) / step) }, (_, index) => places[index * step + axis]);
}

/** Between which of `values` a frame runs: all of them, unless one in two hundred lies far off. */
function ends(values) {
  const sorted = Float64Array.from(values).sort();
  const [low, high] = [0.005, 0.995].map((share) => sorted[Math.round(share * (sorted.length - 1))]);
  const room = 0.15 * (high - low);
  return [Math.max(sorted[0], low - room), Math.min(sorted.at(-1), high + room)];
}

/** The frame round places [n, 2] of several sets: middle, width and height. */
export function around(sets) {
  const [[left, right], [top, bottom]] = [0, 1].map((axis) => ends(sets.flatMap((places) => every(places, axis))));
  return { x: (left + right) / 2, y: (top + bottom) / 2, width: right - left || 1, height: bottom - top || 1 };
}

/** How many of the places [n, 2] lie outside a frame. */
export function outside(places, { x, y, width, height }) {
  let count = 0;
  for (let place = 0; place < places.length; place += 2) {
    if (2 * Math.abs(places[place] - x) > width || 2 * Math.abs(places[place + 1] - y) > height) count += 1;
  }
  return count;
}

/** 1 at each of `positions`, 0 elsewhere, of `count`. */
export function mask(positions, count) {
  const chosen = new Uint8Array(count);
  for (const index of positions) chosen[index] = 1;
  return chosen;
}

/** 0 … count − 1 in an order that looks random and is always the same: no category hides under another. */
export function shuffled(count) {
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  let seed = 1;
  for (let last = count - 1; last > 0; last -= 1) {
    seed = (seed * 48271) % 2147483647;
    const other = seed % (last + 1);
    [order[last], order[other]] = [order[other], order[last]];
  }
  return order;
}
