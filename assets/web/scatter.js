/**
 * The texts of a corpus as points, one map a layer, with a slider that moves every point from layer to layer.
 *
 * `mount(element, header, bytes, options)` draws it into any element or shadow root and returns
 * `{id, update(header, bytes), repaint(), destroy()}`; the default export is the same as a Streamlit component.
 *
 * header  id       changes with the content
 *         layers   L, of which the first is the embeddings, layer 0
 *         texts    n strings, untrusted
 *         rows     n numbers to name the points by
 *         colours  [{key, title, names: untrusted strings}]: what points may be coloured by, one code each
 *         quality  L trustworthiness values, 0 to 1 (optional)
 *         layer, colour  shown at first: from 0, and a key
 *         words    English text → text in the reader's language (optional)
 * bytes   float32 [L, n, 2] places, then uint16 [colours, n] codes; 65535 = none
 * options setState(name, value)  told `view: {layer, colour}` when the reader changes either
 */

import { STYLE, choice, component, dress, element, foreign, scheduler, settled, sharp, speaker, theme } from "./common.js";
import { RING, stamp } from "./markers.js";

const NONE = 65535;
const TEXT = 300; // characters of a text that are shown
const MORPH = 450; // milliseconds from one layer to the next
const NEAR = 12; // pixels within which a point is pointed at
const SHAPED = 5; // categories up to which each has a shape of its own too
const HEIGHT = { wide: 560, narrow: 360 };

const LAYOUT = `
.scatter { display: grid; gap: 0.75rem 1.5rem; grid-template-columns: minmax(0, 1fr); }
.scatter > * { min-width: 0; }
@container (min-width: 720px) {
  .scatter { grid-template-columns: minmax(0, 1fr) 13rem; }
  .scatter .controls, .scatter .notes { grid-column: 1 / -1; }
}
.slider { display: flex; align-items: center; gap: 0.6rem; flex: 1 1 20rem; }
.slider input { flex: 1; min-width: 6rem; accent-color: var(--primary); }
.slider output { min-width: 5.5rem; font-weight: 600; }
.plane { position: relative; border: 1px solid var(--border); border-radius: 0.4rem; overflow: hidden; }
.plane canvas { touch-action: pan-y; cursor: grab; }
.plane canvas.dragging { cursor: grabbing; }
.zoom { position: absolute; right: 0.5rem; top: 0.5rem; display: flex; gap: 0.25rem; }
.zoom button { background: var(--background); min-width: 2rem; }
.tip { position: absolute; pointer-events: none; max-width: min(22rem, 90%); padding: 0.5rem 0.65rem; z-index: 1;
  background: var(--background); border: 1px solid var(--border); border-radius: 0.4rem; overflow-wrap: anywhere;
  box-shadow: 0 2px 10px rgb(0 0 0 / 0.25); font-size: 0.8125rem; }
.names { list-style: none; margin: 0.25rem 0 0; padding: 0; max-height: 27rem; overflow: auto;
  display: flex; flex-wrap: wrap; gap: 0.25rem; }
.names li { max-width: 100%; }
.names button { display: flex; gap: 0.4rem; align-items: center; width: 100%; text-align: start; }
.names button[aria-pressed="false"] { opacity: 0.45; }
.names bdi { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
@container (min-width: 720px) { .names { flex-direction: column; flex-wrap: nowrap; } }
`;

export function mount(parent, header, bytes, options = {}) {
  return new Scatter(parent, header, bytes, options);
}

class Scatter {
  constructor(parent, header, bytes, options) {
    this.parent = parent;
    this.root = element("div", { class: "view" });
    this.tell = settled((view) => options.setState?.("view", view));
    this.paint = scheduler(() => this.draw());
    this.still = matchMedia("(prefers-reduced-motion: reduce)");
    this.scheme = matchMedia("(prefers-color-scheme: dark)");
    this.scheme.onchange = () => this.repaint();
    this.update(header, bytes);
    parent.append(this.root);
    this.sizes = new ResizeObserver(() => this.repaint());
    this.sizes.observe(this.root);
  }

