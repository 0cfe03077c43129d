/**
 * The texts of a corpus as points, one map a layer, with a slider that moves every point from layer to layer; two
 * maps beside each other (two layers, or a model before and after tuning), and what moved between them.
 *
 * `mount(element, header, bytes, options)` draws it into any element or shadow root and returns
 * `{id, update(header, bytes), repaint(), destroy()}`; the default export is the same as a Streamlit component.
 *
 * header  id       changes with the content
 *         sets     1 or 2 of {name, layers, quality: a line for each layer}; the second is what the first is compared with
 *         texts    n strings, untrusted, each cut to at most `shown` + 1 characters
 *         rows     n numbers to name the points by
 *         columns  [{key, title, kind: "names", names: untrusted strings, absent} or {key, title, kind: "number", low, high, digits}]
 *         placed   texts that were put into the map afterwards, untrusted
 *         floor    length of a movement that a restart of the map would make too; null for a sketch
 *         chosen   positions of the points that are chosen; null: as before
 *         layer, right, colour, shape, show, movement   shown at first
 *         words    English text → text in the reader's language (optional)
 * bytes   of each set float32 [layers, n, 2] places; of each set float32 [layers, placed, 2]; then every column of
 *         numbers, float32 [n]; then every column of names, uint16 [n] codes; 65535 = none
 * options setState(name, value)  told `view` when the reader changes what is shown, `chosen` when points are chosen
 */

import { STYLE, choice, component, dress, element, foreign, scheduler, settled, speaker, theme } from "./common.js";
import { legend, swatches } from "./legend.js";
import { png, svg } from "./picture.js";
import { Plane } from "./plane.js";
import { around, mask, outside, shuffled } from "./points.js";
import { LAYOUT } from "./scatter_style.js";
import { Shades } from "./shades.js";
import { movers } from "./trails.js";

const HEIGHT = { wide: 560, narrow: 360 };

export function mount(parent, header, bytes, options = {}) {
  return new Scatter(parent, header, bytes, options);
}

class Scatter {
  constructor(parent, header, bytes, options) {
    this.parent = parent;
    this.root = element("div", { class: "view" });
    this.planes = [new Plane(this), new Plane(this)];
    this.tell = settled((view) => options.setState?.("view", view));
    this.announce = (positions) => options.setState?.("chosen", { positions, at: Date.now() }); // equal choices are news too
    this.paint = scheduler(() => this.draw());
    this.still = matchMedia("(prefers-reduced-motion: reduce)");
    this.scheme = matchMedia("(prefers-color-scheme: dark)");
    this.scheme.onchange = () => this.repaint();
    this.update(header, bytes);
    parent.append(this.root);
    this.sizes = new ResizeObserver(() => this.repaint());
    this.sizes.observe(this.root);
  }

  /** New data. Of the same texts, what the reader has set stays, and points move to their new places. */
  update(header, bytes) {
    const before = this.header;
    const same = before?.rows.length === header.rows.length && before.rows.every((row, index) => row === header.rows[index]);
    [this.header, this.id, this.count] = [header, header.id, header.rows.length];
    this.say = speaker(header.words);
    const asked = (name) => !same || header[name] !== before[name]; // by the page, or by Back in the browser
    const keys = { colour: asked("colour") ? header.colour : this.shades.keys.colour, shape: asked("shape") ? header.shape : this.shades.keys.shape };
    const coloured = this.shades?.coloured.key;
    this.shades = new Shades(header.columns, this.unpack(bytes), keys, this.say, header.language);
    const last = header.sets[0].layers - 1;
    if (asked("layer")) this.layer = header.layer ?? last;
    if (asked("right")) this.right = header.right ?? last;
    if (asked("show")) this.showing = header.show;
    if (asked("movement")) this.movement = Boolean(header.movement);
    clearInterval(this.playing);
    this.playing = 0;
    if (!same || coloured !== this.shades.coloured.key) this.kept = new Set(); // categories not greyed; empty: all
    if (!same) {
      this.chosen = null; // 1 for each point that is chosen; null: no choice
      this.order = shuffled(this.count);
      for (const plane of this.planes) plane.at = null;
    }
    const shown = this.shows().map(([code]) => code);
    if (!shown.includes(this.showing)) this.showing = "one";
    if (header.chosen) this.chosen = header.chosen.length ? mask(header.chosen, this.count) : null;
    this.lit = -1; // the point pointed at
    this.build();
    this.measure(same);
    this.brighten();
    this.place(same);
  }

