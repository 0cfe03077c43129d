/**
 * Numbers of all heads: a grid of layers by heads, coloured by one measure, and beside it the heads in order.
 *
 * `mount(element, header, bytes, options)` draws it into any element or shadow root and returns
 * `{id, update(header), repaint(), destroy()}`; the default export is the same as a Streamlit component.
 * The page's other pictures follow the head that is pointed at or opened here, and this one follows them.
 *
 * header  id       changes with the content
 *         layers, heads
 *         measures [{key, title, help, percent, digits, unit, diverging, range: [from, to], values, low, high,
 *                  noise, marks}]: lists of layers · heads entries, null where there is no number; `low`, `high`,
 *                  `noise` and `marks` may be null; `noise` is a tick in each bar, `marks` a dot in a cell
 *         noise, mark  what the tick and the dot mean, in words
 *         names    what heads are called, by layers · heads; "" without a name
 *         measure, order, layer, head  what is open at first; layer and head from 1
 *         off      heads switched off, ["4.7", …] from 1; absent where heads cannot be switched
 *         words    English text → text in the reader's language (optional)
 * options setState(name, value)  told `seen: {layer, head, number, order, off}`: head and layer from 1, the
 *         measure's key, "" for what is open by default, `off` as "4.7,5.2"
 */

import { ARROWS, STYLE, clamp, component, dress, element, scheduler, settled, speaker, theme } from "./common.js";
import { focus } from "./focus.js";
import { LAYOUT } from "./headgrid_style.js";
import { Paint } from "./paint.js";

const LISTED = 10; // heads in the list at first
const ROOM = 33; // pixels a cell needs for a number

const STEPS = {
  ...ARROWS,
  Home: [0, -Infinity], End: [0, Infinity], PageUp: [-Infinity, 0], PageDown: [Infinity, 0],
};

export function mount(parent, header, bytes, options = {}) {
  return new HeadGrid(parent, header, options);
}

class HeadGrid {
  constructor(parent, header, options) {
    this.parent = parent;
    this.root = element("div", { class: "view headgrid" });
    this.tell = settled(() => options.setState?.("seen", this.seen()), 300);
    this.paint = scheduler(() => this.draw());
    this.update(header);
    parent.append(this.root);
    this.sizes = new ResizeObserver(() => this.root.classList.toggle("tight", this.pitch() < ROOM));
    this.sizes.observe(this.root);
    this.scheme = matchMedia("(prefers-color-scheme: dark)");
    this.scheme.onchange = () => this.repaint();
    this.unsubscribe = focus.subscribe(() => this.light());
  }

  /** Show other numbers; the header says which measure, order and head are open. */
  update(header) {
    const { measures, heads, layers } = header;
    [this.header, this.id, this.say] = [header, header.id, speaker(header.words)];
    this.measure = measures.find((each) => each.key === header.measure) ?? measures[0];
    this.order = header.order || "most";
    this.open = header.layer && header.head ? clamp(header.layer - 1, layers) * heads + clamp(header.head - 1, heads) : null;
    this.off = new Set((header.off ?? []).map((name) => this.index(name)));
    this.all = false; // whether the list shows all heads
    this.build();
    this.repaint();
  }

  repaint() {
    this.paint();
  }

  destroy() {
    this.paint.cancel();
    this.tell.cancel();
    this.sizes.disconnect();
    this.unsubscribe();
    focus.hover(null);
    this.scheme.onchange = null;
    this.root.remove();
  }

  // Places ---------------------------------------------------------------------------------------------------

  place = (index) => [Math.floor(index / this.header.heads), index % this.header.heads];
  name = (index) => this.place(index).map((at) => at + 1).join(".");
  spoken = (index) => this.say("Layer {layer}, head {head}", { layer: this.place(index)[0] + 1, head: this.place(index)[1] + 1 });
  pitch = () => this.cells[0].getBoundingClientRect().width;

  index(name) {
    const [layer, head] = name.split(".").map(Number);
    return (layer - 1) * this.header.heads + head - 1;
  }

  // Building -------------------------------------------------------------------------------------------------

  build() {
    const { header, say } = this;
    this.reading = element("p", { class: "reading", "aria-live": "polite" });
    this.help = element("p", { class: "muted" });
    this.legend = element("div", { class: "scale" });
    this.ranking = element("ol", { class: "ranking" });
    this.more = element("button", { type: "button", onclick: () => { this.all = !this.all; this.paint(); } });
    this.clear = element("button", { type: "button", onclick: () => this.switch([...this.off], false) }, say("Switch all on again"));
    this.controls = element("div", { class: "controls" });
    this.root.replaceChildren(
      element("style", {}, STYLE + LAYOUT),
      this.controls,
      element("div", { class: "parts" },
        element("section", {}, this.table(), this.legend, this.reading, header.off ? this.clear : null),
        element("section", {}, this.help, this.ranking, this.more)),
    );
    this.choices();
  }

