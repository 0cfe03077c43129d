/** From where to where texts moved between two maps, and never a movement that a restart would have made too. */

const MOST = 1500; // drawn at once: the longest

/**
 * Of the points that `fits`, those that moved further than `floor`, longest first: positions, of which the first
 * `MOST` are drawn, how many they are, and of how many.
 */
export function movers(from, to, floor, fits) {
  const found = [];
  let of = 0;
  for (let index = 0; index < from.length / 2; index += 1) {
    if (!fits(index)) continue;
    of += 1;
    const length = Math.hypot(to[2 * index] - from[2 * index], to[2 * index + 1] - from[2 * index + 1]);
    if (length > floor) found.push([index, length]);
  }
  found.sort(([, a], [, b]) => b - a);
  return { of, count: found.length, drawn: found.slice(0, MOST).map(([index]) => index) };
}

/** Trails that widen to where the text is now. `place(points, index)` gives pixels. */
export function trail(context, drawn, from, to, place, colour) {
  context.fillStyle = colour;
  context.globalAlpha = drawn.length > 200 ? 0.35 : 0.6;
  for (const index of drawn) {
    const [ax, ay] = place(from, index);
    const [bx, by] = place(to, index);
    const length = Math.hypot(bx - ax, by - ay) || 1;
    const [x, y] = [((by - ay) / length) * 1.6, ((ax - bx) / length) * 1.6];
    context.beginPath();
    context.moveTo(ax, ay);
    context.lineTo(bx + x, by + y);
    context.lineTo(bx - x, by - y);
    context.fill();
  }
  context.globalAlpha = 1;
}
