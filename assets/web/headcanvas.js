/** One head on a canvas, as a matrix or as lines, that answers the pointer and the arrow keys. */

import { ARROWS, clamp, element, sharp } from "./common.js";
import * as lines from "./lines.js";
import * as matrix from "./matrix.js";

const WIDEST = 720;

export class HeadCanvas {
  /** `owner`: what the canvas tells `hover(cell)` and `lock(cell)`, a cell being {row, column} or null. */
  constructor(owner, label) {
    this.owner = owner;
    this.still = document.createElement("canvas"); // all but what is pointed at
    this.name = element("p", { class: "name" });
    this.canvas = element("canvas", {
      class: "map", tabindex: 0, role: "application", "aria-label": label,
      onpointermove: (event) => owner.hover(this.find(event)),
      onpointerleave: () => owner.hover(null),
      onclick: (event) => { const cell = this.find(event); if (cell) owner.lock(cell); },
      onkeydown: (event) => this.press(event),
    });
    this.root = element("div", {}, this.name, this.canvas);
  }

  find = ({ offsetX, offsetY }) => (this.place ? this.painter.find(this.place, this.scene, offsetX, offsetY) : null);

  press(event) {
    const step = ARROWS[event.key];
    const at = this.scene.lit ?? this.scene.lock ?? { row: 0, column: 0 };
    if (event.key === "Enter" || event.key === " ") this.owner.lock(at);
    else if (step) {
      const { tokens, keys } = this.scene;
      this.owner.hover({ row: clamp((at.row ?? 0) + step[0], tokens.length), column: clamp((at.column ?? 0) + step[1], keys.length) });
    } else return;
    event.preventDefault();
  }

  /** Draw `scene`; `key` changes with all of it but what is pointed at. */
  draw(scene, drawing, room, key) {
    this.scene = scene;
    this.painter = drawing === "lines" ? lines : matrix;
    const wide = Math.min(room, WIDEST);
    const context = this.still.getContext("2d");
    if (this.key !== `${key} ${wide}`) {
      this.key = `${key} ${wide}`;
      this.place = this.painter.layout(context, scene, wide);
      this.painter.base(sharp(this.still, this.place.width, this.place.height), scene, this.place);
    }
    const { width, height } = this.place;
    const shown = sharp(this.canvas, width, height);
    shown.drawImage(this.still, 0, 0, width, height);
    this.painter.lit(shown, scene, this.place);
  }

  /** The same once more, on another context. */
  paint(context) {
    this.painter.base(context, this.scene, this.place);
    this.painter.lit(context, this.scene, this.place);
  }
}
