import { dashboard } from './monitoring.ts'
import type { Prometheus, Series } from './prometheus.ts'

export type Panel = (typeof dashboard.panels)[number]
export type QueryPanel = Exclude<Panel, { type: 'row' }>

/** The series of a query, with the names that its legend gives them. */
export type Drawn = { readonly query: string; readonly series: readonly Named[] }
type Named = Series & { readonly name: string }

type Range = { readonly from: number; readonly to: number; readonly step: number }

/** What Grafana puts in place of its variables, if everything is selected. */
const variables = ({ from, to }: Range): Readonly<Record<string, string>> => ({
  $job: '.*',
  $namespace: '.*',
  $name: '.*',
  // At least four scrapes, as Grafana chooses it.
  $__rate_interval: '5s',
  $__range: `${Math.ceil(to - from)}s`,
})

/** The results of all queries of a panel. */
export async function drawnBy(
  { query, queryRange }: Pick<Prometheus, 'query' | 'queryRange'>,
  panel: QueryPanel,
  range: Range,
): Promise<readonly Drawn[]> {
  const values = variables(range)
  return Promise.all(
    panel.targets.map(async ({ expr, legendFormat = '' }) => {
      const filled = expr.replaceAll(/\$\w+/g, (name) => values[name] ?? name)
      const series =
        panel.type === 'table'
          ? await query(filled)
          : await queryRange(filled, range.from, range.to, range.step)
      return {
        query: filled,
        series: series.map((each) => ({ ...each, name: named(each, legendFormat) })),
      }
    }),
  )
}

const named = ({ labels }: Series, format: string): string =>
  format.replaceAll(/\{\{(\w+)\}\}/g, (_all, label: string) => labels[label] ?? '')

/** Whether it shows anything. */
export const hasData = ({ series }: Drawn): boolean =>
  series.some(({ points }) => points.some(([, value]) => Number.isFinite(value)))

export const queryPanels: readonly QueryPanel[] = dashboard.panels.flatMap((panel) =>
  panel.type === 'row' ? [] : [panel],
)