  /** Places from `bytes`, and what it returns: the values of every column. */
  unpack(bytes) {
    const { header, count } = this;
    let at = bytes.byteOffset;
    const take = (Kind, length) => {
      const taken = new Kind(bytes.buffer, at, length);
      at += taken.byteLength;
      return taken;
    };
    this.points = header.sets.map(({ layers }) => take(Float32Array, layers * count * 2));
    this.added = header.sets.map(({ layers }) => take(Float32Array, layers * header.placed.length * 2));
    const values = [];
    for (const kind of ["number", "names"]) {
      header.columns.forEach((column, which) => {
        if (column.kind === kind) values[which] = take(kind === "number" ? Float32Array : Uint16Array, count);
      });
    }
    return values;
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
    const slider = (label, move) => {
      const input = element("input", { type: "range", min: 0, step: 1, "aria-label": label, oninput: () => move(Number(input.value)) });
      return { input, shown: element("output", { "aria-live": "polite" }) };
    };
    this.sliders = [slider(say("Layer"), (layer) => this.move(layer)), slider(say("Layer on the right"), (layer) => this.moveRight(layer))];
    this.play = element("button", { type: "button", onclick: () => this.toggle() }, say("Play"));
    this.second = element("div", { class: "slider" }, this.sliders[1].shown, this.sliders[1].input);
    this.quality = element("div", { class: "quality muted" });
    const columns = header.columns.map(({ title }, index) => [index, title]);
    const shapely = header.columns.flatMap(({ title, kind }, index) => (kind === "names" ? [[index, title]] : []));
    const zoom = (factor) => () => this.planes[0].zoom(factor);
    const tool = (label, onclick, more = {}) => element("button", { type: "button", class: "tool", onclick, ...more }, label);
    this.lasso = tool(say("Lasso"), () => this.aim(!this.lassoing), { "aria-pressed": "false" });
    this.trailing = tool(say("Movement"), () => this.track(!this.movement), { "aria-pressed": "false" });
    this.picked = element("span", { role: "status" });
    this.moved = element("span", {});
    this.legend = element("section", { class: "legend" });
    this.stage = element("div", { class: "planes" });
    this.summary = element("p", { class: "hidden" });
    this.root.replaceChildren(
      element("style", {}, STYLE + LAYOUT),
      element("div", { class: "scatter" },
        element("div", { class: "controls" },
          element("div", { class: "slider" }, this.sliders[0].shown, this.sliders[0].input, this.play), this.second,
          choice(say("Show"), this.shows(), this.showing, (show) => this.present(show)),
          pick(say("Colour"), columns, this.shades.colour, (index) => this.recolour(index)),
          shapely.length > 1 ? pick(say("Shape"), [[-1, say("as colour")], ...shapely], this.shades.shape, (index) => this.reshape(index)) : null),
        element("div", { class: "controls tools" }, this.lasso, this.trailing,
          tool("+", zoom(1.5), { "aria-label": say("Zoom in") }), tool("−", zoom(1 / 1.5), { "aria-label": say("Zoom out") }),
          tool(say("Reset"), () => this.reset()),
          tool(say("PNG"), () => png(this), { "aria-label": say("Save what is seen as PNG") }),
          tool(say("SVG"), () => svg(this), { "aria-label": say("Save what is seen as SVG") }), this.picked),
        this.stage, this.legend,
        element("div", { class: "notes muted" }, this.quality, this.moved, element("p", {}, [
          header.stage === "sketch" ? say("A sketch by principal components, until the map is there.") : "",
          say("Near points are near in the layer; distances between clusters, and the axes, mean little."),
          say("Click the map and the wheel zooms; drag to move it; with Shift, or the lasso, draw round texts."),
        ].filter(Boolean).join(" "))),
        this.summary),
    );
  }

  /** What may be shown: one map, or two beside each other. */
  shows() {
    const { say, header: { sets } } = this;
    if (sets.length === 1) return [["one", say("one map")], ["two", say("two layers")]];
    return [["one", sets[0].name], ["other", sets[1].name], ["two", say("side by side")]];
  }

  /** The set and layer of each plane, as shown. */
  shownSets() {
    const two = this.header.sets.length - 1; // the set on the left where two are shown
    const clamp = (set, layer) => [set, Math.min(Math.max(layer, 0), this.header.sets[set].layers - 1)];
    if (this.showing === "two") return [clamp(two, this.layer), clamp(0, this.right)];
    return [clamp(this.showing === "other" ? 1 : 0, this.layer)];
  }

  places(set, layer, points = this.points, count = this.count) {
    return points[set].subarray(layer * count * 2, (layer + 1) * count * 2);
  }

  /** Bring every plane to what it should show, and the words with it. */
  place(moving = true) {
    const shown = this.shownSets();
    if (shown.length !== this.stage.childElementCount) this.stage.replaceChildren(...this.planes.slice(0, shown.length).map((plane) => plane.root));
    this.stage.classList.toggle("two", shown.length === 2);
    shown.forEach(([set, layer], side) => {
      this.planes[side].show(this.places(set, layer), moving && !this.still.matches);
      this.planes[side].placed = this.header.placed.length ? this.places(set, layer, this.added, this.header.placed.length) : null;
    });
    if (shown.length === 1) this.planes[1].at = null;
    this.follow();
    this.write(shown);
    this.paint();
  }

