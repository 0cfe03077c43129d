/**
 * Attention of every layer and head at once, one head large beside them; or two such maps, compared.
 *
 * `mount(element, header, bytes, options)` draws it into any element or shadow root and returns
 * `{id, update(header, bytes), repaint(), destroy()}`; the default export is the same as a Streamlit component.
 *
 * header  id       changes with the content
 *         layers, heads
 *         tokens, keys              texts of rows and columns, untrusted (keys: the tokens, if absent)
 *         special, keys_special     booleans: [CLS], [SEP] and their like
 *         places, keys_places       which token of the whole text each is, from 0 (optional)
 *         split, keys_split         where the second text begins (optional)
 *         causal   true if a token sees only those before it (optional)
 *         measure  "weight", "norm" or "share"; top: the value of the byte 255
 *         even     how many keys an even row is spread over (optional)
 *         maps     [{name, reach}], one or two; reach: rows of the last layer that reach the prediction (all, if
 *                  absent); marginals: what of each row stands beside its columns (weights.js)
 *         notes    sentences about the reading (optional)
 *         words    English text → text in the reader's language (optional)
 *         and what is open at first, as `focus` tells it
 * bytes   as `read` of weights.js takes them
 * options setState(name, value)  told `focus` when the reader opens, locks or chooses: layer, head, row, column,
 *         from 1, and range, scale, drawing, mass, compare; "" for what is as it was at first
 */

import { ARROWS, STYLE, choice, clamp, component, dress, element, scheduler, settled, sharp, speaker, theme } from "./common.js";
import { focus } from "./focus.js";
import { HeadCanvas } from "./headcanvas.js";
import * as file from "./headfile.js";
import { BARS, list, said } from "./headrow.js";
import { LAYOUT, RANGES, chosen, told } from "./headlook.js";
import * as overview from "./overview.js";
import { LEGEND, Tints } from "./tints.js";
import { Kept, difference, read } from "./weights.js";

const BLINK = 900; // milliseconds for each of two maps
const STILL = matchMedia("(prefers-reduced-motion: reduce)"); // then nothing blinks

export function mount(parent, header, bytes, options = {}) {
  return new Heads(parent, header, bytes, options);
}

/** The grid of all heads, the open head, and the locked row as bars. */
class Heads {
  constructor(parent, header, bytes, options) {
    this.parent = parent;
    this.root = element("div", { class: "view", onkeydown: ({ key }) => { if (key === "Escape") this.release(); } });
    this.still = document.createElement("canvas"); // the grid without its frames
    this.tell = settled((state) => options.setState?.("focus", state));
    this.paint = scheduler(() => this.draw());
    this.later = settled(() => this.repaint(), 120); // all small pictures take their time
    this.update(header, bytes);
    parent.append(this.root);
    this.unfollow = focus.subscribe(this.paint);
    this.sizes = new ResizeObserver(() => this.repaint());
    this.sizes.observe(this.root);
    this.scheme = matchMedia("(prefers-color-scheme: dark)");
    this.scheme.onchange = () => this.repaint();
  }

  /** Show other weights; the header says what is open. */
  update(header, bytes) {
    this.header = header;
    this.id = header.id;
    this.maps = read(header, bytes);
    if (this.maps.length > 1) this.changed = { ...this.maps[1], name: "", beside: {}, weights: difference(...this.maps.map(({ weights }) => weights)) };
    this.tokens = header.tokens;
    this.keys = header.keys ?? header.tokens;
    this.places = header.places ?? this.tokens.map((_, row) => row);
    this.keysPlaces = header.keys_places ?? this.places;
    this.say = speaker(header.words);
    this.look = chosen(header);
    if (STILL.matches && this.look.compare === "blink") this.look.compare = "side";
    this.turn = 0; // which of two maps is shown, where they blink
    const middle = Math.ceil(header.layers / 2);
    const place = (value) => (value > 0 ? value - 1 : null);
    focus.hover(null);
    focus.lock({
      layer: clamp((header.layer ?? middle) - 1, header.layers), head: clamp((header.head ?? 1) - 1, header.heads),
      row: place(header.row), column: place(header.column), token: null,
    });
    this.build();
    this.repaint();
  }

