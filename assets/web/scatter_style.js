/** How a scatter is laid out. */

export const LAYOUT = `
.scatter { display: grid; gap: 0.75rem 1.5rem; grid-template-columns: minmax(0, 1fr); }
.scatter > * { min-width: 0; }
.planes { display: grid; gap: 0.75rem; grid-template-columns: minmax(0, 1fr); }
@container (min-width: 720px) {
  .scatter { grid-template-columns: minmax(0, 1fr) 13rem; }
  .scatter .controls, .scatter .notes { grid-column: 1 / -1; }
  .planes.two { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); }
}
.slider { display: flex; align-items: center; gap: 0.6rem; flex: 1 1 20rem; }
.slider[hidden] { display: none; }
.slider input { flex: 1; min-width: 6rem; accent-color: var(--primary); }
.slider output { min-width: 5.5rem; font-weight: 600; }
.pick { display: flex; align-items: center; gap: 0.4rem; color: var(--muted); }
.pick select { font: inherit; color: var(--text); background: var(--background); border: 1px solid var(--border);
  border-radius: 0.4rem; padding: 0.2rem 0.4rem; max-width: 14rem; }
.pick select:focus-visible { outline: 2px solid var(--primary); outline-offset: 2px; }
.plane { position: relative; border: 1px solid var(--border); border-radius: 0.4rem; overflow: hidden; }
.plane canvas { touch-action: pan-y; cursor: grab; }
.plane canvas.dragging { cursor: grabbing; }
.lassoing .plane canvas { cursor: crosshair; touch-action: none; }
.plane-title { position: absolute; left: 0.6rem; top: 0.4rem; font-weight: 600; pointer-events: none; overflow-wrap: anywhere;
  max-width: 92%; text-shadow: 0 0 4px var(--background), 0 0 4px var(--background); }
.tools { display: flex; flex-wrap: wrap; gap: 0.35rem; align-items: center; }
.tools .pressed, .view button[aria-pressed="true"].tool { border-color: var(--primary); background: var(--faint); font-weight: 600; }
.tip { position: absolute; pointer-events: none; max-width: min(22rem, 90%); padding: 0.5rem 0.65rem; z-index: 1;
  background: var(--background); border: 1px solid var(--border); border-radius: 0.4rem; overflow-wrap: anywhere;
  box-shadow: 0 2px 10px rgb(0 0 0 / 0.25); font-size: 0.8125rem; }
.names { list-style: none; margin: 0.25rem 0 0; padding: 0; max-height: 27rem; overflow: auto;
  display: flex; flex-wrap: wrap; gap: 0.25rem; }
.names li { max-width: 100%; }
.names li.shaped { display: flex; gap: 0.4rem; align-items: center; padding: 0.1rem 0.6rem; }
.names button { display: flex; gap: 0.4rem; align-items: center; width: 100%; text-align: start; }
.names button[aria-pressed="false"] { opacity: 0.6; }
.names bdi { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.legend { display: grid; gap: 0.75rem; align-content: start; }
.ends { display: flex; justify-content: space-between; max-width: 180px; }
.placed { margin: 0; padding-inline-start: 1.4rem; }
@container (min-width: 720px) { .names { flex-direction: column; flex-wrap: nowrap; } }
`;
