/** A line drawn round points. */

/** Positions of the points ([n, 2]) inside the closed line through `corners` ([x, y][]) that `fits`. */
export function inside(points, corners, fits) {
  const xs = corners.map(([x]) => x);
  const ys = corners.map(([, y]) => y);
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const [top, bottom] = [Math.min(...ys), Math.max(...ys)];
  const found = [];
  for (let index = 0; index < points.length / 2; index += 1) {
    const [x, y] = [points[2 * index], points[2 * index + 1]];
    if (x < left || x > right || y < top || y > bottom || !fits(index)) continue;
    if (within(x, y, corners)) found.push(index);
  }
  return found;
}

/** Even-odd rule: a ray to the right crosses the line an odd number of times. */
function within(x, y, corners) {
  let odd = false;
  for (let here = 0, before = corners.length - 1; here < corners.length; before = here, here += 1) {
    const [[ax, ay], [bx, by]] = [corners[here], corners[before]];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) odd = !odd;
  }
  return odd;
}

/** The line so far, over the points. */
export function trace(context, corners, colour) {
  context.beginPath();
  for (const [x, y] of corners) context.lineTo(x, y);
  context.closePath();
  context.globalAlpha = 0.12;
  context.fillStyle = colour;
  context.fill();
  context.globalAlpha = 1;
  context.lineWidth = 1.5;
  context.strokeStyle = colour;
  context.stroke();
}
