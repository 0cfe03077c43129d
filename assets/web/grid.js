/** The points of a plane in square cells, so that the nearest to a place is found without looking at all of them. */

const PER_CELL = 4; // points in a cell, on average

export class Grid {
  /** `points`: Float32Array [n, 2]. */
  constructor(points) {
    this.points = points;
    const count = points.length / 2;
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    for (let place = 0; place < points.length; place += 2) {
      left = Math.min(left, points[place]);
      right = Math.max(right, points[place]);
      top = Math.min(top, points[place + 1]);
      bottom = Math.max(bottom, points[place + 1]);
    }
    [this.left, this.top] = [left, top];
    this.cell = Math.sqrt(Math.max((right - left) * (bottom - top), 1e-12) / Math.max(count / PER_CELL, 1));
    this.columns = Math.min(Math.floor((right - left) / this.cell) + 1, 4096);
    this.rows = Math.min(Math.floor((bottom - top) / this.cell) + 1, 4096);
    // Counting sort: the members of cell c stand in `members` from starts[c] to starts[c + 1].
    const cells = new Uint32Array(count);
    this.starts = new Uint32Array(this.columns * this.rows + 1);
    for (let index = 0; index < count; index += 1) {
      cells[index] = this.row(points[2 * index + 1]) * this.columns + this.column(points[2 * index]);
      this.starts[cells[index] + 1] += 1;
    }
    for (let cell = 1; cell < this.starts.length; cell += 1) this.starts[cell] += this.starts[cell - 1];
    const next = this.starts.slice();
    this.members = new Uint32Array(count);
    for (let index = 0; index < count; index += 1) this.members[next[cells[index]]++] = index;
  }

  column = (x) => Math.min(Math.max(Math.floor((x - this.left) / this.cell), 0), this.columns - 1);
  row = (y) => Math.min(Math.max(Math.floor((y - this.top) / this.cell), 0), this.rows - 1);

  /** The point nearest to (x, y) that is closer than `reach` and `fits`; -1 if there is none. */
  nearest(x, y, reach, fits) {
    let [found, least] = [-1, reach ** 2];
    for (let row = this.row(y - reach); row <= this.row(y + reach); row += 1) {
      const from = this.starts[row * this.columns + this.column(x - reach)];
      const to = this.starts[row * this.columns + this.column(x + reach) + 1];
      for (let place = from; place < to; place += 1) {
        const index = this.members[place];
        const distance = (this.points[2 * index] - x) ** 2 + (this.points[2 * index + 1] - y) ** 2;
        if (distance < least && fits(index)) [found, least] = [index, distance];
      }
    }
    return found;
  }
}
