// Formats the services of the command `services`.

import { dump } from 'js-yaml'
import type { ServiceRow } from './describe-service.ts'
import { oneLine } from './explanation.ts'
import { lineOf, tableOf, widthsOf } from './table.ts'

type Output = 'table' | 'wide' | 'json' | 'yaml'

/** Formats services for people or programs. */
export function formatWhole(rows: readonly ServiceRow[], output: Output): string {
  if (output === 'json') return `${JSON.stringify(rows, null, 2)}\n`
  if (output === 'yaml') return dump(rows)
  if (rows.length === 0) return 'no services\n'
  return tableOf(headingsOf(output, rows), cellsOf(rows, output))
}

type Formats = {
  /** The services as they are when the watch begins. */
  readonly begin: string
  /** A service that has changed. */
  readonly change: (row: ServiceRow) => string
}

/** The formats of a watch: columns as wide as at its beginning, lines of JSON, or documents of YAML. */
export function formatsOf(output: Output, rows: readonly ServiceRow[]): Formats {
  if (output === 'json' || output === 'yaml') {
    const change = output === 'json' ? asJsonLine : asDocument
    return { begin: rows.map(change).join(''), change }
  }
  const headings = headingsOf(output, rows)
  const cells = cellsOf(rows, output)
  const widths = widthsOf(headings, cells)
  return {
    begin: tableOf(headings, cells),
    change: (row) =>
      cellsOf([row], output)
        .map((each) => `${lineOf(each, widths)}\n`)
        .join(''),
  }
}

const asJsonLine = (row: ServiceRow) => `${JSON.stringify(row)}\n`
const asDocument = (row: ServiceRow) => `---\n${dump(row)}`

const HEADINGS = ['NAMESPACE', 'NAME', 'KIND', 'PROTECTION', 'WHY', 'POLICIES', 'KEYS']

const headingsOf = (output: 'table' | 'wide', rows: readonly ServiceRow[]) => [
  ...HEADINGS,
  ...(rows.some(({ callers }) => callers !== undefined) ? ['CALLERS'] : []),
  ...(rows.some(({ lastDenial }) => lastDenial !== undefined) ? ['LAST DENIAL'] : []),
  ...(output === 'wide' ? ['GUARD', 'ROUTES', 'PROBLEMS'] : []),
]

const cellsOf = (rows: readonly ServiceRow[], output: 'table' | 'wide') => {
  const wide = output === 'wide'
  return rows.map((row) =>
    [
      row.namespace,
      row.name,
      row.kind,
      row.protection,
      wide ? row.why : row.why + markOf(row),
      row.policies.map(policyCell).join(', ') || '-',
      keysOf(row, wide),
      ...callersIn(row, wide),
      ...denialOf(row),
      ...(wide ? [row.guard, row.routes.join(', ') || '-', row.problems?.join('; ') || '-'] : []),
    ].map(oneLine),
  )
}

/** Their messages are on stderr. */
function markOf({ problems = [] }: ServiceRow): string {
  if (problems.length === 0) return ''
  return problems.length === 1 ? ' (1 problem)' : ` (${problems.length} problems)`
}

const policyCell = ({ name, enforced, resolvedRefs }: ServiceRow['policies'][number]) =>
  `${name} (${resolvedRefs === 'UnknownProvider' ? `${enforced}, ${resolvedRefs}` : enforced})`

/** Callers named in a table that is not wide. */
const NAMED = 3

function callersIn({ callers }: ServiceRow, wide: boolean): readonly string[] {
  if (callers === undefined) return []
  const shown = wide ? callers : callers.slice(0, NAMED)
  const more = callers.length - shown.length
  return [`${shown.join(', ') || '-'}${more === 0 ? '' : ` and ${more} more`}`]
}

function denialOf({ lastDenial }: ServiceRow): readonly string[] {
  if (lastDenial === undefined) return []
  if (lastDenial === null) return ['-']
  const { time, reason, position } = lastDenial
  return [`${time} ${reason}, ${position}`]
}

function keysOf({ keys }: ServiceRow, wide: boolean): string {
  const expired = keys.filter((key) => key.expired).length
  if (!wide) return expired === 0 ? `${keys.length}` : `${keys.length}, ${expired} expired`
  const named = keys.map(({ secret, expiresAt }) =>
    expiresAt === null ? secret : `${secret} until ${expiresAt}`,
  )
  return named.join(', ') || '-'
}
