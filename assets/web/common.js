/**
 * What the canvases share: the buffer both are sent, the reader's theme, colour ramps, words,
 * sharp canvases and a few form parts. No dependency; text that came from outside only ever becomes
 * `textContent` or `fillText`.
 *
 * Buffer: uint32 little-endian length of the header, the header as UTF-8 JSON, then the body. One buffer,
 * because Streamlit carries bare bytes as they are but turns bytes inside a dictionary into text.
 */

export function unpack(data) {
  const bytes = data instanceof Uint8Array ? data : new Uint8Array(data);
  const length = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  return { header, body: bytes.slice(4 + length) }; // a copy, so that float32 views are aligned
}

/**
 * The function Streamlit calls at every change of data or theme, made from `mount(element, header, body,
 * options)`. One view lives as long as its element: new data updates it, a new theme only repaints it.
 */
export function component(mount) {
  const views = new WeakMap();
  return ({ data, parentElement, setStateValue }) => {
    const { header, body } = unpack(data);
    const view = views.get(parentElement);
    if (!view) views.set(parentElement, mount(parentElement, header, body, { setState: setStateValue }));
    else if (view.id === header.id) view.repaint();
    else view.update(header, body);
    return () => {
      views.get(parentElement)?.destroy();
      views.delete(parentElement);
    };
  };
}

/** `say("Layer {layer}", {layer: 3})` in the reader's language: message ids are the English texts. */
export function speaker(words = {}) {
  return (message, values = {}) => fill(words[message] ?? message, values);
}

/** “{n} texts” with its values. */
export function fill(template, values) {
  return template.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node[name] = value;
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

/** Text of unknown script and direction, isolated from the words around it. */
export const foreign = (text) => element("bdi", { dir: "auto" }, text);

let serial = 0;

/** A row of radio buttons that looks like one switch. `entries`: [code, label][]. */
export function choice(title, entries, chosen, onchange) {
  const group = `choice-${(serial += 1)}`;
  return element(
    "fieldset", { class: "choice" },
    element("legend", {}, title),
    ...entries.map(([code, label]) => {
      const input = element("input", { type: "radio", name: group, value: code, onchange: () => onchange(code) });
      input.checked = code === chosen;
      return element("label", {}, input, element("span", {}, label));
    }),
  );
}

const probe = document.createElement("canvas").getContext("2d", { willReadFrequently: true });

/** Any CSS colour as [red, green, blue], 0–255. */
export function rgb(colour) {
  probe.clearRect(0, 0, 1, 1);
  probe.fillStyle = "#888";
  probe.fillStyle = colour;
  probe.fillRect(0, 0, 1, 1);
  return [...probe.getImageData(0, 0, 1, 1).data.slice(0, 3)];
}

const brightness = ([red, green, blue]) => 0.299 * red + 0.587 * green + 0.114 * blue;
const css = (colour) => `rgb(${colour.map(Math.round).join(",")})`;
export const mix = (from, to, share) => from.map((value, channel) => value + (to[channel] - value) * share);

const LIGHT = { background: "#ffffff", text: "#31333f", border: "#d6d6d8", primary: "#0b6bcb", surface: "#f0f2f6" };
const DARK = { background: "#0e1117", text: "#fafafa", border: "#41444c", primary: "#5aa9f5", surface: "#262730" };
// Okabe and Ito's colours, told apart with every common form of colour blindness.
const CATEGORIES = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8c6bb1", "#b8a800", "#7f7f7f", "#a05a2c"];
const SEQUENCE = ["#e8f1fb", "#b9d6f2", "#7fb3e3", "#468fd0", "#1f6bb0", "#0d4a86", "#08305c"];

/** The colours and font of the page round `node`, from Streamlit's variables or from the system's scheme. */
export function theme(node) {
  const style = getComputedStyle(node.host ?? node);
  const read = (name) => {
    const value = style.getPropertyValue(`--st-${name}`).trim();
    return value && value !== "unset" ? value : null;
  };
  const list = (name) => read(name)?.split(/,(?![^(]*\))/).map((part) => part.trim());
  const standard = matchMedia("(prefers-color-scheme: dark)").matches ? DARK : LIGHT;
  const background = rgb(read("background-color") ?? standard.background);
  const text = rgb(read("text-color") ?? standard.text);
  const dark = brightness(background) < 128;
  const sequence = (list("chart-sequential-colors") ?? SEQUENCE).map(rgb);
  // Little must look like the page and much must stand out from it, whichever way the theme's list runs.
  const rising = brightness(sequence[0]) > brightness(sequence.at(-1));
  return {
    dark,
    background: css(background),
    text: css(text),
    muted: css(mix(background, text, 0.68)),
    faint: css(mix(background, text, 0.16)),
    border: css(rgb(read("border-color") ?? standard.border)),
    primary: css(rgb(read("primary-color") ?? standard.primary)),
    font: read("font") ?? "system-ui, sans-serif",
    categories: (list("chart-categorical-colors") ?? CATEGORIES).map((colour) => css(rgb(colour))),
    ramp: ramp([background, ...(rising === dark ? sequence.reverse() : sequence)]),
    greys: ramp([background, mix(background, text, 0.55)]),
  };
}

/** 256 packed RGBA pixels running through `stops`, for a Uint32Array over image data. */
export function ramp(stops) {
  return Uint32Array.from({ length: 256 }, (_, step) => {
    const place = (step / 255) * (stops.length - 1);
    const low = Math.min(Math.floor(place), stops.length - 2);
    const [red, green, blue] = mix(stops[low], stops[low + 1], place - low).map(Math.round);
    return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
  });
}

/** The ramp of what has two sides: blue, the paper, orange, told apart with every common form of colour blindness. */
export function apart({ background, dark }) {
  const paper = rgb(background);
  const [less, more] = [rgb("#0072b2"), rgb("#d55e00")].map((colour) => (dark ? mix(colour, [255, 255, 255], 0.2) : colour));
  const [least, most] = [less, more].map((colour) => mix(colour, dark ? [255, 255, 255] : [0, 0, 0], dark ? 0.45 : 0.35));
  return ramp([least, less, paper, more, most]);
}

export const clamp = (value, count) => Math.min(Math.max(value, 0), count - 1);

/** By how many rows and columns a key moves. */
export const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/** Size a canvas in CSS pixels for this screen's density; returns its context, cleared, in CSS pixels. */
export function sharp(canvas, width, height) {
  const density = window.devicePixelRatio || 1;
  const [columns, rows] = [Math.round(width * density), Math.round(height * density)];
  if (canvas.width !== columns || canvas.height !== rows) [canvas.width, canvas.height] = [columns, rows];
  if (canvas.style) [canvas.style.width, canvas.style.height] = [`${width}px`, `${height}px`];
  const context = canvas.getContext("2d");
  context.setTransform(density, 0, 0, density, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

/** `text` cut to `width` pixels with an ellipsis, in the context's font. */
export function shorten(context, text, width) {
  let cut = text.length > 80 ? `${text.slice(0, 80)}…` : text;
  while (cut.length > 1 && context.measureText(cut).width > width) cut = `${cut.slice(0, cut.length < 3 ? -1 : -2)}…`;
  return cut;
}

/** Calls `paint` in the next frame, once however often it is asked. */
export function scheduler(paint) {
  let frame = 0;
  const ask = () => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      paint();
    });
  };
  ask.cancel = () => cancelAnimationFrame(frame);
  return ask;
}