  /** Which number is shown, and the order of the list. */
  choices() {
    const { header, say, measure } = this;
    const orders = [
      ["most", measure.diverging ? say("Largest change first") : say("Largest first")],
      ["least", say("Smallest first")],
      ["place", say("Layer by layer")],
    ];
    const choose = (name, value) => {
      if (name === "measure") this.measure = header.measures.find((each) => each.key === value);
      else this.order = value;
      this.tell();
      if (name === "measure") this.choices();
      this.paint();
    };
    const select = (name, title, entries, chosen) => {
      const box = element("select", { onchange: (event) => choose(name, event.target.value) },
        ...entries.map(([code, words]) => element("option", { value: code }, words)));
      box.value = chosen;
      return element("label", { class: name }, element("span", { class: "muted" }, title), box);
    };
    const focused = this.root.getRootNode().activeElement?.closest?.("label.measure");
    const measures = header.measures.map(({ key, title }) => [key, title]);
    this.controls.replaceChildren(
      measures.length > 1 ? select("measure", say("Number shown"), measures, measure.key) : element("strong", {}, measure.title),
      select("order", say("List"), orders, this.order),
    );
    if (focused) this.controls.querySelector("select").focus();
  }

  table() {
    const { header, say } = this;
    this.cells = Array.from({ length: header.layers * header.heads }, (_, index) => element("td", {
      role: "gridcell", tabindex: -1,
      onclick: () => (header.off ? this.switch([index], !this.off.has(index)) : this.show(index)),
      onpointerenter: () => this.point(index),
      onfocus: () => this.point(index),
      onblur: () => focus.hover(null),
    }));
    this.cells[this.open ?? 0].tabIndex = 0;
    const rows = Array.from({ length: header.layers }, (_, layer) => {
      const title = say("Layer {layer}", { layer: layer + 1 });
      const row = this.cells.slice(layer * header.heads, (layer + 1) * header.heads);
      const words = [element("span", { class: "wide" }, title), element("span", { class: "narrow" }, String(layer + 1))];
      const whole = () => {
        const all = row.map((_cell, head) => layer * header.heads + head);
        this.switch(all, !all.every((index) => this.off.has(index)));
      };
      const heading = header.off
        ? element("button", { type: "button", onclick: whole, title: say("Switch the whole layer") }, ...words) : words;
      return element("tr", { role: "row" }, element("th", { scope: "row" }, ...[heading].flat()), ...row);
    });
    const columns = Array.from({ length: header.heads }, (_, head) => element("th", { scope: "col" }, String(head + 1)));
    return element(
      "table", {
        role: "grid", "aria-multiselectable": header.off ? "true" : "false", onkeydown: (event) => this.key(event),
        onpointerleave: () => focus.hover(null),
        "aria-label": header.off ? say("All heads. Arrow keys move, Space switches a head, Enter opens it.")
          : say("All heads. Arrow keys move, Enter opens a head."),
      },
      element("thead", {}, element("tr", { role: "row" }, element("th", { scope: "col", class: "corner" }, say("Head")), ...columns)),
      element("tbody", {}, ...rows),
    );
  }

  // Choosing -------------------------------------------------------------------------------------------------

  /** What the address keeps; a head is left out while none is open, for another view may have one. */
  seen() {
    const [layer, head] = this.open === null ? [] : this.place(this.open).map((at) => at + 1);
    return {
      number: this.measure === this.header.measures[0] ? "" : this.measure.key,
      order: this.order === "most" ? "" : this.order,
      ...(layer && { layer, head }),
      ...(this.header.off && { off: [...this.off].sort((one, other) => one - other).map(this.name).join(",") }),
    };
  }

  show(index) {
    const [layer, head] = this.place(index);
    this.open = index;
    focus.lock({ layer, head });
    this.tell();
    this.paint();
  }

  switch(indices, off) {
    for (const index of indices) this.off[off ? "add" : "delete"](index);
    this.tell();
    this.paint();
  }

  point(index) {
    const [layer, head] = this.place(index);
    focus.hover({ layer, head });
  }

