import type { Drawn, QueryPanel } from '../dashboard.ts'
import {
  area,
  type Box,
  colourAt,
  colourNamed,
  fitting,
  inUnit,
  line,
  rectangle,
  text,
} from './svg.ts'

/** The inside of a panel, and the range of its time axis. */
export type Place = Box & { readonly from: number; readonly to: number }

type Point = readonly [number, number]
type Line = { readonly name: string; readonly colour: string; readonly points: readonly Point[] }

const GREY = '#6e7680'
const GRID = '#e4e7eb'
/** Lines that a legend names. */
const NAMED_LINES = 8

/** The colour of a series, by the overrides of the panel. */
function colourOf({ fieldConfig }: QueryPanel, name: string, index: number): string {
  const fixed = fieldConfig.overrides
    .filter(({ matcher }) => matcher.options === name)
    .flatMap(({ properties }) => properties)
    .find(({ id }) => id === 'color')?.value
  const colour =
    typeof fixed === 'object' && fixed !== null && 'fixedColor' in fixed ? fixed.fixedColor : ''
  return typeof colour === 'string' && colour !== '' ? colourNamed(colour) : colourAt(index)
}

const linesOf = (panel: QueryPanel, drawn: readonly Drawn[]): readonly Line[] =>
  drawn
    .flatMap(({ series }) => series)
    .map(({ name, points }, index) => ({
      name,
      colour: colourOf(panel, name, index),
      points: points.filter(([, value]) => Number.isFinite(value)),
    }))

export function timeSeries(panel: QueryPanel, drawn: readonly Drawn[], place: Place): string {
  const isStacked = panel.fieldConfig.defaults.custom?.stacking?.mode === 'normal'
  const lines = isStacked ? stacked(linesOf(panel, drawn)) : linesOf(panel, drawn)
  const chart = { ...place, x: place.x + 62, w: place.w - 66, h: place.h - 36 }
  const highest = Math.max(0, ...lines.flatMap(({ points }) => points.map(([, value]) => value)))
  const top = highest === 0 ? 1 : highest * 1.08
  const at = ([time, value]: Point): Point => [
    chart.x + ((time - place.from) / (place.to - place.from)) * chart.w,
    chart.y + chart.h - (value / top) * chart.h,
  ]
  const unit = panel.fieldConfig.defaults.unit
  const grid = [0, 0.25, 0.5, 0.75, 1].map((part) => {
    const y = chart.y + chart.h * (1 - part)
    return (
      rectangle({ x: chart.x, y, w: chart.w, h: 1 }, GRID) +
      text(chart.x - 5, y + 3, inUnit(top * part, unit, top < 1 ? 3 : 1), {
        size: 9,
        fill: GREY,
        anchor: 'end',
      })
    )
  })
  const times = [0, 0.5, 1].map((part) =>
    text(
      chart.x + chart.w * part,
      chart.y + chart.h + 12,
      `${Math.round((place.to - place.from) * part)} s`,
      { size: 9, fill: GREY, anchor: part === 1 ? 'end' : 'middle' },
    ),
  )
  // The highest area of a stack first, so that each lower one is above it.
  const shapes = lines.toReversed().map(({ points, colour }) => {
    const placed = points.map(at)
    const [first, last] = [placed[0], placed.at(-1)]
    if (first === undefined || last === undefined) return ''
    const bottom = chart.y + chart.h
    const filled = isStacked ? area([...placed, [last[0], bottom], [first[0], bottom]], colour) : ''
    return filled + line(placed, colour)
  })
  return [...grid, ...times, ...shapes, legend(lines, place)].join('')
}

/** Each line on top of the previous ones. */
function stacked(lines: readonly Line[]): readonly Line[] {
  const sums = new Map<number, number>()
  return lines.map((each) => ({
    ...each,
    points: each.points.map(([time, value]) => {
      const sum = (sums.get(time) ?? 0) + value
      sums.set(time, sum)
      return [time, sum]
    }),
  }))
}

function legend(lines: readonly Line[], { x, y, w, h }: Place): string {
  const shown = lines.slice(0, NAMED_LINES)
  const width = w / Math.min(4, Math.max(1, shown.length))
  return shown
    .map(({ name, colour }, index) => {
      const [left, bottom] = [x + 4 + (index % 4) * width, y + h - 12 + Math.floor(index / 4) * 13]
      return (
        rectangle({ x: left, y: bottom - 5, w: 10, h: 3 }, colour) +
        text(left + 14, bottom, fitting(name, (width - 18) * 1.15), { size: 10 })
      )
    })
    .join('')
}

