// Live curves of one training run: losses and scores over steps, drawn on two canvases that share their x axis.
//
// Data from Python (all words translated there):
//   run, state, url (of the event stream, relative to the page), best_by {score, loss}, best (step or null),
//   references [{label, value}], panels [{title, unit, unitInterval, series [{key, label, split}]}],
//   locale, words {…}.
// Events come from the server-sent stream, not from reruns, so zoom and readout survive everything. The one
// thing sent back is the trigger "state", when the run's state is no longer the one that the page shows.

import { dot, extent, halo, rule, steps, write } from "./axes.js"
import { element, fill, sharp, theme } from "./common.js"

const ENDED = new Set(["finished", "stopped", "failed", "interrupted"])
const HEIGHT = 250
const views = new WeakMap()

export default function ({ data, parentElement, setTriggerValue }) {
  let view = views.get(parentElement)
  if (!view) views.set(parentElement, (view = new View(parentElement)))
  view.show(data, setTriggerValue)
  return () => {
    view.close()
    views.delete(parentElement)
  }
}

const STYLE = `
.curves { color: var(--st-text-color); font: var(--st-base-font-size, 16px) var(--st-font, sans-serif); }
.status { display: flex; flex-wrap: wrap; gap: 0.1rem 1.25rem; font-size: 0.875rem; min-height: 1.3em;
  font-variant-numeric: tabular-nums; }
.status :first-child { font-weight: 600; }
.track { height: 4px; margin: 0.35rem 0 0.9rem; border-radius: 2px; overflow: hidden;
  background: var(--st-border-color); }
.track div { height: 100%; width: 0; background: var(--st-primary-color); transition: width 0.6s linear; }
.panels { display: grid; gap: 1.25rem 1.5rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 25rem), 1fr)); }
.title, th { font-weight: 600; }
.legend { display: flex; flex-wrap: wrap; gap: 0.1rem 1.1rem; font-size: 0.8125rem;
  align-content: flex-start; margin: 0.2rem 0 0.3rem; }
.legend span { white-space: nowrap; }
.legend b { font-weight: 600; font-variant-numeric: tabular-nums; display: inline-block; min-width: 3.2em; }
.legend svg { width: 24px; height: 10px; margin-inline-end: 0.35rem; vertical-align: middle; overflow: visible; }
canvas { display: block; touch-action: pan-y; cursor: crosshair; border-radius: 4px; }
canvas:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 2px; }
.foot { display: flex; flex-wrap: wrap; gap: 0.5rem 1.5rem; align-items: baseline; font-size: 0.8125rem;
  margin-top: 0.5rem; justify-content: space-between; }
button { font: inherit; color: inherit; background: transparent; border: 1px solid var(--st-border-color);
  border-radius: var(--st-button-radius, 0.5rem); padding: 0.15rem 0.7rem; cursor: pointer; }
button:hover { border-color: var(--st-primary-color); color: var(--st-primary-color); }
summary { cursor: pointer; }
.scroll { overflow: auto; max-height: 18rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 0.2rem 0.75rem 0.2rem 0; text-align: end;
  border-bottom: 1px solid var(--st-border-color); }
[hidden] { display: none !important; }`

class View {
  constructor(parent) {
    this.host = parent.host ?? parent
    this.root = make("div", { className: "curves" })
    parent.replaceChildren(make("style", { textContent: STYLE }), this.root)
    this.status = make("div", { className: "status" })
    this.bar = make("div")
    this.track = make("div", { className: "track" })
    this.track.append(this.bar)
    this.grid = make("div", { className: "panels" })
    this.hint = make("span")
    this.reset = make("button", { type: "button", hidden: true, onclick: () => this.zoom(null) })
    this.table = make("details", { ontoggle: () => this.tabulate() })
    const foot = make("div", { className: "foot" })
    foot.append(this.table, this.hint, this.reset)
    this.root.append(this.status, this.track, this.grid, foot)
    this.resized = new ResizeObserver(() => this.draw())
    this.resized.observe(this.root)
    this.hidden = () => (document.hidden ? this.hangUp() : this.listen())
    document.addEventListener("visibilitychange", this.hidden)
  }

