// Axes for canvas charts: ranges, round ticks, hairlines, points.

// A hairline, on whole pixels.
export function rule(pen, x0, y0, x1, y1) {
  pen.beginPath()
  pen.moveTo(Math.round(x0) + 0.5, Math.round(y0) + 0.5)
  pen.lineTo(Math.round(x1) + 0.5, Math.round(y1) + 0.5)
  pen.stroke()
}

export function write(pen, text, x, y, align) {
  pen.textAlign = align
  pen.fillText(text, x, y)
}

// Text that stays readable over lines.
export function halo(pen, text, x, y, align, background) {
  pen.save()
  pen.setLineDash([])
  pen.lineWidth = 4
  pen.lineJoin = "round"
  pen.strokeStyle = background
  pen.textAlign = align
  pen.strokeText(text, x, y)
  pen.restore()
  write(pen, text, x, y, align)
}

export function dot(pen, x, y, radius) {
  pen.beginPath()
  pen.arc(x, y, radius, 0, 2 * Math.PI)
  pen.fill()
}

// A range that holds all values with a margin, never below 0.
export function extent(values, { unitInterval }) {
  if (!values.length) return [0, 1]
  const [low, high] = [Math.min(...values), Math.max(...values)]
  const margin = (high - low) * 0.08 || Math.abs(high) * 0.1 || 0.5
  return [Math.max(0, low - margin), unitInterval ? Math.min(1, high + margin) : high + margin]
}

// Round numbers inside [low, high], about `count` of them.
export function steps([low, high], count, whole = false) {
  const raw = (high - low) / count || 1
  const power = 10 ** Math.floor(Math.log10(raw))
  const step = Math.max([1, 2, 5, 10].find((factor) => factor * power >= raw * 0.999) * power, whole ? 1 : 0)
  const ticks = []
  for (let tick = Math.ceil(low / step - 1e-9) * step; tick <= high + step * 1e-9; tick += step) ticks.push(tick + 0) // no −0
  return ticks.length ? ticks : [low]
}
