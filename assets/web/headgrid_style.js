/** How the grid of all heads and its list look; the colours of cells and bars come from `paint.js`. */

export const LAYOUT = `
.headgrid .controls { margin-bottom: 0.75rem; align-items: end; }
.headgrid label { display: grid; gap: 0.1rem; min-width: 0; }
.headgrid select { font: inherit; color: inherit; background: var(--background); border: 1px solid var(--border);
  border-radius: 0.4rem; padding: 0.25rem 0.5rem; max-width: 100%; }
.headgrid select:focus-visible { outline: 2px solid var(--primary); outline-offset: 2px; }
.parts { display: grid; gap: 1rem 2rem; grid-template-columns: minmax(0, 1fr); }
.parts > * { min-width: 0; }
table { border-collapse: separate; border-spacing: 2px; table-layout: fixed; width: 100%; }
th { font-weight: 400; font-size: 0.75rem; color: var(--muted); padding: 0; text-align: center; }
th[scope="row"], th.corner { width: 4.75rem; text-align: left; white-space: nowrap; }
th button { border: 0 !important; padding: 0 !important; text-decoration: underline dotted; }
.narrow { display: none; }
td { height: 2rem; padding: 0; text-align: center; border-radius: 3px; cursor: pointer; position: relative;
  font-size: 0.75rem; font-variant-numeric: tabular-nums; box-shadow: inset 0 0 0 1px var(--faint); }
td:focus-visible { outline: 2px solid var(--primary); outline-offset: 1px; }
td.none { background: repeating-linear-gradient(45deg, transparent 0 4px, var(--faint) 4px 5px) !important; cursor: default; }
td.marked::after { content: ""; position: absolute; top: 3px; right: 3px; width: 5px; height: 5px; border-radius: 50%;
  background: currentColor; }
td.lit { box-shadow: inset 0 0 0 2px var(--text), inset 0 0 0 3px var(--background); }
td.open { box-shadow: 0 0 0 2px var(--primary); }
td.off { opacity: 0.85; }
td.off::before { content: "✕"; position: absolute; inset: 0; display: grid; place-items: center; font-size: 1.1rem;
  font-weight: 700; color: var(--text); background: color-mix(in srgb, var(--background) 70%, transparent); }
.tight td span { display: none; }
.scale { display: grid; grid-template-columns: minmax(0, 22rem); gap: 0.15rem; margin: 0.5rem 0; font-size: 0.75rem;
  color: var(--muted); font-variant-numeric: tabular-nums; }
.strip { display: block; height: 0.7rem; border: 1px solid var(--border); border-radius: 2px; }
.ends { display: flex; justify-content: space-between; }
.mark::before { content: ""; display: inline-block; width: 6px; height: 6px; border-radius: 50%; background: var(--text);
  margin: 0 0.4rem 1px 0.15rem; }
.reading { min-height: 3em; overflow-wrap: anywhere; }
.ranking { list-style: none; margin: 0.25rem 0 0.5rem; padding: 0; }
.ranking li { display: flex; gap: 0.5rem; align-items: center; padding: 0.1rem 0.25rem; border-radius: 0.3rem; }
.ranking li.lit { background: var(--faint); }
.ranking .link { flex: 0 0 3rem; text-align: left; padding: 0.05rem 0.4rem; font-variant-numeric: tabular-nums; }
.ranking .name { flex: 0 1 8rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.ranking .name:empty { display: none; }
.ranking .figure { flex: 0 0 5.5rem; text-align: right; font-variant-numeric: tabular-nums; }
.bar { flex: 1 1 4rem; position: relative; height: 0.9rem; min-width: 3rem; }
.bar i { position: absolute; display: block; }
.bar .fill { top: 0.1rem; height: 0.7rem; border-radius: 2px; min-width: 1px; }
.bar .interval { top: 0.4rem; height: 0.1rem; background: var(--text); min-width: 2px; }
.bar .noise { top: -0.1rem; height: 1.1rem; border-left: 2px solid var(--text); }
@container (max-width: 560px) {
  th[scope="row"], th.corner { width: 1.5rem; }
  th.corner { font-size: 0; }
  .wide { display: none; }
  .narrow { display: inline; }
}
@container (min-width: 860px) { .parts { grid-template-columns: minmax(0, 6fr) minmax(0, 5fr); } }
`;
