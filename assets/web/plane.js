/**
 * One canvas of a scatter: the points of one layer, moved to another when asked, looked round in by mouse, touch
 * and keys. What is chosen, coloured and lit belongs to its `owner`, and so does the camera, so that two planes
 * beside each other show the same place.
 */

import { element, foreign, rgb, sharp } from "./common.js";
import { Grid } from "./grid.js";
import { inside, trace } from "./lasso.js";
import { Raster } from "./raster.js";
import { trail } from "./trails.js";

const TEXT = 300; // characters of a text that are shown
const MORPH = 450; // milliseconds from one layer to the next
const NEAR = 12; // pixels within which a point is pointed at

export class Plane {
  constructor(owner) {
    this.owner = owner;
    this.raster = new Raster();
    this.canvas = element("canvas", {
      tabindex: 0, role: "application", onkeydown: (event) => this.key(event), ondblclick: () => owner.reset(),
      onpointerdown: (event) => this.grab(event), onpointermove: (event) => this.point(event),
      onpointerup: () => this.release(), onpointercancel: () => this.release(true),
      onpointerleave: () => { if (!this.line) owner.light(-1); },
    });
    this.canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.tip = element("div", { class: "tip", role: "status", hidden: "" });
    this.title = element("div", { class: "plane-title" });
    this.root = element("div", { class: "plane" }, this.canvas, this.title, this.tip);
  }

  /** Show the places `goal` (Float32Array [n, 2]), at once or, where points were before, by moving them there. */
  show(goal, moving) {
    const [before, changed] = [this.at, this.goal !== goal];
    this.goal = goal;
    if (!before || before.length !== goal.length) this.at = goal.slice();
    else if (changed && moving) this.from = { places: before.slice(), since: performance.now() };
    else if (changed) this.at.set(goal);
    if (!moving) this.from = null;
    this.grid = null;
  }

  /** Move every point along its way to the layer shown; whether any is still on its way. */
  advance() {
    if (!this.from) return false;
    const passed = Math.min((performance.now() - this.from.since) / MORPH, 1);
    const eased = passed * passed * (3 - 2 * passed);
    const { at, goal, from: { places } } = this;
    for (let place = 0; place < goal.length; place += 1) at[place] = places[place] + (goal[place] - places[place]) * eased;
    if (passed === 1) this.from = null;
    this.grid = null;
    return Boolean(this.from);
  }

  // Drawing ----------------------------------------------------------------------------------------------------

  draw(width, height) {
    [this.width, this.height] = [width, height];
    const { owner, at, raster } = this;
    const context = sharp(this.canvas, width, height);
    const density = window.devicePixelRatio || 1;
    const scale = this.scale() * density;
    const left = (width / 2) * density - owner.camera.x * scale;
    const top = (height / 2) * density - owner.camera.y * scale;
    raster.clear(context, rgb(owner.colours.background));
    const { order, looks, shades } = owner;
    if (owner.picking()) {
      for (const index of order) {
        if (!owner.coloured(index)) raster.stamp(shades.grey, at[2 * index] * scale + left, at[2 * index + 1] * scale + top);
      }
    }
    for (const index of order) {
      if (owner.coloured(index)) raster.stamp(shades.sprite(looks[index]), at[2 * index] * scale + left, at[2 * index + 1] * scale + top);
    }
    raster.put(context);
    if (owner.trails && !this.from && this === owner.planes[1]) {
      const { drawn } = owner.trails;
      trail(context, drawn, owner.planes[0].goal, this.goal, (points, index) => this.pixels(points, index), owner.colours.text);
    }
    this.drawPlaced(context);
    if (owner.lit >= 0) this.ring(context, owner.lit);
    if (this.line) trace(context, this.line, owner.colours.primary);
  }

  ring(context, index) {
    const [x, y] = this.pixels(this.at, index);
    context.lineWidth = 2;
    context.strokeStyle = this.owner.colours.text;
    context.beginPath();
    context.arc(x, y, this.owner.marker / 2 + 3, 0, 7);
    context.stroke();
  }

  /** Texts placed into the map: numbered, larger than any point. */
  drawPlaced(context) {
    const { colours } = this.owner;
    const places = this.placed ?? [];
    for (let index = 0; index < places.length / 2; index += 1) {
      const [x, y] = this.pixels(places, index);
      context.beginPath();
      context.arc(x, y, 9, 0, 7);
      context.fillStyle = colours.text;
      context.fill();
      context.fillStyle = colours.background;
      context.font = `600 11px ${colours.font}`;
      context.textAlign = "center";
      context.textBaseline = "middle";
      context.fillText(index + 1, x, y + 0.5);
    }
  }

  // Places on the screen ---------------------------------------------------------------------------------------