  called = (layer) => (layer ? this.say("Layer {layer}", { layer }) : this.say("Embeddings (layer 0)"));

  /** Words and legend for what is shown. */
  write(shown = this.shownSets()) {
    const { say, header, shades: { coloured, figure } } = this;
    const two = shown.length === 2;
    this.second.hidden = !two;
    this.trailing.hidden = !two || header.floor === null;
    this.trailing.setAttribute("aria-pressed", String(this.movement));
    shown.forEach(([set, layer], side) => {
      const { input, shown: words } = this.sliders[side];
      input.max = header.sets[set].layers - 1;
      input.value = layer;
      words.textContent = this.called(layer);
      input.setAttribute("aria-valuetext", words.textContent);
      this.planes[side].title.textContent = two ? [header.sets.length > 1 ? header.sets[set].name : "", this.called(layer)].filter(Boolean).join(" · ") : "";
    });
    const lines = shown.map(([set, layer]) => header.sets[set].quality?.[layer]).filter(Boolean);
    this.quality.replaceChildren(...lines.map((line, side) => element("p", {}, two ? `${this.planes[side].title.textContent}: ${line}` : line)));
    this.moved.textContent = this.trails ? say("Moved further than a restart of the map would: {moved} of {count} texts; drawn: {drawn}.",
      { moved: figure(this.trails.count), count: figure(this.trails.of), drawn: figure(this.trails.drawn.length) }) : "";
    const far = Math.max(...shown.map(([set, layer]) => outside(this.places(set, layer), this.frame)));
    if (far) this.quality.append(element("p", {}, say("Far off, outside the picture until it is zoomed out: {count} texts.", { count: figure(far) })));
    const words = [say("Map of {count} texts", { count: this.count }), ...shown.map(([, layer]) => this.called(layer))];
    this.summary.textContent = [...words, ...lines, coloured.title].join(". ");
    for (const plane of this.planes) {
      plane.canvas.setAttribute("aria-label", say("{summary}. Arrow keys move the map, plus and minus zoom, 0 shows all.", { summary: words.join(". ") }));
    }
  }

  /** The legend, and what is chosen. */
  explain() {
    const { say, header, shades: { figure } } = this;
    const chosen = this.chosen ? this.chosen.reduce((sum, one) => sum + one, 0) : 0;
    this.picked.replaceChildren(...(this.chosen ? [say("Chosen: {count}", { count: figure(chosen) }), " ",
      element("button", { type: "button", onclick: () => this.choose(null) }, say("Clear"))] : []));
    const parts = legend(this);
    if (this.kept.size) {
      const kept = [...this.order].filter(this.keeps);
      parts.push(element("button", { type: "button", onclick: () => this.choose(kept) }, say("Choose these {count} texts", { count: figure(kept.length) })));
    }
    if (header.placed.length) parts.push(element("ol", { class: "placed" }, ...header.placed.map((text) => element("li", {}, foreign(text)))));
    this.legend.replaceChildren(...parts);
  }

  // Choosing ---------------------------------------------------------------------------------------------------

  /** Which points stand out; with it, all that says so. */
  brighten() {
    const { chosen, count } = this;
    this.bright = Uint8Array.from({ length: count }, (_, index) => Number((!chosen || chosen[index]) && this.keeps(index)));
    this.explain();
    this.repaint();
  }

  picking = () => Boolean(this.chosen || this.kept.size);
  coloured = (index) => this.bright[index] === 1;
  keeps = (index) => !this.kept.size || this.kept.has(this.shades.code(index));

  move(layer) {
    if (layer === this.layer) return;
    if (this.header.sets.length > 1) this.right = layer;
    this.layer = layer;
    this.changed();
  }

  moveRight(layer) {
    this.right = layer;
    this.changed();
  }

  present(show) {
    this.showing = show;
    if (show === "two" && this.header.sets.length === 1 && this.layer === this.right) this.layer = this.right ? 0 : this.header.sets[0].layers - 1;
    if (show === "two" && this.header.sets.length > 1) this.right = this.layer;
    this.changed();
  }

  recolour(index) {
    this.shades.keys.colour = this.header.columns[index].key;
    this.kept.clear();
    this.restyle();
  }

  reshape(index) {
    this.shades.keys.shape = this.header.columns[index]?.key ?? "";
    this.restyle();
  }

  restyle() {
    this.shades.settle();
    this.brighten();
    this.changed();
  }