  repaint() {
    this.stale = true;
    this.paint();
  }

  destroy() {
    clearInterval(this.blinking);
    this.paint.cancel();
    this.tell.cancel();
    this.later.cancel();
    this.unfollow();
    this.sizes.disconnect();
    this.scheme.onchange = null;
    this.root.remove();
  }

  build() {
    const { say } = this;
    this.grid = element("canvas", {
      class: "grid", tabindex: 0, role: "application", onkeydown: (event) => this.gridKey(event),
      "aria-label": say("All heads of all layers. Arrow keys open another head."),
      onpointermove: ({ offsetX, offsetY }) => focus.hover(overview.find(this.grid.place, offsetX, offsetY)),
      onpointerleave: () => focus.hover(null),
      onclick: ({ offsetX, offsetY }) => this.open(overview.find(this.grid.place, offsetX, offsetY)),
    });
    this.views = this.maps.map(() => new HeadCanvas(this, say("Weights of the open head. Arrow keys move, Enter locks a row, Escape unlocks it.")));
    this.title = element("span", { "aria-live": "polite" });
    this.unlock = element("button", { type: "button", onclick: () => this.release() }, say("Unlock (Esc)"));
    this.reading = element("p", { class: "reading", "aria-live": "polite" });
    this.legend = element("canvas", { class: "legend", role: "img" });
    this.pooled = element("p", { class: "muted" }, say("A dot of a small picture is the heaviest of the weights under it."));
    this.notes = element("p", { class: "muted notes" });
    this.rowTitle = element("p");
    this.bars = element("ol", { class: "bars" });
    this.root.replaceChildren(
      element("style", {}, STYLE + LAYOUT + BARS),
      element("div", { class: this.maps.length > 1 ? "heads two" : "heads" },
        element("section", { class: "all" }, this.controls(), this.legend, this.grid, this.pooled),
        element("section", { class: "one" },
          element("div", { class: "title" }, this.title, this.unlock), this.reading,
          element("div", { class: "pictures" }, ...this.views.map(({ root }) => root)), this.notes),
        element("section", { class: "row" }, this.rowTitle, this.bars,
          element("div", { class: "controls files" }, ...["PNG", "SVG"].map((kind) => element("button", {
            type: "button", title: say("Exactly what is seen, as a file"), onclick: () => file[kind.toLowerCase()](this),
          }, kind))))),
    );
  }

  controls() {
    const { say, look } = this;
    const set = (name) => (value) => { look[name] = value; this.report(); this.blink(); this.repaint(); };
    const kept = element("output", {});
    const slider = element("input", {
      type: "range", min: 50, max: 100, step: 1, value: look.mass, "aria-label": say("Share of each row to keep"),
      oninput: () => { look.mass = Number(slider.value); this.report(); this.tint(); this.paint(); this.later(); },
    });
    this.kept = kept;
    const ranges = RANGES.filter((range) => range !== "one" || this.header.measure !== "norm").map((range) => [range, {
      row: say("each row"), head: say("each head"), layer: say("each layer"), all: say("all heads"), one: "0–1",
    }[range]]);
    const ways = [["side", say("side by side")], ["blink", say("blinking")], ["difference", say("difference")]]
      .filter(([way]) => way !== "blink" || !STILL.matches);
    this.blink();
    return element("div", { class: "controls" },
      this.maps.length < 2 ? null : choice(say("Compare"), ways, look.compare, set("compare")),
      choice(say("Colour range"), ranges, look.range, set("range")),
      choice(say("Scale"), [["linear", say("linear")], ["root", say("square root")], ["log", say("logarithm")]], look.scale, set("scale")),
      choice(say("Drawn as"), [["matrix", say("matrix")], ["lines", say("lines")]], look.drawing, set("drawing")),
      element("label", { class: "mass" }, element("span", { class: "muted" }, say("Keep of each row")), slider, kept));
  }

  blink() {
    clearInterval(this.blinking);
    if (this.maps.length > 1 && this.look.compare === "blink") {
      this.blinking = setInterval(() => { this.turn = 1 - this.turn; this.repaint(); }, BLINK);
    }
  }

  // Choosing -------------------------------------------------------------------------------------------------

