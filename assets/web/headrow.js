/** What a cell, a row and the whole picture say in words and bars: value, times uniform, rank, what the first keys hold. */

import { element, foreign } from "./common.js";
import { FAINTEST } from "./lines.js";

const LISTED = 10; // keys in the bar list

export const BARS = `
.bars { list-style: none; margin: 0.25rem 0 0; padding: 0; }
.bars li { display: grid; grid-template-columns: 1.4rem minmax(3rem, 7rem) minmax(1rem, 1fr) 3.6rem 4.2rem 4rem; gap: 0.5rem; align-items: center; }
.bars .token { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.bars i { display: block; height: 0.7rem; background: var(--primary); border-radius: 2px; min-width: 1px; }
.bars span { font-variant-numeric: tabular-nums; white-space: nowrap; }
`;

const cut = (token) => (token.length > 28 ? `${token.slice(0, 28)}…` : token);

/** A token, with its place where the same token stands in several. */
function name(tokens, index) {
  const repeated = tokens.indexOf(tokens[index]) !== tokens.lastIndexOf(tokens[index]);
  return [cut(tokens[index]), repeated ? ` ${index + 1}` : ""];
}

function shown(tokens, index) {
  const [token, place] = name(tokens, index);
  return element("span", { class: "token" }, foreign(token), place ? element("span", { class: "muted" }, place) : "");
}

/** How many keys a row can look at. */
const seen = ({ header, places, keysPlaces }, row) => (
  header.causal && row !== null ? keysPlaces.filter((place) => place <= places[row]).length + (header.start ?? 0) : header.even ?? keysPlaces.length);

/** Fill the line about the cell pointed at and the bars of the row that is locked, or else pointed at. */
export function list(owner) {
  const { say, lit, held } = owner;
  const { layer, head } = owner.shown;
  const at = lit ?? held;
  if (at && at.row !== null && at.column !== null) cell(owner, layer, head, at);
  else if (at) owner.reading.replaceChildren(shown(at.row === null ? owner.keys : owner.tokens, at.row ?? at.column));
  else owner.reading.replaceChildren(element("span", { class: "muted" }, say("Point at a cell to read its weight; click to lock its row.")));
  row(owner, layer, head, held?.row ?? lit?.row ?? null);
}

/** Weights have a uniform one to be held against; norms, shares and differences do not. */
const even = ({ header, over }) => (header.measure ?? "weight") === "weight" && !over.weights.signed;

function cell(owner, layer, head, at) {
  const { say, over, figure, keys, tokens, sources } = owner;
  const ranked = over.weights.ranked(layer, head, at.row);
  const rank = ranked.findIndex(([column]) => column === at.column);
  const value = ranked[rank][1];
  const count = seen(owner, at.row);
  const visible = !owner.header.causal || owner.keysPlaces[at.column] <= owner.places[at.row];
  const beside = !visible ? [say("cannot be seen from here")] : [
    even(owner) && say("{times} × uniform", { times: figure(value * count) }),
    say("rank {rank} of {count}", { rank: rank + 1, count: keys.length }),
  ].filter(Boolean);
  const before = sources.length > 1 ? [figure(sources[0].weights.row(layer, head, at.row)[at.column]), " → "] : [];
  owner.reading.replaceChildren(
    shown(tokens, at.row), " → ", shown(keys, at.column), ": ", ...before, element("strong", {}, figure(value)),
    ...beside.map((words) => ` · ${words}`), ...hidden(owner, layer, head, at.row),
  );
}

/** “52 % not shown (special tokens 50 %, punctuation 2 %)” of a row. */
function hidden(owner, layer, head, row) {
  const parts = owner.beside(owner.over).map(({ words, shares }) => [words, shares(layer, head)[row] / 255]);
  const sum = parts.reduce((total, [, share]) => total + share, 0);
  if (!parts.length) return [];
  const listed = parts.map(([words, share]) => `${words} ${owner.percent(share)}`).join(", ");
  return [` · ${owner.say("{share} not shown ({parts})", { share: owner.percent(sum), parts: listed })}`];
}