  show(data, trigger) {
    if (data.url !== this.data?.url) this.hangUp() // another run, or another language
    if (data.run !== this.data?.run) {
      Object.assign(this, { rows: new Map(), sorted: [], progress: {}, cursor: 0, range: null, over: null, told: "", done: false })
    }
    this.data = data
    this.trigger = trigger
    this.number = new Intl.NumberFormat(data.locale, { minimumFractionDigits: 4, maximumFractionDigits: 4 })
    this.whole = new Intl.NumberFormat(data.locale, { maximumFractionDigits: 0 })
    // Streamlit calls again when the theme changes.
    this.look = { ...theme(this.host), alarm: getComputedStyle(this.host).getPropertyValue("--st-red-text-color") || "#c00" }
    const { words } = data
    this.reset.textContent = words.reset
    this.hint.textContent = words.hint
    this.table.replaceChildren(make("summary", { textContent: words.table }))
    this.panels = data.panels.map((panel) => this.panel(panel))
    this.grid.replaceChildren(...this.panels.map((panel) => panel.box))
    this.listen()
    this.refresh()
  }

  close() {
    this.hangUp()
    this.resized.disconnect()
    document.removeEventListener("visibilitychange", this.hidden)
  }

  // ---- the stream

  listen() {
    if (this.source || this.done || document.hidden) return
    const url = new URL(this.data.url, document.baseURI)
    url.searchParams.set("cursor", this.cursor)
    const source = (this.source = new EventSource(url))
    const on = (kind, act) =>
      source.addEventListener(kind, (event) => {
        this.lost = false
        if (+event.lastEventId) this.cursor = +event.lastEventId
        act(JSON.parse(event.data))
        this.soon()
      })
    on("events", (events) => events.forEach((event) => this.take(event)))
    on("state", (state) => this.tell(state))
    on("end", () => {
      this.done = true
      this.hangUp()
    })
    source.onerror = () => {
      this.lost = true
      this.soon()
      // Chromium comes back by itself after a cut, but not after a refusal (a server that is just starting).
      if (source.readyState === EventSource.CLOSED) {
        this.hangUp()
        this.again = setTimeout(() => this.listen(), 3000)
      }
    }
  }

  hangUp() {
    clearTimeout(this.again)
    this.source = this.source?.close() // undefined
  }

  tell(state) {
    if (state === this.data.state || state === this.told) return
    this.told = state
    this.trigger("state", state)
  }

  take(event) {
    if (event.kind === "metric") {
      const row = this.rows.get(event.step) ?? {}
      for (const [key, value] of Object.entries(event)) {
        const figure = typeof value === "string" ? Number(value) : value // "NaN", "Infinity"
        if (typeof figure === "number") row[key] = figure
      }
      this.rows.set(event.step, row)
    } else if (event.kind === "progress") {
      this.progress = { ...this.progress, ...event }
    } else if (event.kind === "phase") {
      this.progress = { phase: event.phase, steps: this.progress.steps } // the rest was of the phase before
    }
  }

