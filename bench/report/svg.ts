import type { Spread } from '../measure/statistics.ts'

/** One plot: x on a logarithmic axis, y from zero, each point with its range. */
export type Panel = {
  readonly title: string
  readonly xLabel: string
  readonly series: readonly Series[]
}

type Series = { readonly color: string; readonly points: readonly Point[] }
type Point = { readonly x: number; readonly y: Spread }
type Place = {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}
type Scale = (value: number) => number

const MARGIN = { left: 56, right: 16, top: 24, bottom: 36 }

export function panel({ title, xLabel, series }: Panel, place: Place): string {
  const points = series.flatMap((one) => one.points)
  if (points.length === 0) return ''
  const left = place.x + MARGIN.left
  const right = place.x + place.width - MARGIN.right
  const top = place.y + MARGIN.top
  const bottom = place.y + place.height - MARGIN.bottom
  const step = niceStep(Math.max(...points.map(({ y }) => y.max)))
  const most = Math.ceil(Math.max(...points.map(({ y }) => y.max)) / step) * step
  const xs = [...new Set(points.map(({ x }) => x))].toSorted((one, other) => one - other)
  const toX = logarithmic(xs, left + 12, right - 12)
  const toY: Scale = (value) => bottom - ((bottom - top) * value) / most
  const levels = Array.from({ length: Math.round(most / step) + 1 }, (_, index) => index * step)
  return [
    text(left, top - 8, title, 'start', 'bold'),
    text((left + right) / 2, bottom + 30, xLabel, 'middle'),
    ...levels.map((level) => line([left, toY(level)], [right, toY(level)], '#ddd')),
    ...levels.map((level) => text(left - 6, toY(level) + 4, short(level), 'end')),
    ...xs.map((x) => text(toX(x), bottom + 15, short(x), 'middle')),
    ...series.flatMap((one, index) => drawn(one, toX, toY, index * 3)),
  ].join('\n')
}

export const legend = (entries: readonly { readonly name: string; readonly color: string }[]) =>
  entries
    .map(
      ({ name, color }, index) =>
        `<circle cx="${64 + index * 130}" cy="20" r="4" fill="${color}"/>` +
        text(74 + index * 130, 24, name, 'start'),
    )
    .join('\n')

/** Shifted to the side, so that the bars of two series do not overlap. */
function drawn({ color, points }: Series, toX: Scale, toY: Scale, aside: number): string[] {
  const at = ({ x, y }: Point): readonly [number, number] => [toX(x) + aside, toY(y.median)]
  const path = points.map((point) => at(point).map(rounded).join(',')).join(' ')
  return [
    `<polyline points="${path}" fill="none" stroke="${color}" stroke-width="1.5"/>`,
    ...points.flatMap((point) => {
      const [x, y] = at(point)
      return [
        line([x, toY(point.y.min)], [x, toY(point.y.max)], color),
        `<circle cx="${rounded(x)}" cy="${rounded(y)}" r="3" fill="${color}"/>`,
      ]
    }),
  ]
}

function logarithmic(xs: readonly number[], from: number, to: number): Scale {
  const low = Math.log10(xs[0] ?? 1)
  const extent = Math.log10(xs.at(-1) ?? 1) - low || 1
  return (value) => from + ((to - from) * (Math.log10(value) - low)) / extent
}

/** 1, 2 or 5 times a power of ten, which gives two to five lines. */
function niceStep(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most))
  return [0.2, 0.5, 1, 2].map((factor) => factor * power).find((step) => most / step <= 5) ?? power
}

const short = (value: number): string =>
  value >= 1_000 ? `${Number((value / 1_000).toFixed(1))}k` : `${Number(value.toFixed(3))}`

const rounded = (value: number): string => value.toFixed(1)

const line = (from: readonly [number, number], to: readonly [number, number], color: string) =>
  `<line x1="${rounded(from[0])}" y1="${rounded(from[1])}" x2="${rounded(to[0])}" y2="${rounded(to[1])}" stroke="${color}"/>`

const text = (x: number, y: number, content: string, anchor: string, weight = 'normal') =>
  `<text x="${rounded(x)}" y="${rounded(y)}" text-anchor="${anchor}" font-weight="${weight}" fill="#222">${content}</text>`
