import type { Spread } from '../measure/statistics.ts'

/** A Markdown table; the first row is its head. */
export const table = ([head = [], ...rows]: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')

/** A median with its range. */
export const reach = ({ median, min, max }: Spread, digits: number, mark = ''): string =>
  `${mark}${median.toFixed(digits)}${mark} [${min.toFixed(digits)}-${max.toFixed(digits)}]`
