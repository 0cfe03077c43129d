/** How one measure of the heads looks: its colours, its figures, its bars and its legend. */

import { apart, element } from "./common.js";

const css = (pixel) => [pixel & 255, (pixel >> 8) & 255, (pixel >> 16) & 255];
const linear = (part) => (part <= 10.3 ? part / 3294.6 : ((part / 255 + 0.055) / 1.055) ** 2.4);
const luminance = (red, green, blue) => 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
const within = (share) => Math.min(Math.max(share, 0), 1);

export class Paint {
  /** `measure`: as in a head grid's header. A measure with two sides has a colour for each, and none for 0. */
  constructor(measure, colours, language = "en") {
    Object.assign(this, { measure, colours, language });
    this.ramp = measure.diverging ? apart(colours) : colours.ramp;
    const ends = [...measure.range, ...(measure.high ?? []), ...(measure.low ?? []), ...(measure.noise ?? [])];
    const known = ends.filter((value) => value !== null);
    [this.from, this.to] = [Math.min(...known), Math.max(...known)]; // of the bars: intervals must fit too
  }

  /** 0–1: how far up the scale a value stands. */
  share([from, to], value) {
    return within((value - from) / (to - from || 1));
  }

  /** Ground and letters of a cell. */
  cell(value) {
    if (value === null) return ["transparent", this.colours.muted];
    const [red, green, blue] = css(this.ramp[Math.round(255 * this.share(this.measure.range, value))]);
    // Above 0.179 black, below it white has a contrast of 4.5 and more (WCAG 2).
    return [`rgb(${red},${green},${blue})`, luminance(red, green, blue) > 0.179 ? "#000000" : "#ffffff"];
  }

  /** The number as it is written everywhere; `unit`: with what it is counted in. */
  figure(value, unit = false) {
    const { digits, percent, diverging } = this.measure;
    const places = { minimumFractionDigits: digits, maximumFractionDigits: digits };
    const sign = { signDisplay: diverging ? "exceptZero" : "negative" };
    const written = value.toLocaleString(this.language, { ...places, ...sign, ...(percent && { style: "percent" }) });
    return written.replace("-", "−") + (unit && this.measure.unit ? ` ${this.measure.unit}` : "");
  }

  /** For a cell: without the leading nought, without the percent sign. */
  brief(value) {
    return this.figure(value).replace(/^([+−]?)0(?=[.,])/, "$1").replace(/\s?%$/, "");
  }

  /** A bar from 0, its interval as a line, and the tick of what noise alone would give. */
  bar(index) {
    const { values, low, high, noise } = this.measure;
    const at = (value) => 100 * this.share([Math.min(this.from, 0), Math.max(this.to, 0)], value);
    const part = (name, from, to) => {
      const node = element("i", { class: name });
      [node.style.left, node.style.width] = [`${Math.min(from, to)}%`, `${Math.abs(to - from)}%`];
      return node;
    };
    const bar = part("fill", at(0), at(values[index]));
    bar.style.background = this.measure.diverging ? this.cell(this.measure.range[values[index] < 0 ? 0 : 1])[0] : this.colours.primary;
    return element("span", { class: "bar", "aria-hidden": "true" }, bar,
      low && low[index] !== null ? part("interval", at(low[index]), at(high[index])) : null,
      noise && noise[index] !== null ? part("noise", at(noise[index]), at(noise[index])) : null);
  }

  /** The colours from end to end with their numbers; `mark`: what a dot in a cell means, "" without dots. */
  legend(parent, mark) {
    const { range: [from, to], diverging } = this.measure;
    const strip = element("span", { class: "strip" });
    const stops = Array.from({ length: 17 }, (_, step) => `rgb(${css(this.ramp[Math.round((step * 255) / 16)]).join(",")})`);
    strip.style.background = `linear-gradient(to right, ${stops.join(",")})`;
    const middle = diverging ? element("span", {}, "0") : null;
    parent.replaceChildren(
      element("span", { class: "ends" }, element("span", {}, this.figure(from)), middle, element("span", {}, this.figure(to, true))), strip,
      mark ? element("span", { class: "mark" }, mark) : "",
    );
  }
}
