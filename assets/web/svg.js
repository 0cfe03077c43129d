/** A 2D context that writes SVG: what is drawn on a canvas, drawn once more, as a file of words and lines. */

const rounded = (value) => Math.round(value * 100) / 100;

/** Text for XML, without the signs that XML does not allow at all. */
const escape = (text) => String(text).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)
  .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd");

const START = {
  fillStyle: "#000", strokeStyle: "#000", lineWidth: 1, font: "10px sans-serif", globalAlpha: 1,
  textAlign: "left", textBaseline: "alphabetic", dash: [],
};

export class Svg {
  constructor(width, height) {
    Object.assign(this, START, { width: Math.ceil(width), height: Math.ceil(height), parts: [], path: "", clips: 0, states: [], groups: 0 });
    this.measure = document.createElement("canvas").getContext("2d");
  }

  save() {
    this.states.push([Object.fromEntries(Object.keys(START).map((name) => [name, this[name]])), this.groups]);
    this.groups = 0;
  }

  restore() {
    this.parts.push("</g>".repeat(this.groups));
    const [state, groups] = this.states.pop();
    Object.assign(this, state, { groups });
  }

  group(attributes) {
    this.parts.push(`<g ${attributes}>`);
    this.groups += 1;
  }

  translate(x, y) {
    this.group(`transform="translate(${rounded(x)} ${rounded(y)})"`);
  }

  rotate(angle) {
    this.group(`transform="rotate(${rounded((angle * 180) / Math.PI)})"`);
  }

  setLineDash(dash) {
    this.dash = dash;
  }

  beginPath() {
    this.path = "";
  }

  moveTo(x, y) {
    this.path += `M${rounded(x)} ${rounded(y)}`;
  }

  lineTo(x, y) {
    this.path += `L${rounded(x)} ${rounded(y)}`;
  }

  rect(x, y, width, height) {
    this.path += `M${rounded(x)} ${rounded(y)}h${rounded(width)}v${rounded(height)}h${rounded(-width)}z`;
  }

  clip() {
    const name = `clip${(this.clips += 1)}`;
    this.parts.push(`<clipPath id="${name}"><path d="${this.path}"/></clipPath>`);
    this.group(`clip-path="url(#${name})"`);
  }

  pen = () => `stroke="${this.strokeStyle}" stroke-width="${rounded(this.lineWidth)}"${this.opacity()}${
    this.dash.length ? ` stroke-dasharray="${this.dash.join(" ")}"` : ""}`;

  opacity = () => (this.globalAlpha < 1 ? ` opacity="${rounded(this.globalAlpha)}"` : "");

  box = (x, y, width, height) => `x="${rounded(x)}" y="${rounded(y)}" width="${rounded(width)}" height="${rounded(height)}"`;

  stroke() {
    this.parts.push(`<path d="${this.path}" fill="none" ${this.pen()}/>`);
  }

  fillRect(x, y, width, height) {
    if (width > 0) this.parts.push(`<rect ${this.box(x, y, width, height)} fill="${this.fillStyle}"${this.opacity()}/>`);
  }

  strokeRect(x, y, width, height) {
    this.parts.push(`<rect ${this.box(x, y, width, height)} fill="none" ${this.pen()}/>`);
  }

  measureText(text) {
    this.measure.font = this.font;
    return this.measure.measureText(text);
  }

  fillText(text, x, y) {
    const anchor = { left: "start", center: "middle", right: "end" }[this.textAlign];
    const drop = this.textBaseline === "middle" ? ' dominant-baseline="central"' : "";
    const style = escape(`font:${this.font};unicode-bidi:plaintext`);
    this.parts.push(`<text x="${rounded(x)}" y="${rounded(y)}" text-anchor="${anchor}"${drop} fill="${this.fillStyle}"${
      this.opacity()} style="${style}">${escape(text)}</text>`);
  }

  /** A canvas of few pixels, enlarged without being smoothed. */
  drawImage(canvas, x, y, width, height) {
    this.parts.push(`<image ${this.box(x, y, width, height)} preserveAspectRatio="none" style="image-rendering:pixelated" href="${
      canvas.toDataURL("image/png")}"/>`);
  }

  text(background) {
    return `<svg xmlns="http://www.w3.org/2000/svg" width="${this.width}" height="${this.height}" viewBox="0 0 ${this.width} ${
      this.height}"><rect width="100%" height="100%" fill="${background}"/>${this.parts.join("\n")}</svg>`;
  }
}
