import type { Drawn, Panel, QueryPanel } from '../dashboard.ts'
import { heatmap, type Place, stat, stateTimeline, table, timeSeries } from './charts.ts'
import { type Box, fitting, rectangle, text } from './svg.ts'

/** Of Grafana's grid, in pixels. */
const [COLUMN, ROW, GAP] = [50, 30, 6]

const CHARTS: Readonly<
  Record<QueryPanel['type'], (panel: QueryPanel, drawn: readonly Drawn[], place: Place) => string>
> = { stat, timeseries: timeSeries, 'state-timeline': stateTimeline, heatmap, table }

type Range = { readonly from: number; readonly to: number }

/** An SVG of the panels, where Grafana would place them. */
export function drawDashboard(
  panels: readonly Panel[],
  drawnBy: (panel: QueryPanel) => readonly Drawn[],
  range: Range,
): string {
  const width = 24 * COLUMN + GAP
  const height = Math.max(...panels.map(({ gridPos: { y, h } }) => y + h)) * ROW + GAP
  const shapes = panels.map((panel) => {
    const { x, y, w, h } = panel.gridPos
    const box = { x: x * COLUMN + GAP, y: y * ROW + GAP, w: w * COLUMN - GAP, h: h * ROW - GAP }
    return panel.type === 'row'
      ? text(box.x + 4, box.y + 17, panel.title, { size: 14 })
      : framed(panel, box) + CHARTS[panel.type](panel, drawnBy(panel), { ...inside(box), ...range })
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif">`,
    rectangle({ x: 0, y: 0, w: width, h: height }, '#f4f5f5'),
    ...shapes,
    '</svg>\n',
  ].join('\n')
}

const framed = ({ title }: QueryPanel, box: Box): string =>
  rectangle(box, '#fff', ' stroke="#dfe2e6"') +
  text(box.x + 8, box.y + 16, fitting(title, box.w * 1.1), { size: 12 })

const inside = ({ x, y, w, h }: Box): Box => ({ x: x + 6, y: y + 26, w: w - 12, h: h - 34 })