  report() {
    this.tell(told(this.look, focus.locked()));
  }

  open(place) {
    if (!place) return;
    focus.hover(null);
    focus.lock(place);
    this.report();
  }

  token = (cell) => cell && { row: this.places[cell.row] ?? null, column: this.keysPlaces[cell.column] ?? null, token: this.tokens[cell.row] ?? this.keys[cell.column] ?? null };

  hover(cell) {
    focus.hover(this.token(cell));
  }

  /** Hold a cell; the one that is held already is let go. */
  lock(cell) {
    const [asked, held] = [this.token(cell), focus.locked()];
    focus.lock(asked.row === held.row && asked.column === held.column ? null : asked);
    this.report();
  }

  release() {
    focus.lock(null);
    this.report();
  }

  gridKey(event) {
    const step = ARROWS[event.key];
    if (!step) return;
    event.preventDefault();
    const { layer, head } = focus.locked();
    this.open({ layer: clamp(layer + step[0], this.header.layers), head: clamp(head + step[1], this.header.heads) });
  }

  /** The cell of this picture that a focus means, or null. */
  cell({ row, column }) {
    const found = { row: row === null ? -1 : this.places.indexOf(row), column: column === null ? -1 : this.keysPlaces.indexOf(column) };
    if (found.row < 0 && found.column < 0) return null;
    return { row: found.row < 0 ? null : found.row, column: found.column < 0 ? null : found.column };
  }

  // Drawing --------------------------------------------------------------------------------------------------

  draw() {
    if (!this.root.clientWidth || !this.tokens.length || !this.keys.length) return;
    if (this.stale) this.tint();
    const [at, held] = [focus.get(), focus.locked()];
    this.shown = { layer: clamp(at.layer ?? held.layer, this.header.layers), head: clamp(at.head ?? held.head, this.header.heads) };
    this.held = this.cell(held);
    this.lit = at === held ? null : this.cell(at);
    this.drawGrid(at === held || (at.layer === held.layer && at.head === held.head) ? null : this.shown);
    this.drawHeads();
    const width = Math.min(this.legend.parentElement.clientWidth, 420);
    this.paintLegend = (context) => this.drawLegend(context, width);
    this.paintLegend(sharp(this.legend, width, LEGEND));
    this.write();
    this.stale = false;
  }

  /** The maps that are shown, with their colours: anew where the reader chose others. */
  tint() {
    const { look, maps } = this;
    this.colours = theme(this.parent);
    dress(this.root, this.colours);
    const shown = maps.length < 2 ? maps : { side: maps, blink: [maps[this.turn]], difference: [this.changed] }[look.compare];
    const shared = shown[0] === this.changed ? null : maps.map(({ weights }) => weights);
    this.sources = shown.map((map) => {
      const kept = new Kept(map.weights, look.mass / 100);
      return { ...map, kept, tints: new Tints(map.weights, kept, this.colours, look.range, look.scale, shared) };
    });
    this.over = this.sources.at(-1);
    this.version = (this.version ?? 0) + 1;
  }

  /** Whether a row of a map reaches the prediction: `(row) => boolean` of one layer. */
  reaching({ reach }, layer) {
    return (row) => !reach || layer < this.header.layers - 1 || reach.includes(row);
  }

  drawGrid(over) {
    const { header, grid, colours } = this;
    const shape = { layers: header.layers, heads: header.heads, rows: this.tokens.length, columns: this.keys.length };
    if (this.stale) {
      grid.place = overview.layout(shape, grid.parentElement.clientWidth);
      const { width, height, pitch } = grid.place;
      this.pooled.hidden = Math.max(shape.rows, shape.columns) <= pitch * (window.devicePixelRatio || 1);
      this.paintHeads(sharp(this.still, width, height));
    }
    const context = sharp(grid, grid.place.width, grid.place.height);
    context.drawImage(this.still, 0, 0, grid.place.width, grid.place.height);
    overview.lit(context, grid.place, colours, this.say, focus.locked(), over);
  }

  paintHeads(context) {
    const { over } = this;
    overview.base(context, this.grid.place, this.colours, (layer, head, width, height) => (
      over.tints.picture(layer, head, this.reaching(over, layer), width, height)));
  }