/**
 * All that a row gives, hidden keys and those outside the window included; without a row, of all on average.
 * Renormalised columns hold what was hidden already.
 */
function whole(owner, layer, head, index) {
  const { header, over, tokens } = owner;
  const rows = index === null ? tokens.map((_, each) => each) : [index];
  const parts = owner.beside(over).filter(({ name }) => !header.renormalised || name === "outside");
  const total = rows.reduce((sum, each) => {
    const visible = over.weights.row(layer, head, each).reduce((found, value) => found + Math.abs(value), 0);
    const left = parts.reduce((share, { shares }) => share + shares(layer, head)[each] / 255, 0);
    if (!left) return sum + visible;
    return sum + ((header.measure ?? "weight") === "weight" ? Math.max(1, visible) : visible / Math.max(1 - left, 1 / 255));
  }, 0);
  return total / rows.length;
}

/** What a row looks at most; without one, what all rows look at together. */
function row(owner, layer, head, index) {
  const { say, over, figure, percent, keys, tokens } = owner;
  const ranked = index === null ? over.weights.received(layer, head) : over.weights.ranked(layer, head, index);
  const total = (over.weights.signed ? ranked.reduce((sum, [, value]) => sum + Math.abs(value), 0) : whole(owner, layer, head, index)) || 1;
  const count = seen(owner, index);
  let sum = 0;
  owner.listed = ranked.slice(0, LISTED).map(([column, value]) => {
    sum += Math.abs(value);
    return {
      column, name: name(keys, column).join(""), value: figure(value), times: even(owner) ? `${figure(value * count)} ×` : "",
      sum: `Σ ${percent(sum / total)}`, share: Math.abs(value / (ranked[0][1] || 1)),
    };
  });
  owner.bars.replaceChildren(...owner.listed.map((entry, rank) => {
    const bar = element("i");
    bar.style.width = `${100 * entry.share}%`;
    return element("li", {}, element("span", { class: "muted" }, String(rank + 1)), shown(keys, entry.column), bar,
      element("span", {}, entry.value), element("span", { title: say("times uniform") }, entry.times), element("span", { class: "muted" }, entry.sum));
  }));
  const title = index === null ? [say("All rows together, on average")]
    : [owner.held?.row === index ? say("Locked row:") : say("Row:"), " ", element("strong", {}, shown(tokens, index))];
  const held = say("{keys} keys hold {share} of it", { keys: owner.listed.length, share: percent(sum / total) });
  owner.rowTitle.replaceChildren(...title, element("span", { class: "muted" }, ` · ${held}`));
}

/** The sentences below the picture, which a file of it holds too. */
export function said(owner) {
  const { say, header, look, over, percent } = owner;
  const { layer, head } = owner.shown;
  const mean = (bytes) => bytes.reduce((sum, byte) => sum + byte, 0) / bytes.length / 255;
  const hidden = owner.beside(over).map(({ words, shares }) => `${words} ${percent(mean(shares(layer, head)))}`);
  return [
    ...(header.notes ?? []),
    say("Rows: the token that looks (query). Columns: the token looked at (key)."),
    look.mass < 100 && say("Each row shows the fewest keys that hold {share} of it.", { share: percent(look.mass / 100) }),
    hidden.length && say("Bars at the end of a row: what it gives to what is not shown; on average {parts}.", { parts: hidden.join(", ") }),
    look.drawing === "lines" && say("Lines below {share} of the colour scale are not drawn.", { share: percent(FAINTEST) }),
    over.weights.signed && say("Orange: more than before. Blue: less."),
    header.causal && say("Hatched: later tokens, which this model cannot see."),
    owner.sources.some(({ reach }) => reach) && say("Grey rows of the last layer do not reach the prediction."),
  ].filter(Boolean);
}