  update(header, bytes) {
    this.header = header;
    this.id = header.id;
    this.say = speaker(header.words);
    this.count = header.texts.length;
    const places = header.layers * this.count * 2;
    this.points = new Float32Array(bytes.buffer, bytes.byteOffset, places);
    this.codes = new Uint16Array(bytes.buffer, bytes.byteOffset + 4 * places, header.colours.length * this.count);
    this.layer = Math.min(Math.max(header.layer ?? header.layers - 1, 0), header.layers - 1);
    this.colour = Math.max(header.colours.findIndex(({ key }) => key === header.colour), 0);
    this.kept = new Set(); // categories not greyed; empty: all of them
    this.at = this.points.slice(this.layer * this.count * 2, (this.layer + 1) * this.count * 2); // where points are now
    this.from = null; // where they set out from, while moving
    this.lit = -1; // the point pointed at
    this.build();
    this.reset();
  }

  repaint() {
    this.stale = true;
    this.paint();
  }

  destroy() {
    this.paint.cancel();
    this.tell.cancel();
    clearInterval(this.playing);
    this.sizes.disconnect();
    this.scheme.onchange = null;
    this.root.remove();
  }

  // The parts --------------------------------------------------------------------------------------------------

  build() {
    const { say, header } = this;
    this.slider = element("input", {
      type: "range", min: 0, max: header.layers - 1, step: 1, "aria-label": say("Layer"),
      oninput: () => this.move(Number(this.slider.value)),
    });
    this.slider.value = this.layer;
    this.shown = element("output", { "aria-live": "polite" });
    this.play = element("button", { type: "button", onclick: () => this.toggle() }, say("Play"));
    this.quality = element("span", { class: "muted" });
    this.canvas = element("canvas", {
      tabindex: 0, role: "application", onkeydown: (event) => this.key(event), ondblclick: () => this.reset(),
      onpointerdown: (event) => this.grab(event), onpointermove: (event) => this.point(event),
      onpointerup: () => this.release(), onpointercancel: () => this.release(), onpointerleave: () => this.light(-1),
    });
    this.canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    const zoom = (factor) => () => this.zoom(factor, this.width / 2, this.height / 2);
    this.tip = element("div", { class: "tip", role: "status", hidden: "" });
    this.names = element("ul", { class: "names" });
    this.summary = element("p", { class: "hidden" });
    const colours = header.colours.map(({ title }, index) => [index, title]);
    this.root.replaceChildren(
      element("style", {}, STYLE + LAYOUT),
      element("div", { class: "scatter" },
        element("div", { class: "controls" },
          element("div", { class: "slider" }, this.shown, this.slider, this.play),
          this.quality,
          colours.length > 1 ? choice(say("Colour"), colours, this.colour, (index) => this.recolour(index)) : null),
        element("div", { class: "plane" }, this.canvas,
          element("div", { class: "zoom" },
            element("button", { type: "button", "aria-label": say("Zoom in"), onclick: zoom(1.5) }, "+"),
            element("button", { type: "button", "aria-label": say("Zoom out"), onclick: zoom(1 / 1.5) }, "−"),
            element("button", { type: "button", onclick: () => this.reset() }, say("Reset"))),
          this.tip),
        element("section", {}, this.names),
        element("p", { class: "notes muted" }, [
          say("Near points are near in the layer; distances between clusters, and the axes, mean little."),
          say("Click a name to grey out the others."),
          say("Click the map and the wheel zooms; drag to move it; double-click to see all."),
        ].join(" ")),
        this.summary),
    );
    this.write();
  }

