/** Colours of Grafana's light theme, and the names that a dashboard uses for them. */
const NAMED: Readonly<Record<string, string>> = {
  green: '#56a64b',
  red: '#e02f44',
  orange: '#ff780a',
  gray: '#8e8e8e',
  text: '#24292e',
}
const PALETTE = [
  '#7eb26d',
  '#eab839',
  '#6ed0e0',
  '#ef843c',
  '#e24d42',
  '#1f78c1',
  '#ba43a9',
  '#705da0',
  '#508642',
  '#cca300',
  '#447ebc',
  '#c15c17',
  '#890f02',
  '#0a437c',
  '#6d1f62',
  '#584477',
] as const

export const colourNamed = (name: string): string => NAMED[name] ?? name

export const colourAt = (index: number): string => PALETTE[index % PALETTE.length] ?? '#000'

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

type Style = { readonly size?: number; readonly fill?: string; readonly anchor?: 'middle' | 'end' }

export const text = (x: number, y: number, content: string, style: Style = {}): string => {
  const { size = 11, fill = '#24292e', anchor } = style
  const placed = anchor === undefined ? '' : ` text-anchor="${anchor}"`
  return `<text x="${short(x)}" y="${short(y)}" font-size="${size}" fill="${fill}"${placed}>${escaped(content)}</text>`
}

export type Box = { readonly x: number; readonly y: number; readonly w: number; readonly h: number }

export const rectangle = ({ x, y, w, h }: Box, fill: string, more = ''): string =>
  `<rect x="${short(x)}" y="${short(y)}" width="${short(w)}" height="${short(h)}" fill="${fill}"${more}/>`

export const line = (points: readonly (readonly [number, number])[], colour: string): string =>
  `<polyline points="${pairs(points)}" fill="none" stroke="${colour}" stroke-width="1.5"/>`

export const area = (points: readonly (readonly [number, number])[], colour: string): string =>
  `<polygon points="${pairs(points)}" fill="${colour}" fill-opacity="0.25"/>`

const pairs = (points: readonly (readonly [number, number])[]): string =>
  points.map(([x, y]) => `${short(x)},${short(y)}`).join(' ')

/** With one decimal. */
const short = (value: number): string => String(Math.round(value * 10) / 10)

/** A text that fits into a width, at a size of 11. */
export const fitting = (content: string, width: number): string => {
  const most = Math.max(3, Math.floor(width / 6))
  return content.length <= most ? content : `${content.slice(0, most - 1)}…`
}

/** A value with its unit, as Grafana writes it. */
export function inUnit(value: number, unit: string, decimals = 2): string {
  const rounded = (number: number) => String(Number(number.toFixed(decimals)))
  if (unit === 'percentunit') return `${rounded(value * 100)} %`
  if (unit === 'bytes') return `${rounded(value / 1024 / 1024)} MiB`
  if (unit === 'reqps') return `${rounded(value)} req/s`
  if (unit !== 's') return rounded(value)
  if (Math.abs(value) >= 120) return `${rounded(value / 60)} min`
  return Math.abs(value) < 1 && value !== 0 ? `${rounded(value * 1_000)} ms` : `${rounded(value)} s`
}
