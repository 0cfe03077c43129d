/**
 * What the reader points at or has locked, shared by every picture of a page: one store a page, because every
 * component imports this module from the same address and so gets the same instance.
 *
 * A focus is `{layer, head, row, column, token}`: indices from 0, null where nothing is meant. What is hovered
 * beats what is locked; leaving returns to the lock.
 */

const NOTHING = Object.freeze({ layer: null, head: null, row: null, column: null, token: null });
const NAMES = Object.keys(NOTHING);

function store() {
  let hovered = null;
  let locked = NOTHING;
  const readers = new Set();
  const same = (one, other) => one === other || (one && other && NAMES.every((name) => one[name] === other[name]));
  const tell = () => readers.forEach((reader) => reader(hovered ?? locked));
  return {
    /** What the pictures show: the hovered, or else the locked. */
    get: () => hovered ?? locked,
    locked: () => locked,
    /** Point at something; `hover(null)` when the pointer leaves. */
    hover(place) {
      const next = place && Object.freeze({ ...locked, ...place });
      if (same(next, hovered)) return;
      hovered = next;
      tell();
    },
    /** Hold something; the names left out stay as they are, and `lock(null)` lets go of all but the head. */
    lock(place) {
      const next = Object.freeze(place ? { ...locked, ...place } : { ...NOTHING, layer: locked.layer, head: locked.head });
      if (same(next, locked)) return;
      locked = next;
      tell();
    },
    /** Calls `reader(focus)` at every change; returns what stops it. */
    subscribe(reader) {
      readers.add(reader);
      return () => readers.delete(reader);
    },
  };
}

export const focus = store();