  /** Words and legend for the layer and colour shown. */
  write() {
    const { say, header, layer } = this;
    this.shown.textContent = layer ? say("Layer {layer}", { layer }) : say("Embeddings (layer 0)");
    this.slider.setAttribute("aria-valuetext", this.shown.textContent);
    const quality = header.quality?.[layer];
    const figure = quality?.toLocaleString(header.language ?? "en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
    this.quality.textContent = quality === undefined ? "" : say("Trustworthiness {value} of 1", { value: figure });
    const { title, names } = header.colours[this.colour];
    const counts = this.counts();
    const entries = [...names.keys()].filter((code) => counts.get(code));
    if (counts.get(NONE)) entries.push(NONE);
    const called = (code) => (code === NONE ? say("none") : names[code]);
    this.names.replaceChildren(...entries.map((code) => {
      const swatch = element("canvas", { "aria-hidden": "true" });
      const pressed = !this.kept.size || this.kept.has(code);
      const button = element("button", { type: "button", "aria-pressed": String(pressed), onclick: () => this.keep(code) },
        swatch, foreign(called(code)), element("span", { class: "muted" }, counts.get(code).toLocaleString(header.language ?? "en")));
      button.dataset.code = code;
      return element("li", {}, button);
    }));
    const listed = entries.slice(0, 20).map((code) => `${called(code)} ${counts.get(code)}`).join(", ");
    const words = [say("Map of {count} texts", { count: this.count }), this.shown.textContent, this.quality.textContent, `${title}: ${listed}`];
    this.summary.textContent = words.filter(Boolean).join(". ");
    this.canvas.setAttribute("aria-label", say("{summary}. Arrow keys move the map, plus and minus zoom, 0 shows all.", { summary: words.slice(0, 2).join(". ") }));
    this.repaint();
  }

  code = (index) => this.codes[this.colour * this.count + index];

  counts() {
    const counts = new Map();
    for (let index = 0; index < this.count; index += 1) counts.set(this.code(index), (counts.get(this.code(index)) ?? 0) + 1);
    return counts;
  }

  // Choosing ---------------------------------------------------------------------------------------------------

  move(layer) {
    if (layer === this.layer) return;
    this.layer = layer;
    this.slider.value = layer;
    this.from = this.still.matches ? null : { places: this.at.slice(), since: performance.now() };
    if (!this.from) this.at.set(this.places());
    this.light(-1);
    this.changed();
  }

  places = () => this.points.subarray(this.layer * this.count * 2, (this.layer + 1) * this.count * 2);

  recolour(index) {
    this.colour = index;
    this.kept.clear();
    this.changed();
  }

  changed() {
    this.write();
    this.tell({ layer: this.layer, colour: this.header.colours[this.colour].key });
  }

  /** Grey out all but the categories clicked; a second click takes one back. */
  keep(code) {
    if (!this.kept.delete(code)) this.kept.add(code);
    const focused = this.root.getRootNode().activeElement?.dataset.code;
    this.write();
    if (focused !== undefined) this.names.querySelector(`[data-code="${focused}"]`)?.focus();
  }

  toggle() {
    const { say, header } = this;
    if (this.playing) {
      clearInterval(this.playing);
      this.playing = 0;
    } else {
      const next = () => {
        if (this.layer < header.layers - 1) this.move(this.layer + 1);
        if (this.layer === header.layers - 1 && this.playing) this.toggle();
      };
      if (this.layer === header.layers - 1) this.move(0);
      this.playing = setInterval(next, 1100);
    }
    this.play.textContent = this.playing ? say("Pause") : say("Play");
  }

  // Looking round ----------------------------------------------------------------------------------------------

  /** The whole of every layer in view: one frame for all, so that only points move. */
  reset() {
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    for (let place = 0; place < this.points.length; place += 2) {
      left = Math.min(left, this.points[place]);
      right = Math.max(right, this.points[place]);
      top = Math.min(top, this.points[place + 1]);
      bottom = Math.max(bottom, this.points[place + 1]);
    }
    this.frame = { x: (left + right) / 2, y: (top + bottom) / 2, width: right - left || 1, height: bottom - top || 1 };
    this.camera = { x: this.frame.x, y: this.frame.y, zoom: 1 };
    this.repaint();
  }

  scaleOf = () => this.camera.zoom * Math.min((this.width - 32) / this.frame.width, (this.height - 32) / this.frame.height);

  zoom(factor, x, y) {
    const before = this.scaleOf();
    this.camera.zoom = Math.min(Math.max(this.camera.zoom * factor, 0.5), 60);
    const shift = 1 / before - 1 / this.scaleOf();
    this.camera.x += (x - this.width / 2) * shift;
    this.camera.y += (y - this.height / 2) * shift;
    this.light(-1);
    this.paint();
  }

  shift(x, y) {
    this.camera.x += x / this.scaleOf();
    this.camera.y += y / this.scaleOf();
    this.paint();
  }

  wheel(event) {
    const focused = this.canvas.getRootNode().activeElement === this.canvas;
    if (!focused && !event.ctrlKey) return; // the page scrolls on until the map was clicked
    event.preventDefault();
    this.zoom(Math.exp(-event.deltaY / 400), event.offsetX, event.offsetY);
  }

  key(event) {
    const step = { ArrowUp: [0, -40], ArrowDown: [0, 40], ArrowLeft: [-40, 0], ArrowRight: [40, 0] }[event.key];
    if (step) this.shift(...step);
    else if (event.key === "+" || event.key === "=") this.zoom(1.3, this.width / 2, this.height / 2);
    else if (event.key === "-") this.zoom(1 / 1.3, this.width / 2, this.height / 2);
    else if (event.key === "0") this.reset();
    else return;
    event.preventDefault();
  }

  grab(event) {
    if (event.pointerType === "touch") return this.light(this.nearest(event.offsetX, event.offsetY));
    this.drag = [event.offsetX, event.offsetY];
    this.canvas.setPointerCapture(event.pointerId);
    return this.canvas.classList.add("dragging");
  }

  release() {
    this.drag = null;
    this.canvas.classList.remove("dragging");
  }

  point(event) {
    if (!this.drag) return this.light(this.nearest(event.offsetX, event.offsetY));
    this.shift(this.drag[0] - event.offsetX, this.drag[1] - event.offsetY);
    this.drag = [event.offsetX, event.offsetY];
    return this.light(-1);
  }

  nearest(x, y) {
    const scale = this.scaleOf();
    const [left, top] = [this.camera.x + (x - this.width / 2) / scale, this.camera.y + (y - this.height / 2) / scale];
    let [found, least] = [-1, (NEAR / scale) ** 2];
    for (let index = 0; index < this.count; index += 1) {
      if (!this.coloured(index)) continue;
      const distance = (this.at[2 * index] - left) ** 2 + (this.at[2 * index + 1] - top) ** 2;
      if (distance < least) [found, least] = [index, distance];
    }
    return found;
  }

  coloured = (index) => !this.kept.size || this.kept.has(this.code(index));

  /** Show the text of one point; -1: of none. Only this text is ever in the page. */
  light(index) {
    if (index === this.lit) return;
    this.lit = index;
    this.paint();
    this.tip.hidden = index < 0;
    if (index < 0) return;
    const { say, header } = this;
    const text = header.texts[index];
    const facts = header.colours.map(({ title, names }, which) => {
      const code = this.codes[which * this.count + index];
      return element("div", { class: "muted" }, `${title}: `, foreign(code === NONE ? say("none") : names[code]));
    });
    this.tip.replaceChildren(
      element("div", { dir: "auto" }, text.length > TEXT ? `${text.slice(0, TEXT)}…` : text),
      element("div", { class: "muted" }, say("Row {row}", { row: header.rows[index] })), ...facts);
    const [x, y] = this.onScreen(index);
    const { offsetWidth, offsetHeight } = this.tip;
    this.tip.style.left = `${Math.max(4, x + 14 + offsetWidth > this.width ? x - 14 - offsetWidth : x + 14)}px`;
    this.tip.style.top = `${Math.min(Math.max(4, y - offsetHeight / 2), Math.max(4, this.height - offsetHeight - 4))}px`;
  }

  onScreen(index) {
    const scale = this.scaleOf();
    return [(this.at[2 * index] - this.camera.x) * scale + this.width / 2, (this.at[2 * index + 1] - this.camera.y) * scale + this.height / 2];
  }

  // Drawing ----------------------------------------------------------------------------------------------------

  draw() {
    if (!this.root.clientWidth) return;
    const room = this.canvas.parentElement.clientWidth;
    this.width = room;
    this.height = room < 480 ? HEIGHT.narrow : HEIGHT.wide;
    if (this.stale) this.prepare();
    this.advance();
    const context = sharp(this.canvas, this.width, this.height);
    const scale = this.scaleOf();
    const [left, top] = [this.width / 2 - this.camera.x * scale, this.height / 2 - this.camera.y * scale];
    const half = this.marker / 2;
    const place = (index, sprite) => {
      const [x, y] = [this.at[2 * index] * scale + left, this.at[2 * index + 1] * scale + top];
      if (x > -half && y > -half && x < this.width + half && y < this.height + half) {
        context.drawImage(sprite, x - half, y - half, this.marker, this.marker);
      }
    };
    if (this.kept.size) for (const index of this.order) if (!this.coloured(index)) place(index, this.grey);
    for (const index of this.order) if (this.coloured(index)) place(index, this.sprite(this.code(index)));
    if (this.lit >= 0) {
      const [x, y] = this.onScreen(this.lit);
      context.lineWidth = 2;
      context.strokeStyle = this.colours.text;
      context.beginPath();
      context.arc(x, y, half + 3, 0, 7);
      context.stroke();
    }
    if (this.from) this.paint();
  }

  /** Move every point along its way to the layer shown. */
  advance() {
    if (!this.from) return;
    const passed = Math.min((performance.now() - this.from.since) / MORPH, 1);
    const eased = passed * passed * (3 - 2 * passed);
    const goal = this.places();
    for (let place = 0; place < goal.length; place += 1) {
      this.at[place] = this.from.places[place] + (goal[place] - this.from.places[place]) * eased;
    }
    if (passed === 1) this.from = null;
  }

  /** Markers in the reader's colours, and an order of drawing that hides no category under another. */
  prepare() {
    this.stale = false;
    this.colours = theme(this.parent);
    dress(this.root, this.colours);
    this.marker = 2 * Math.min(Math.max(Math.round(9 - Math.log10(this.count + 1) * 1.4), 3), 7);
    this.sprites = new Map();
    this.grey = stamp(0, this.marker, this.colours.faint);
    if (this.order?.length !== this.count) this.order = shuffled(this.count);
    for (const button of this.names.querySelectorAll("button")) {
      const swatch = button.querySelector("canvas");
      sharp(swatch, 14, 14).drawImage(this.sprite(Number(button.dataset.code)), 0, 0, 14, 14);
    }
  }

  sprite(code) {
    if (!this.sprites.has(code)) {
      const { categories, muted } = this.colours;
      const few = this.header.colours[this.colour].names.length <= SHAPED;
      const shape = code === NONE ? RING : few ? code : Math.floor(code / categories.length) % RING;
      this.sprites.set(code, stamp(shape, this.marker, code === NONE ? muted : categories[code % categories.length]));
    }
    return this.sprites.get(code);
  }
}

/** 0 … count − 1 in an order that looks random and is always the same. */
function shuffled(count) {
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  let seed = 1;
  for (let last = count - 1; last > 0; last -= 1) {
    seed = (seed * 48271) % 2147483647;
    const other = seed % (last + 1);
    [order[last], order[other]] = [order[other], order[last]];
  }
  return order;
}

export default component(mount);