/** The last value. */
export function stat(panel: QueryPanel, drawn: readonly Drawn[], place: Place): string {
  const { unit, decimals, mappings, thresholds } = panel.fieldConfig.defaults
  const value = drawn[0]?.series[0]?.points.at(-1)?.[1]
  const [middle, base] = [place.x + place.w / 2, place.y + place.h / 2 + 8]
  if (value === undefined) return text(middle, base, 'no data', { fill: GREY, anchor: 'middle' })
  const mapped = mappings.map(({ options }) => options[String(value)]).find(Boolean)
  const step = thresholds?.steps.findLast((each) => each.value === null || value >= each.value)
  const colour = colourNamed(mapped?.color ?? step?.color ?? 'text')
  const content = mapped?.text ?? inUnit(value, unit, decimals)
  return text(middle, base, content, { size: 24, fill: colour, anchor: 'middle' })
}

/** A row for each series, with its values over time. */
export function stateTimeline(panel: QueryPanel, drawn: readonly Drawn[], place: Place): string {
  const rows = drawn.flatMap(({ series }) => series)
  const height = Math.min(18, place.h / Math.max(1, rows.length))
  const [left, width] = [place.x + 165, place.w - 170]
  const { mappings } = panel.fieldConfig.defaults
  return rows
    .map(({ name, points }, index) => {
      const y = place.y + index * height
      const values = runsOf(points)
      return (
        text(left - 6, y + height - 4, fitting(name, 190), { size: 9, anchor: 'end' }) +
        values
          .map(([from, to, value]) => {
            const scale = width / (place.to - place.from)
            const mapped = mappings.map(({ options }) => options[String(value)]).find(Boolean)
            const [x, w] = [left + (from - place.from) * scale, Math.max(1, (to - from) * scale)]
            return rectangle(
              { x, y: y + 1, w, h: height - 2 },
              colourNamed(mapped?.color ?? 'gray'),
            )
          })
          .join('')
      )
    })
    .join('')
}

/** Times with the same value: from, to, value. */
function runsOf(points: readonly Point[]): readonly (readonly [number, number, number])[] {
  const runs: [number, number, number][] = []
  for (const [time, value] of points) {
    const last = runs.at(-1)
    if (last !== undefined) last[1] = time
    if (last?.[2] !== value) runs.push([time, time, value])
  }
  return runs
}

/** A cell for each time and bucket, darker with more in it. */
export function heatmap(_panel: QueryPanel, drawn: readonly Drawn[], place: Place): string {
  const buckets = drawn
    .flatMap(({ series }) => series)
    .map(({ labels, points }) => ({ le: Number(labels.le?.replace('+Inf', 'Infinity')), points }))
    .toSorted((one, other) => one.le - other.le)
  // Prometheus counts each bucket with those below it.
  const counts = buckets.map(({ le, points }, index) => {
    const below = new Map(buckets[index - 1]?.points ?? [])
    const own = points.map(([time, value]): Point => [time, value - (below.get(time) ?? 0)])
    return { le, points: own.filter(([, value]) => value > 0) }
  })
  const most = Math.max(1, ...counts.flatMap(({ points }) => points.map(([, value]) => value)))
  const [left, width] = [place.x + 62, place.w - 66]
  const height = place.h / Math.max(1, counts.length)
  const times = Math.max(1, ...buckets.map(({ points }) => points.length))
  return counts
    .map(({ le, points }, index) => {
      const y = place.y + place.h - (index + 1) * height
      const label = Number.isFinite(le) ? inUnit(le, 's', 1) : 'more'
      return (
        text(left - 5, y + height - 2, label, { size: 9, fill: GREY, anchor: 'end' }) +
        points
          .map(([time, value]) => {
            const x = left + ((time - place.from) / (place.to - place.from)) * width
            const opacity = ` fill-opacity="${Math.max(0.08, value / most).toFixed(2)}"`
            const w = Math.min(width / times, left + width - x)
            return rectangle({ x, y, w, h: height }, '#c15c17', opacity)
          })
          .join('')
      )
    })
    .join('')
}

/** The labels and the value of each series. */
export function table(_panel: QueryPanel, drawn: readonly Drawn[], place: Place): string {
  const rows = drawn
    .flatMap(({ series }) => series)
    .toSorted((one, other) => (other.points[0]?.[1] ?? 0) - (one.points[0]?.[1] ?? 0))
  const names = Object.keys(rows[0]?.labels ?? {}).filter((name) => name !== '__name__')
  const width = place.w / (names.length + 1)
  const cells = (values: readonly string[], y: number, fill: string) =>
    values
      .map((each, index) =>
        text(place.x + 4 + index * width, y, fitting(each, width), { size: 10, fill }),
      )
      .join('')
  return [
    cells([...names, 'value'], place.y + 10, GREY),
    ...rows.slice(0, Math.floor(place.h / 16) - 1).map(({ labels, points }, index) => {
      const values = [
        ...names.map((name) => labels[name] ?? ''),
        inUnit(points[0]?.[1] ?? 0, '', 1),
      ]
      return cells(values, place.y + 26 + index * 16, '#24292e')
    }),
  ].join('')
}
