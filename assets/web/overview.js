/** All heads of all layers as small matrices, drawn with any 2D context. */

const GAP = 3; // pixels between the small pictures

/** `rows`, `columns`: of the matrices; they keep their form, within reason. */
export function layout({ layers, heads, rows, columns }, room) {
  const narrow = room < 420;
  const [left, top] = [narrow ? 20 : 56, 20];
  const pitch = Math.min((room - left) / heads, 72);
  const form = Math.min(Math.max(rows / columns, 0.5), 1.6);
  const rise = (pitch - 2 * GAP) * form + 2 * GAP;
  return { narrow, left, top, pitch, rise, layers, heads, width: left + pitch * heads, height: top + rise * layers };
}

export function find({ left, top, pitch, rise, layers, heads }, x, y) {
  const [head, layer] = [Math.floor((x - left) / pitch), Math.floor((y - top) / rise)];
  return head >= 0 && head < heads && layer >= 0 && layer < layers ? { layer, head } : null;
}

/** The matrices: `picture(layer, head, width, height)` gives each, in that many device pixels or fewer. */
export function base(context, place, colours, picture) {
  const { left, top, pitch, rise, layers, heads } = place;
  const density = window.devicePixelRatio || 1;
  const [width, height] = [pitch - 2 * GAP, rise - 2 * GAP];
  context.imageSmoothingEnabled = false;
  [context.strokeStyle, context.lineWidth] = [colours.faint, 1];
  for (let layer = 0; layer < layers; layer += 1) {
    for (let head = 0; head < heads; head += 1) {
      const [x, y] = [left + head * pitch + GAP, top + layer * rise + GAP];
      context.drawImage(picture(layer, head, Math.round(width * density), Math.round(height * density)), x, y, width, height);
      context.strokeRect(x - 0.5, y - 0.5, width + 1, height + 1);
    }
  }
}

/** Names of layers and heads, and frames round the open head and the one pointed at. */
export function lit(context, place, colours, say, open, over) {
  const { narrow, left, top, pitch, rise, layers, heads } = place;
  const shown = over ?? open;
  const label = (text, x, y, bold) => {
    context.font = `${bold ? 600 : 400} 11px ${colours.font}`;
    context.fillStyle = bold ? colours.text : colours.muted;
    context.fillText(text, x, y);
  };
  [context.textBaseline, context.textAlign] = ["middle", "left"];
  for (let layer = 0; layer < layers; layer += 1) {
    const text = narrow ? String(layer + 1) : say("Layer {layer}", { layer: layer + 1 });
    label(text, 0, top + (layer + 0.5) * rise, layer === shown.layer);
  }
  if (!narrow) label(say("Head"), 0, top / 2, false);
  context.textAlign = "center";
  for (let head = 0; head < heads; head += 1) label(String(head + 1), left + (head + 0.5) * pitch, top / 2, head === shown.head);
  const frame = ({ layer, head }, thickness, colour) => {
    [context.strokeStyle, context.lineWidth] = [colour, thickness];
    context.strokeRect(left + head * pitch + GAP / 4, top + layer * rise + GAP / 4, pitch - GAP / 2, rise - GAP / 2);
  };
  if (over) frame(over, 1.5, colours.text);
  frame(open, 2.5, colours.primary);
}