  /** The grid once more, on another context. */
  paintGrid = (context) => {
    this.paintHeads(context);
    overview.lit(context, this.grid.place, this.colours, this.say, focus.locked(), null);
  };

  drawHeads() {
    const [{ layer, head }, { drawing }] = [this.shown, this.look];
    const room = this.views[0].root.parentElement.clientWidth;
    const share = this.sources.length > 1 && room > 720 ? Math.floor((room - 20) / 2) : room;
    this.views.forEach(({ root }, place) => {
      root.hidden = place >= this.sources.length;
      root.style.width = `${share}px`; // a long name does not push the other picture down
    });
    this.sources.forEach((source, place) => {
      this.views[place].name.textContent = source.name;
      this.views[place].draw(this.scene(source, layer, head), drawing, share, [this.version, layer, head, drawing].join());
    });
  }

  scene(source, layer, head) {
    const { header, places, keysPlaces, keys, tokens } = this;
    const { values } = source.kept.of(layer, head);
    const top = (row) => source.tints.top(layer, head, row);
    return {
      tokens, keys, colours: this.colours, lit: this.lit, lock: this.held,
      special: header.special, keysSpecial: header.keys_special ?? header.special,
      split: header.split, keysSplit: header.keys ? header.keys_split : header.split,
      cause: header.causal, beyond: (row, column) => Boolean(header.causal) && keysPlaces[column] > places[row],
      beside: this.beside(source).map(({ name, colour, shares }) => ({ name, colour, share: (row) => shares(layer, head)[row] / 255 })),
      picture: () => source.tints.picture(layer, head, this.reaching(source, layer)),
      value: (row, column) => values[row * keys.length + column],
      share: (value, row) => source.tints.share(value, top(row)),
      css: (value, row) => source.tints.css(value, top(row), this.reaching(source, layer)(row)),
    };
  }

  /** What of each row is not among its columns: name, words, colour, and its bytes of one head. */
  beside({ beside }) {
    const { colours, say } = this;
    const known = {
      special: [say("special tokens"), colours.muted], punctuation: [say("punctuation"), colours.border],
      outside: [say("tokens outside the window"), colours.faint],
    };
    return Object.entries(beside).map(([name, bytes]) => ({
      name, words: known[name][0], colour: known[name][1],
      shares: (layer, head) => bytes.subarray((layer * this.header.heads + head) * this.tokens.length, (layer * this.header.heads + head + 1) * this.tokens.length),
    }));
  }

  drawLegend(context, width) {
    const { header, look, say, over } = this;
    const row = (this.lit ?? this.held)?.row ?? null;
    const top = look.range === "row" && row === null ? null : over.tints.top(this.shown.layer, this.shown.head, row);
    const words = { top: say("heaviest key of its row"), even: say("uniform: 1/{count}", { count: header.even ?? this.keys.length }) };
    // Where a row sees only what came before it, each row has a uniform weight of its own.
    const even = header.causal || (header.measure ?? "weight") !== "weight" ? null : 1 / (header.even ?? this.keys.length);
    over.tints.legend(context, width, top, { words, even, figure: this.figure });
    this.legend.setAttribute("aria-label", say("Colour scale from 0 to {largest}", { largest: top === null ? words.top : this.figure(top) }));
  }

  /** Two significant digits: as exact as one byte a value is. */
  figure = (value) => value.toLocaleString(this.header.language ?? "en", { maximumSignificantDigits: 2 });
  percent = (share) => share.toLocaleString(this.header.language ?? "en", { style: "percent", maximumFractionDigits: 0 });

  // Words ----------------------------------------------------------------------------------------------------

  write() {
    const { say, look, header } = this;
    const { layer, head } = this.shown;
    this.title.textContent = say("Layer {layer}, head {head}", { layer: layer + 1, head: head + 1 });
    this.unlock.style.visibility = this.held ? "visible" : "hidden";
    const median = this.over.kept.median(layer, head);
    this.kept.textContent = look.mass === 100 ? say("all keys") : say("{share}: median {count} keys", { share: this.percent(look.mass / 100), count: median });
    this.notes.textContent = said(this).join(" ");
    list(this, header);
  }
}

export default component(mount);