  scale() {
    const { camera, frame } = this.owner;
    return camera.zoom * Math.min((this.width - 32) / frame.width, (this.height - 32) / frame.height);
  }

  pixels(points, index) {
    const [scale, { camera }] = [this.scale(), this.owner];
    return [(points[2 * index] - camera.x) * scale + this.width / 2, (points[2 * index + 1] - camera.y) * scale + this.height / 2];
  }

  nearest(x, y) {
    const [scale, { camera }] = [this.scale(), this.owner];
    this.grid ??= new Grid(this.at);
    return this.grid.nearest(
      camera.x + (x - this.width / 2) / scale, camera.y + (y - this.height / 2) / scale, NEAR / scale, (index) => this.owner.coloured(index));
  }

  // Gestures ---------------------------------------------------------------------------------------------------

  wheel(event) {
    const focused = this.canvas.getRootNode().activeElement === this.canvas;
    if (!focused && !event.ctrlKey) return; // the page scrolls on until the map was clicked
    event.preventDefault();
    this.zoom(Math.exp(-event.deltaY / 400), event.offsetX, event.offsetY);
  }

  zoom(factor, x = this.width / 2, y = this.height / 2) {
    const { owner } = this;
    const before = this.scale();
    owner.camera.zoom = Math.min(Math.max(owner.camera.zoom * factor, 0.1), 60);
    const shift = 1 / before - 1 / this.scale();
    owner.camera.x += (x - this.width / 2) * shift;
    owner.camera.y += (y - this.height / 2) * shift;
    owner.light(-1);
    owner.paint();
  }

  shift(x, y) {
    this.owner.camera.x += x / this.scale();
    this.owner.camera.y += y / this.scale();
    this.owner.paint();
  }

  key(event) {
    const step = { ArrowUp: [0, -40], ArrowDown: [0, 40], ArrowLeft: [-40, 0], ArrowRight: [40, 0] }[event.key];
    if (step) this.shift(...step);
    else if (event.key === "+" || event.key === "=") this.zoom(1.3);
    else if (event.key === "-") this.zoom(1 / 1.3);
    else if (event.key === "0") this.owner.reset();
    else if (event.key === "Escape") this.owner.choose(null);
    else return;
    event.preventDefault();
  }

  grab(event) {
    const here = [event.offsetX, event.offsetY];
    if (this.owner.lassoing || event.shiftKey) {
      this.line = [here];
      this.canvas.setPointerCapture(event.pointerId);
      return;
    }
    if (event.pointerType === "touch") {
      this.owner.light(this.nearest(...here), this);
      return;
    }
    this.drag = here;
    this.canvas.setPointerCapture(event.pointerId);
    this.canvas.classList.add("dragging");
  }

  point(event) {
    const here = [event.offsetX, event.offsetY];
    if (this.line) {
      this.line.push(here);
      this.owner.paint();
    } else if (this.drag) {
      this.shift(this.drag[0] - here[0], this.drag[1] - here[1]);
      this.drag = here;
      this.owner.light(-1);
    } else this.owner.light(this.nearest(...here), this);
  }

  release(cancelled = false) {
    const { line, owner } = this;
    [this.drag, this.line] = [null, null];
    this.canvas.classList.remove("dragging");
    if (!line) return;
    owner.paint();
    if (cancelled || line.length < 3) return;
    const [scale, { camera }] = [this.scale(), owner];
    const corners = line.map(([x, y]) => [camera.x + (x - this.width / 2) / scale, camera.y + (y - this.height / 2) / scale]);
    owner.choose(inside(this.at, corners, owner.keeps));
  }

  // Words ------------------------------------------------------------------------------------------------------

  /** The text of one point beside it; -1: none. Only this text is ever in the page. */
  tell(index) {
    this.tip.hidden = index < 0;
    if (index < 0) return;
    const { say, header } = this.owner;
    const text = header.texts[index];
    const facts = header.columns.map((column, which) => element("div", { class: "muted" },
      `${column.title}: `, foreign(this.owner.shades.word(which, index))));
    this.tip.replaceChildren(
      element("div", { dir: "auto" }, text.length > header.shown || text.length > TEXT ? `${text.slice(0, Math.min(header.shown, TEXT))}…` : text),
      element("div", { class: "muted" }, say("Row {row}", { row: header.rows[index] })), ...facts);
    const [x, y] = this.pixels(this.at, index);
    const { offsetWidth, offsetHeight } = this.tip;
    this.tip.style.left = `${Math.max(4, x + 14 + offsetWidth > this.width ? x - 14 - offsetWidth : x + 14)}px`;
    this.tip.style.top = `${Math.min(Math.max(4, y - offsetHeight / 2), Math.max(4, this.height - offsetHeight - 4))}px`;
  }
}