  key(event) {
    const at = this.cells.indexOf(event.target);
    if (at < 0) return;
    const [layer, head] = this.place(at);
    const step = STEPS[event.key];
    if (step) {
      const next = clamp(layer + step[0], this.header.layers) * this.header.heads + clamp(head + step[1], this.header.heads);
      this.cells[at].tabIndex = -1;
      this.cells[next].tabIndex = 0;
      this.cells[next].focus();
    } else if (event.key === " " && this.header.off) this.switch([at], !this.off.has(at));
    else if (event.key === "Enter" || event.key === " ") this.show(at);
    else return;
    event.preventDefault();
  }

  // Drawing --------------------------------------------------------------------------------------------------

  draw() {
    const { measure, header } = this;
    const colours = theme(this.parent);
    dress(this.root, colours);
    this.colour = new Paint(measure, colours, header.language);
    this.help.textContent = measure.help ?? "";
    this.cells.forEach((cell, index) => this.fill(cell, index));
    this.colour.legend(this.legend, measure.marks && header.mark ? header.mark : "");
    this.clear.hidden = !this.off.size;
    this.list();
    this.light();
    this.root.classList.toggle("tight", this.pitch() < ROOM);
  }

  fill(cell, index) {
    const { measure, colour, say } = this;
    const value = measure.values[index];
    const off = this.off.has(index);
    [cell.style.background, cell.style.color] = colour.cell(value);
    cell.classList.toggle("none", value === null);
    cell.classList.toggle("off", off);
    cell.classList.toggle("marked", Boolean(measure.marks?.[index]));
    cell.classList.toggle("open", index === this.open);
    cell.setAttribute("aria-selected", this.header.off ? off : index === this.open);
    const state = off ? say("switched off") : "";
    cell.setAttribute("aria-label", [this.spoken(index), ...this.words(index), state].filter(Boolean).join(" · "));
    cell.replaceChildren(element("span", {}, value === null ? "" : colour.brief(value)));
  }

  /** What is known of a head: its name, its number with interval, and the noise beside it. */
  words(index) {
    const { measure, colour, header, say } = this;
    const value = measure.values[index];
    if (value === null) return [say("no number")];
    const between = measure.low && measure.low[index] !== null
      ? ` (${colour.figure(measure.low[index])} … ${colour.figure(measure.high[index])})` : "";
    const noise = measure.noise && measure.noise[index] !== null ? `${header.noise} ${colour.figure(measure.noise[index])}` : "";
    return [header.names?.[index], colour.figure(value, true) + between, noise, measure.marks?.[index] ? header.mark : ""].filter(Boolean);
  }

  /** The head that any picture of the page points at, or else the open one. */
  light() {
    const { layer, head } = focus.get();
    const known = layer !== null && head !== null && layer < this.header.layers && head < this.header.heads;
    const lit = known ? layer * this.header.heads + head : this.open;
    this.cells.forEach((cell, index) => cell.classList.toggle("lit", index === lit));
    this.ranking.querySelectorAll("li").forEach((item) => item.classList.toggle("lit", Number(item.dataset.index) === lit));
    if (lit === null || !this.colour) this.reading.replaceChildren(element("span", { class: "muted" }, this.say("Point at a head to read its number.")));
    else this.reading.replaceChildren(element("strong", {}, this.spoken(lit)), ...this.words(lit).map((words) => ` · ${words}`));
  }

  ordered() {
    const { values, diverging } = this.measure;
    const known = [...values.keys()].filter((index) => values[index] !== null);
    const size = (index) => (diverging ? Math.abs(values[index]) : values[index]);
    if (this.order === "most") known.sort((one, other) => size(other) - size(one));
    if (this.order === "least") known.sort((one, other) => size(one) - size(other));
    return known;
  }

  list() {
    const { say, header, colour } = this;
    const ordered = this.ordered();
    const shown = this.all ? ordered : ordered.slice(0, LISTED);
    this.ranking.replaceChildren(...shown.map((index) => element(
      "li", { "data-index": index, onpointerenter: () => this.point(index), onpointerleave: () => focus.hover(null) },
      header.off ? this.check(index) : null,
      element("button", { type: "button", class: "link", title: this.spoken(index), onclick: () => this.show(index) }, this.name(index)),
      element("span", { class: "name" }, header.names?.[index] ?? ""),
      colour.bar(index),
      element("span", { class: "figure" }, colour.figure(this.measure.values[index], true)),
    )));
    this.more.hidden = ordered.length <= LISTED;
    this.more.textContent = this.all ? say("The first {n} only", { n: LISTED }) : say("All {n} heads", { n: ordered.length });
  }

  check(index) {
    const box = element("input", { type: "checkbox", "aria-label": this.say("switched off"), onchange: () => this.switch([index], box.checked) });
    box.checked = this.off.has(index);
    return box;
  }
}

export default component(mount);