  soon() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined
      this.refresh()
    })
  }

  // ---- words

  refresh() {
    this.sorted = [...this.rows.values()].sort((a, b) => a.step - b.step)
    const { words, state } = this.data
    const { step, steps, fraction, seconds_left: left, throughput, phase } = this.progress
    const running = !ENDED.has(state) && !this.done
    const pieces = []
    if (running) {
      pieces.push(this.lost ? words.lost : phase || words[state] || "")
      if (step != null) pieces.push(fill(words.step_of, { step: this.whole.format(step), steps: this.whole.format(steps) }))
      if (left != null) pieces.push(fill(words.left, { time: this.time(left) }))
      if (throughput) pieces.push(fill(words.throughput, { n: this.whole.format(throughput) }))
    }
    this.status.replaceChildren(...pieces.map((textContent) => make("span", { textContent })))
    this.status.hidden = this.track.hidden = !running
    this.bar.style.width = `${100 * (step != null ? step / steps : (fraction ?? 0))}%`
    if (this.table.open) this.tabulate()
    this.draw()
  }

  time(seconds) {
    const { words } = this.data
    if (seconds < 90) return fill(words.seconds, { n: this.whole.format(seconds) })
    if (seconds < 5400) return fill(words.minutes, { n: this.whole.format(seconds / 60) })
    return fill(words.hours, { n: new Intl.NumberFormat(this.data.locale, { maximumFractionDigits: 1 }).format(seconds / 3600) })
  }

  value(figure) {
    if (figure === undefined) return "–"
    return Number.isFinite(figure) ? this.number.format(figure) : Number.isNaN(figure) ? "NaN" : figure > 0 ? "∞" : "−∞"
  }

  tabulate() {
    if (!this.table.open) return
    const series = this.data.panels.flatMap((panel) => panel.series)
    const line = (tag, cells) => {
      const row = make("tr")
      row.append(...cells.map((textContent) => make(tag, { textContent })))
      return row
    }
    const table = make("table")
    table.append(line("th", [this.data.words.step, ...series.map((one) => one.label)]))
    for (const row of this.sorted)
      table.append(line("td", [this.whole.format(row.step), ...series.map((one) => this.value(row[one.key]))]))
    const scroll = make("div", { className: "scroll", tabIndex: 0 })
    scroll.append(table)
    this.table.replaceChildren(this.table.firstChild, scroll)
  }

  // ---- the pictures

  panel(spec) {
    const panel = { spec, box: make("div"), legend: make("div", { className: "legend" }) }
    const canvas = (panel.canvas = make("canvas", { tabIndex: 0 }))
    canvas.setAttribute("role", "img")
    panel.box.append(make("div", { className: "title", textContent: spec.title }), panel.legend, canvas)
    const at = (event) => event.clientX - canvas.getBoundingClientRect().left
    let from = null
    canvas.onpointerdown = (event) => {
      from = at(event)
      canvas.setPointerCapture(event.pointerId)
    }
    canvas.onpointermove = (event) => {
      const x = at(event)
      this.drag = from !== null && Math.abs(x - from) > 6 ? [from, x] : null
      this.over = this.nearest(panel, x)
      this.draw()
    }
    canvas.onpointerup = () => {
      const [a, b] = (this.drag ?? []).map((x) => panel.step(x)).sort((p, q) => p - q)
      from = this.drag = null
      if (b - a >= 1) this.zoom([a, b])
      else this.draw()
    }
    canvas.onpointercancel = () => (from = this.drag = null)
    canvas.onpointerleave = () => {
      this.over = null
      this.draw()
    }
    canvas.ondblclick = () => this.zoom(null)
    canvas.onkeydown = (event) => {
      const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key]
      if (event.key === "Escape") this.zoom(null)
      else if (move && this.sorted.length) {
        const now = this.sorted.findIndex((row) => row.step === this.over)
        const next = now < 0 ? this.sorted.length - 1 : Math.min(Math.max(now + move, 0), this.sorted.length - 1)
        this.over = this.sorted[next].step
        this.draw()
        event.preventDefault()
      }
    }
    return panel
  }

  zoom(range) {
    this.range = range
    this.draw()
  }

  nearest(panel, x) {
    const far = (row) => Math.abs(row.step - panel.step(x))
    return this.sorted.reduce((near, row) => (near && far(near) <= far(row) ? near : row), null)?.step ?? null
  }

  // The step the Trainer would keep: the highest score, of equal ones that with the lowest loss.
  best() {
    if (this.data.best != null) return this.data.best
    const { score, loss } = this.data.best_by
    const better = (a, b) => a[score] > b[score] || (a[score] === b[score] && a[loss] < b[loss])
    const usable = this.sorted.filter((row) => row.step > 0 && Number.isFinite(row[score]) && Number.isFinite(row[loss]))
    return usable.reduce((best, row) => (!best || better(row, best) ? row : best), null)?.step
  }

  span() {
    if (this.range) return this.range
    const last = this.sorted.at(-1)?.step ?? 0
    return [0, Math.max(last, ENDED.has(this.data.state) || this.done ? 1 : this.progress.steps || 1, 1)]
  }

  draw() {
    if (!this.panels) return
    this.reset.hidden = !this.range
    this.hint.hidden = !!this.range
    const best = this.best()
    for (const panel of this.panels) {
      this.explain(panel, this.look, best)
      this.paint(panel, this.look, best)
    }
  }

  explain(panel, look, best) {
    const { words } = this.data
    const row = this.rows.get(this.over) ?? this.sorted.at(-1)
    const said = []
    const parts = panel.spec.series.map((one) => {
      const figure = row?.[one.key] ?? (this.over === null ? this.sorted.findLast((r) => one.key in r)?.[one.key] : undefined)
      said.push(`${one.label} ${this.value(figure)}`)
      return element("span", {}, swatch(one, look), `${one.label} `, make("b", { textContent: this.value(figure) }))
    })
    for (const one of panel.spec.references ?? []) {
      const part = make("span", { className: "muted" })
      part.append(swatch({ dash: one.dash, line: look.muted }, look), `${one.label} ${this.value(one.value)}`)
      parts.push(part)
      said.push(part.textContent)
    }
    if (row) {
      const step = fill(words.at_step, { step: this.whole.format(row.step) })
      said.unshift(step)
      parts.unshift(make("span", { textContent: step }))
    }
    panel.legend.replaceChildren(...parts)
    if (best !== undefined) said.push(fill(words.best_at, { step: this.whole.format(best) }))
    panel.canvas.setAttribute("aria-label", `${panel.spec.title}. ${said.join(", ")}`)
  }

  paint(panel, look, best) {
    const { canvas, spec } = panel
    const [width, height] = [panel.box.clientWidth, HEIGHT]
    if (!width) return
    const pen = sharp(canvas, width, height)
    pen.font = `12px ${look.font}`
    const references = spec.references ?? []
    const span = this.span()
    const seen = this.sorted.filter((row) => row.step >= span[0] && row.step <= span[1])
    const figures = seen.flatMap((row) => spec.series.map((one) => row[one.key])).filter(Number.isFinite)
    const limits = spec.unitInterval && !this.range ? [0, 1] : extent([...figures, ...references.map((one) => one.value)], spec)
    const ticks = steps(limits, 6)
    const digits = Math.max(0, -Math.floor(Math.log10(ticks[1] - ticks[0] || 1) + 1e-9))
    const tickText = new Intl.NumberFormat(this.data.locale, { minimumFractionDigits: digits, maximumFractionDigits: digits })
    const labels = ticks.map((tick) => tickText.format(tick))
    const area = { left: 10 + Math.max(...labels.map((label) => pen.measureText(label).width)), top: 22, right: width - 12, bottom: height - 34 }
    const x = (step) => area.left + ((step - span[0]) / (span[1] - span[0])) * (area.right - area.left)
    const y = (value) => area.bottom - ((value - limits[0]) / (limits[1] - limits[0] || 1)) * (area.bottom - area.top)
    panel.step = (px) => span[0] + ((Math.min(Math.max(px, area.left), area.right) - area.left) / (area.right - area.left)) * (span[1] - span[0])

    // axes
    Object.assign(pen, { fillStyle: look.text, strokeStyle: look.faint, lineWidth: 1, textBaseline: "middle" })
    ticks.forEach((tick, i) => {
      write(pen, labels[i], area.left - 6, y(tick), "right")
      rule(pen, area.left, y(tick), area.right, y(tick))
    })
    const room = Math.max(2, Math.floor((area.right - area.left) / 70))
    for (const tick of steps(span, room, true)) {
      rule(pen, x(tick), area.bottom, x(tick), area.bottom + 4)
      write(pen, this.whole.format(tick), Math.min(x(tick), area.right - 2), area.bottom + 12, "center")
    }
    write(pen, this.data.words.step, area.right, area.bottom + 27, "right")
    write(pen, spec.unit, area.left, 7, "left")
    if (!this.sorted.length) write(pen, this.data.words[ENDED.has(this.data.state) ? "empty" : "waiting"], (area.left + area.right) / 2, (area.top + area.bottom) / 2, "center")

    pen.save()
    pen.beginPath()
    pen.rect(area.left - 5, area.top - 6, area.right - area.left + 10, area.bottom - area.top + 11)
    pen.clip()
    // references: grey dashes
    pen.strokeStyle = look.muted
    for (const one of references) {
      pen.setLineDash(one.dash)
      rule(pen, area.left, y(one.value), area.right, y(one.value))
    }
    // best step and readout
    pen.fillStyle = look.muted
    pen.setLineDash([2, 3])
    if (best !== undefined) {
      rule(pen, x(best), area.top, x(best), area.bottom)
    }
    pen.setLineDash([])
    if (this.over !== null) rule(pen, x(this.over), area.top, x(this.over), area.bottom)
    spec.series.forEach((one, index) => this.curve(pen, one, index, { x, y, area, look, best, crowded: seen.length > 60 }))
    if (best !== undefined) {
      const [left, bottom] = [x(best) > (area.left + area.right) / 2, area.bottom - 9]
      pen.fillStyle = look.muted
      halo(pen, this.data.words.best, x(best) + (left ? -6 : 6), spec.unitInterval ? bottom : area.top + 2, left ? "right" : "left", look.background)
    }
    if (this.drag) {
      pen.globalAlpha = 0.15
      pen.fillStyle = look.text
      pen.fillRect(this.drag[0], area.top, this.drag[1] - this.drag[0], area.bottom - area.top)
    }
    pen.restore()
  }

  curve(pen, one, index, { x, y, area, look, best, crowded }) {
    const rows = this.sorted.filter((row) => one.key in row)
    pen.strokeStyle = look.categories[one.split]
    pen.lineWidth = 2
    pen.setLineDash(one.dash ?? [])
    pen.beginPath()
    let down = false
    for (const row of rows) {
      const finite = Number.isFinite(row[one.key])
      if (finite) down ? pen.lineTo(x(row.step), y(row[one.key])) : pen.moveTo(x(row.step), y(row[one.key]))
      down = finite
    }
    pen.stroke()
    pen.setLineDash([])
    let wordless = true
    for (const row of rows) {
      const [px, value] = [x(row.step), row[one.key]]
      const lost = !Number.isFinite(value)
      if (lost) {
        // A mark at the top for each value that is no number; the word once for each stretch of them.
        pen.fillStyle = look.alarm
        const py = area.top + 22 + 15 * index
        dot(pen, px, py, 2.5)
        if (wordless) halo(pen, this.value(value), px - 6, py, "right", look.background)
      } else if (!crowded || row.step === best || row.step === this.over) {
        pen.fillStyle = one.hollow ? look.background : look.categories[one.split]
        dot(pen, px, y(value), row.step === best || row.step === this.over ? 4.5 : 3)
        pen.stroke()
      }
      wordless = !lost
    }
  }
}

// How a curve looks, for the legend.
function swatch(one, look) {
  const space = "http://www.w3.org/2000/svg"
  const svg = document.createElementNS(space, "svg")
  svg.setAttribute("aria-hidden", "true")
  const set = (tag, attributes) => {
    const node = document.createElementNS(space, tag)
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value)
    svg.append(node)
  }
  const colour = one.line ?? look.categories[one.split]
  set("line", { x1: 0, x2: 24, y1: 5, y2: 5, stroke: colour, "stroke-width": 2, "stroke-dasharray": (one.dash ?? []).join(" ") })
  if (!one.line) set("circle", { cx: 12, cy: 5, r: 3, stroke: colour, "stroke-width": 2, fill: one.hollow ? look.background : colour })
  return svg
}

// A node with properties; words go in as textContent only.
function make(tag, properties = {}) {
  return Object.assign(element(tag), properties)
}
