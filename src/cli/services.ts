// The command `services`: lists services with their protection.

import { dump } from 'js-yaml'
import { describeServices, type ServiceRow } from './describe-service.ts'
import { oneLine } from './explanation.ts'
import type { ServicesFlags } from './flags.ts'
import { look, once } from './look.ts'
import { tableOf } from './table.ts'

/** Lists services; resolves to the exit code. */
export function services(flags: ServicesFlags): Promise<number> {
  return look(flags, async ({ engine, unread }) => {
    const rows = await describeServices(engine, flags.namespace, Date.now())
    const shown = flags.open === true ? rows.filter(isOpen) : rows
    unread.forEach(once((each) => `not read: ${each}`))
    process.stdout.write(formatServices(shown, flags.output ?? 'table'))
    return 0
  })
}

/** Whether everybody may call it. */
const isOpen = ({ protection }: ServiceRow) => protection === 'open' || protection === 'shadow'

/** Formats services for people or programs. */
function formatServices(
  rows: readonly ServiceRow[],
  output: 'table' | 'wide' | 'json' | 'yaml',
): string {
  if (output === 'json') return `${JSON.stringify(rows, null, 2)}\n`
  if (output === 'yaml') return dump(rows)
  if (rows.length === 0) return 'no services\n'
  const wide = output === 'wide'
  const headings = ['NAMESPACE', 'NAME', 'KIND', 'PROTECTION', 'WHY', 'POLICIES', 'KEYS']
  return tableOf(
    wide ? [...headings, 'GUARD', 'ROUTES'] : headings,
    rows.map((row) =>
      [
        row.namespace,
        row.name,
        row.kind,
        row.protection,
        row.why,
        row.policies.map(({ name, enforced }) => `${name} (${enforced})`).join(', ') || '-',
        keysOf(row, wide),
        ...(wide ? [row.guard, row.routes.join(', ') || '-'] : []),
      ].map(oneLine),
    ),
  )
}

function keysOf({ keys }: ServiceRow, wide: boolean): string {
  const expired = keys.filter((key) => key.expired).length
  if (!wide) return expired === 0 ? `${keys.length}` : `${keys.length}, ${expired} expired`
  const named = keys.map(({ secret, expiresAt }) =>
    expiresAt === null ? secret : `${secret} until ${expiresAt}`,
  )
  return named.join(', ') || '-'
}
