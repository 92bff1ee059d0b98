import type { Spread } from '../measure/statistics.ts'
import type { Result, Two } from './results.ts'
import { legend, type Panel, panel } from './svg.ts'

/** The independent variable of a plot. */
type Axis = {
  readonly label: string
  readonly points: readonly (readonly [id: string, value: number])[]
}

const AXES: readonly Axis[] = [
  {
    label: 'API keys',
    points: [
      ['key-10', 10],
      ['key-10000', 10_000],
      ['key-100000', 100_000],
    ],
  },
  {
    label: 'services',
    points: [
      ['key-10', 10],
      ['services-100', 100],
      ['services-1000', 1_000],
    ],
  },
  {
    label: 'requests in flight',
    points: [
      ['load-1', 1],
      ['load-8', 8],
      ['load-32', 32],
      ['load-128', 128],
      ['load-256', 256],
    ],
  },
  {
    label: 'rules',
    points: [
      ['rules-1-key', 1],
      ['rules-10-key', 10],
      ['rules-100-key', 100],
    ],
  },
]

const MEASURES: readonly (readonly [label: string, read: (result: Result) => Two])[] = [
  ['checks/s', (result) => result.checksPerSecond],
  ['latency, p50, ms', (result) => result.p50Ms],
  ['latency, p99, ms', (result) => result.p99Ms],
  ['CPU per check, us', (result) => result.cpuMicroseconds],
]

const COLUMN = 300
const ROW = 190
const LEGEND = 40

/** Small plots in a grid: a column per axis, a row per measure. */
export function plotOf(results: readonly Result[]): string {
  const byId = new Map(results.map((result) => [result.scenario.id, result]))
  const panels = MEASURES.flatMap(([label, read], row) =>
    AXES.map((axis, column) =>
      panel(panelOf(axis, label, read, byId), {
        x: column * COLUMN,
        y: LEGEND + row * ROW,
        width: COLUMN,
        height: ROW,
      }),
    ),
  )
  const width = AXES.length * COLUMN
  const height = LEGEND + MEASURES.length * ROW
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11">
<title>Checks/s, latency and CPU of a check, beside the null server's</title>
<rect width="${width}" height="${height}" fill="#fff"/>
${legend(SERIES)}
${panels.join('\n')}
</svg>
`
}

const SERIES = [
  { name: 'kserve-authz', color: '#0b6e99' },
  { name: 'null server', color: '#b0651d' },
] as const

function panelOf(
  { label, points }: Axis,
  title: string,
  read: (result: Result) => Two,
  byId: ReadonlyMap<string, Result>,
): Panel {
  const seriesOf = (pick: (two: Two) => Spread) =>
    points.flatMap(([id, x]) => {
      const result = byId.get(id)
      return result === undefined ? [] : [{ x, y: pick(read(result)) }]
    })
  const [service, floor] = SERIES
  return {
    title,
    xLabel: label,
    series: [
      { color: service.color, points: seriesOf((two) => two.service) },
      { color: floor.color, points: seriesOf((two) => two.null) },
    ],
  }
}
