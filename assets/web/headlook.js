/** What a reader chooses about the heads, as the address holds it, and how the page is laid out. */

export const RANGES = ["row", "head", "layer", "all", "one"];
const CHOICES = {
  range: RANGES, scale: ["linear", "root", "log"], drawing: ["matrix", "lines"], compare: ["side", "blink", "difference"],
};
const FIRST = { range: "all", scale: "root", drawing: "matrix", compare: "side", mass: 100 };

/** The choices that `given` (a header) names, and the usual ones for the others. */
export function chosen(given) {
  const look = { ...FIRST };
  for (const [name, known] of Object.entries(CHOICES)) if (known.includes(given[name])) look[name] = given[name];
  const mass = Number(given.mass);
  if (mass >= 50 && mass <= 100) look.mass = Math.round(mass);
  if (given.measure === "norm" && look.range === "one") look.range = FIRST.range;
  return look;
}

/** All that is chosen, counted from 1; "" for what is as it was at first. */
export function told(look, { layer, head, row, column }) {
  const state = { layer: layer + 1, head: head + 1, row: row === null ? "" : row + 1, column: column === null ? "" : column + 1 };
  for (const [name, first] of Object.entries(FIRST)) state[name] = look[name] === first ? "" : String(look[name]);
  return state;
}

export const LAYOUT = `
.heads { display: grid; gap: 1rem 2rem; grid-template-columns: minmax(0, 1fr); }
.heads > * { min-width: 0; }
.title { font-weight: 600; font-size: 1rem; display: flex; flex-wrap: wrap; gap: 0.25rem 1rem;
  align-items: baseline; justify-content: space-between; min-height: 1.9rem; }
.title button { font-size: 0.875rem; font-weight: 400; }
.reading { min-height: 3em; overflow-wrap: anywhere; }
.legend { margin: 0.5rem 0; }
.notes { margin-top: 0.5rem; }
.files { margin-top: 0.75rem; }
.name { font-weight: 600; overflow-wrap: anywhere; }
.name:empty { display: none; }
.pictures { display: flex; flex-wrap: wrap; gap: 1rem; }
.mass { display: flex; flex-wrap: wrap; gap: 0.5rem; align-items: center; }
.mass input { width: 8rem; accent-color: var(--primary); }
.map { touch-action: pan-y; cursor: crosshair; }
.grid { touch-action: pan-y; cursor: pointer; }
@container (min-width: 720px) {
  .heads { grid-template-columns: minmax(0, 9fr) minmax(0, 11fr); grid-template-areas: "all one" "row one";
    grid-template-rows: auto 1fr; }
  .two { grid-template-columns: minmax(0, 1fr) minmax(0, 2fr); }
  .reading { min-height: 1.8em; }
  .all { grid-area: all; } .one { grid-area: one; } .row { grid-area: row; }
}
`;
