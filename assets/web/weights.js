/** Attention of all layers and heads as numbers: read from bytes, cut to the keys that hold most, compared. */

/** The numbers of a reading: values [layers, heads, rows, columns], row = query, column = key. */
export class Weights {
  constructor({ layers, heads, rows, columns }, values, codes = null) {
    if (values.length !== layers * heads * rows * columns) throw new Error(`${values.length} values do not hold these weights`);
    Object.assign(this, { layers, heads, rows, columns, values, codes, signed: false, found: new Map() });
    this.tops = new Float32Array(layers * heads * rows);
    for (let row = 0, place = 0; row < this.tops.length; row += 1) {
      let top = 0;
      for (const end = place + columns; place < end; place += 1) top = Math.max(top, Math.abs(values[place]));
      this.tops[row] = top;
    }
  }

  /** One head, [rows · columns]. */
  head(layer, head) {
    const size = this.rows * this.columns;
    const start = (layer * this.heads + head) * size;
    return this.values.subarray(start, start + size);
  }

  row = (layer, head, row) => this.head(layer, head).subarray(row * this.columns, (row + 1) * this.columns);

  /** The largest value, whatever its sign, of what shares a range: "row", "head", "layer" or "all". */
  top(range, layer, head, row) {
    const [perHead, perLayer] = [this.rows, this.heads * this.rows];
    if (range === "row") return this.tops[(layer * this.heads + head) * perHead + row] || 1e-9;
    const [start, end] = range === "head" ? [(layer * this.heads + head) * perHead, (layer * this.heads + head + 1) * perHead]
      : range === "layer" ? [layer * perLayer, (layer + 1) * perLayer] : [0, this.tops.length];
    const key = `${start} ${end}`; // asked for every line that is drawn
    if (!this.found.has(key)) this.found.set(key, this.tops.subarray(start, end).reduce((found, top) => Math.max(found, top), 1e-9));
    return this.found.get(key);
  }

  /** The keys of one row, heaviest first: [column, value][]. */
  ranked = (layer, head, row) => descending(this.row(layer, head, row));

  /** The keys of a head by what they get on average over all rows, most first. */
  received(layer, head) {
    const sums = new Array(this.columns).fill(0);
    this.head(layer, head).forEach((value, place) => { sums[place % this.columns] += value; });
    return descending(sums.map((sum) => sum / this.rows));
  }
}

const descending = (values) => [...values.entries()].sort((one, other) => Math.abs(other[1]) - Math.abs(one[1]) || one[0] - other[0]);

/**
 * The maps of a buffer, and what each keeps beside its weights for every row.
 *
 * body  for each of `header.maps` (default: one): uint8 [layers, heads, rows, columns], each
 *       round(255 · √(value / top)); then, for each of `header.marginals`, uint8 [layers, heads, rows], each
 *       round(255 · share), the share of a row that is not among its columns
 */
export function read(header, body) {
  const { layers, heads, tokens, marginals = [] } = header;
  const shape = { layers, heads, rows: tokens.length, columns: (header.keys ?? tokens).length };
  const value = Float32Array.from({ length: 256 }, (_, byte) => (header.top ?? 1) * (byte / 255) ** 2);
  const [size, rows] = [layers * heads * shape.rows * shape.columns, layers * heads * shape.rows];
  let place = 0;
  const take = (count) => body.subarray(place, (place += count));
  return (header.maps ?? [{ name: "" }]).map((map) => {
    const coded = take(size);
    const values = new Float32Array(size);
    for (let at = 0; at < size; at += 1) values[at] = value[coded[at]];
    const beside = Object.fromEntries(marginals.map((each) => [each, take(rows)]));
    return { ...map, weights: new Weights(shape, values, coded), beside };
  });
}

/** `after` less `before`, cell by cell. */
export function difference(before, after) {
  const found = new Weights(before, after.values.map((value, place) => value - before.values[place]));
  found.signed = true;
  return found;
}

/** Of each row of a head the fewest keys that hold `mass` (0–1) of it; the others are 0. */
export class Kept {
  constructor(weights, mass) {
    Object.assign(this, { weights, mass, made: new Map() });
  }

  /** `{values: Float32Array [rows · columns], counts: keys kept in each row}` of one head. */
  of(layer, head) {
    const key = layer * this.weights.heads + head;
    if (!this.made.has(key)) this.made.set(key, this.make(layer, head));
    return this.made.get(key);
  }

  make(layer, head) {
    const { rows, columns } = this.weights;
    const all = this.weights.head(layer, head);
    if (this.mass >= 1) return { values: all, counts: null };
    const values = new Float32Array(rows * columns);
    const counts = new Uint16Array(rows);
    const codes = this.codes(layer, head);
    const [held, levels] = [new Float64Array(256), new Uint16Array(256)];
    for (let row = 0; row < rows; row += 1) {
      const [start, end] = [row * columns, (row + 1) * columns];
      held.fill(0);
      levels.fill(0);
      let left = 0;
      for (let at = start; at < end; at += 1) {
        const size = Math.abs(all[at]);
        left += size;
        held[codes[at]] += size;
        levels[codes[at]] += 1;
      }
      left *= this.mass;
      let least = 255;
      while (least > 0 && left - held[least] > 1e-9) {
        left -= held[least];
        counts[row] += levels[least];
        least -= 1;
      }
      // Of keys that weigh the same, the first ones.
      let ties = least ? Math.min(Math.ceil(left / (held[least] / levels[least] || 1) - 1e-9), levels[least]) : 0;
      counts[row] += ties;
      for (let at = start; at < end; at += 1) if (codes[at] > least || (codes[at] === least && (ties -= 1) >= 0)) values[at] = all[at];
    }
    return { values, counts };
  }

  /** One byte a value that orders the values of a head; differences have none of their own. */
  codes(layer, head) {
    const size = this.weights.rows * this.weights.columns;
    const { codes } = this.weights;
    if (codes) return codes.subarray((layer * this.weights.heads + head) * size, (layer * this.weights.heads + head + 1) * size);
    const top = this.weights.top("head", layer, head, 0);
    return Uint8Array.from(this.weights.head(layer, head), (value) => Math.round(255 * Math.sqrt(Math.abs(value) / top)));
  }

  /** How many keys a row of the head keeps, in the middle of all its rows. */
  median(layer, head) {
    const { counts } = this.of(layer, head);
    return counts ? counts.slice().sort()[Math.floor((counts.length - 1) / 2)] : this.weights.columns;
  }
}