  track(movement) {
    this.movement = movement;
    this.changed();
  }

  /** What moved between two maps, of the points that stand out. */
  follow() {
    const drawn = this.showing === "two" && this.movement && this.header.floor !== null;
    this.trails = drawn ? movers(this.planes[0].goal, this.planes[1].goal, this.header.floor, this.coloured) : null;
  }

  changed() {
    this.light(-1);
    this.place();
    const { layer, right, showing: show, shades: { coloured, shaped } } = this;
    this.tell({ layer, right: show === "two" ? right : "", colour: coloured.key, shape: shaped?.key ?? "", show, movement: this.movement ? 1 : "" });
  }

  /** Grey out all but the categories clicked; a second click takes one back. */
  keep(code) {
    if (!this.kept.delete(code)) this.kept.add(code);
    const focused = this.root.getRootNode().activeElement?.dataset.code;
    this.standOut();
    if (focused !== undefined) this.legend.querySelector(`[data-code="${focused}"]`)?.focus();
  }

  /** Choose points by their positions; null: none is. */
  choose(positions) {
    this.chosen = positions?.length ? mask(positions, this.count) : null;
    this.aim(false);
    this.standOut();
    this.announce(positions ?? []);
  }

  standOut() {
    this.brighten();
    this.follow();
    this.write();
  }

  aim(lassoing) {
    this.lassoing = lassoing;
    this.lasso.setAttribute("aria-pressed", String(lassoing));
    this.root.classList.toggle("lassoing", lassoing);
  }

  toggle() {
    const last = this.header.sets[0].layers - 1;
    if (this.playing) {
      clearInterval(this.playing);
      this.playing = 0;
    } else {
      if (this.layer === last) this.move(0);
      this.playing = setInterval(() => {
        if (this.layer < last) this.move(this.layer + 1);
        if (this.layer === last && this.playing) this.toggle();
      }, 1100);
    }
    this.play.textContent = this.playing ? this.say("Pause") : this.say("Play");
  }

  /** Point out a text in every plane, its words beside it in the plane pointed at. */
  light(index, plane = this.planes[0]) {
    if (index === this.lit) return;
    this.lit = index;
    this.paint();
    for (const each of this.planes) each.tell(each === plane ? index : -1);
  }

  // Looking round ----------------------------------------------------------------------------------------------

  /**
   * One frame round every layer of every set, so that only points move; a few far off lie outside, or they alone
   * would be seen. `same`: the view goes over to it.
   */
  measure(same) {
    const frame = around(this.points);
    if (same) this.rescale(frame);
    this.frame = frame;
    if (!same) this.reset();
  }

  /** Points of another scale start from where they are seen, so that nothing jumps. */
  rescale({ x, y, width, height }) {
    const before = this.frame;
    const factor = Math.min(before.width / width, before.height / height);
    for (const plane of this.planes) {
      for (let place = 0; place < (plane.at?.length ?? 0); place += 2) {
        plane.at[place] = x + (plane.at[place] - before.x) / factor;
        plane.at[place + 1] = y + (plane.at[place + 1] - before.y) / factor;
      }
    }
    this.camera = { ...this.camera, x: x + (this.camera.x - before.x) / factor, y: y + (this.camera.y - before.y) / factor };
  }

  reset() {
    this.camera = { x: this.frame.x, y: this.frame.y, zoom: 1 };
    this.paint();
  }

  // Drawing ----------------------------------------------------------------------------------------------------

  draw() {
    if (!this.root.clientWidth) return;
    if (this.stale) this.prepare();
    let moving = false;
    for (const plane of this.planes) {
      if (!plane.root.isConnected) continue;
      const room = plane.root.clientWidth;
      moving = plane.advance() || moving;
      plane.draw(room, room < 420 ? HEIGHT.narrow : HEIGHT.wide);
    }
    if (moving) this.paint();
  }

  /** Markers in the reader's colours. */
  prepare() {
    this.stale = false;
    this.colours = theme(this.parent);
    dress(this.root, this.colours);
    this.marker = 2 * Math.min(Math.max(Math.round(9 - Math.log10(this.count + 1) * 1.4), 3), 7);
    this.shades.dress(this.colours, this.marker);
    this.looks = Uint32Array.from({ length: this.count }, (_, index) => this.shades.look(this.shades.code(index), index));
    swatches(this.shades, this.legend);
  }
}

/** A choice among many, as a list. `entries`: [code, label][]. */
function pick(title, entries, chosen, onchange) {
  const options = entries.map(([code, label]) => element("option", { value: code, selected: code === chosen }, label));
  const select = element("select", { "aria-label": title, onchange: () => onchange(Number(select.value)) }, ...options);
  return element("div", { class: "pick" }, title, select);
}

export default component(mount);