/** Calls `action(...values)` once the calls have paused for `milliseconds`. */
export function settled(action, milliseconds = 200) {
  let timer = 0;
  const call = (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => action(...values), milliseconds);
  };
  call.cancel = () => clearTimeout(timer);
  return call;
}

export const STYLE = `
.view { container-type: inline-size; font-family: var(--st-font, system-ui, sans-serif); font-size: 0.875rem;
  line-height: 1.45; color: var(--text); position: relative; }
.view * { box-sizing: border-box; }
.view canvas { display: block; border-radius: 2px; }
.view canvas:focus-visible, .view button:focus-visible, .view input[type="range"]:focus-visible { outline: 2px solid var(--primary); outline-offset: 2px; }
.view p { margin: 0; }
.muted { color: var(--muted); }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.controls { display: flex; flex-wrap: wrap; gap: 0.5rem 1.25rem; align-items: center; }
.choice { border: 0; margin: 0; padding: 0; display: flex; flex-wrap: wrap; align-items: center; min-width: 0; }
.choice legend { float: left; padding: 0; margin-right: 0.5rem; color: var(--muted); }
@container (max-width: 480px) { .choice legend { float: none; width: 100%; } }
.choice label { position: relative; cursor: pointer; }
.choice input { position: absolute; opacity: 0; inset: 0; margin: 0; cursor: pointer; }
.choice span { display: block; padding: 0.15rem 0.6rem; border: 1px solid var(--border); margin-left: -1px; }
.choice label:first-of-type span { border-radius: 0.4rem 0 0 0.4rem; margin-left: 0; }
.choice label:last-of-type span { border-radius: 0 0.4rem 0.4rem 0; }
.choice input:checked + span { background: var(--faint); border-color: var(--primary); font-weight: 600;
  position: relative; }
.choice input:focus-visible + span { outline: 2px solid var(--primary); outline-offset: 2px; }
.view button { font: inherit; color: inherit; background: none; border: 1px solid var(--border); cursor: pointer;
  border-radius: 0.4rem; padding: 0.15rem 0.6rem; }
.view button:hover { border-color: var(--primary); }
`;

/** The theme's colours as the variables `STYLE` uses. */
export function dress(root, colours) {
  for (const name of ["text", "muted", "faint", "border", "primary", "background"]) {
    root.style.setProperty(`--${name}`, colours[name]);
  }
  root.style.colorScheme = colours.dark ? "dark" : "light"; // for the browser's own form parts
}
