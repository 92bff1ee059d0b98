// Follows the services of a folder or a cluster, for `services --watch`.

import { setTimeout as delay } from 'node:timers/promises'
import { nameOfRow, type ServiceRow } from './describe-service.ts'
import { oneLine } from './explanation.ts'

type Watch = {
  readonly rowsNow: () => Promise<readonly ServiceRow[]>
  readonly isShown: (row: ServiceRow) => boolean
  readonly show: (row: ServiceRow) => void
  /** What cannot be read at the moment. */
  readonly troublesNow: () => readonly string[]
  readonly tell: (line: string) => void
  readonly stopped: Promise<unknown>
}

/** From one look to the next, in milliseconds. */
const LOOK_MS = 500
/** A look may take this part of the time. */
const SHARE = 10

/** Shows each service that has changed, until stopped. Troubles are told when they begin. */
export async function watchServices(first: readonly ServiceRow[], watch: Watch): Promise<void> {
  const { rowsNow, isShown, show, troublesNow, tell } = watch
  const stopping = new AbortController()
  void watch.stopped.then(() => stopping.abort())
  const { signal } = stopping
  let rows = first
  let troubles = new Set(troublesNow())
  let restMs = LOOK_MS
  while (!signal.aborted) {
    await delay(restMs, undefined, { signal }).catch(() => {})
    if (signal.aborted) return
    const begun = performance.now()
    const now = await rowsNow()
    for (const [before, after] of changesBetween(rows, now))
      if (isShown(after) || (before !== undefined && isShown(before))) show(after)
    rows = now
    const current = new Set(troublesNow())
    for (const trouble of current)
      if (!troubles.has(trouble)) tell(`not read: ${oneLine(trouble)}\n`)
    troubles = current
    restMs = Math.max(LOOK_MS, SHARE * (performance.now() - begun))
  }
}

type Change = readonly [before: ServiceRow | undefined, after: ServiceRow]

/** The services that differ. One that is gone is `deleted`. */
export function changesBetween(
  before: readonly ServiceRow[],
  after: readonly ServiceRow[],
): readonly Change[] {
  const old = byName(before)
  const changed = [...byName(after)].flatMap(([name, row]): readonly Change[] => {
    const was = old.get(name)
    old.delete(name)
    return was !== undefined && JSON.stringify(was) === JSON.stringify(row) ? [] : [[was, row]]
  })
  const gone = [...old.values()].map(
    (row): Change => [row, { ...row, protection: 'deleted', why: 'it is no longer declared' }],
  )
  return [...changed, ...gone]
}

/** Services that are declared several times have a number, too. */
function byName(rows: readonly ServiceRow[]): Map<string, ServiceRow> {
  const named = new Map<string, ServiceRow>()
  const counts = new Map<string, number>()
  for (const row of rows) {
    const name = nameOfRow(row)
    const count = counts.get(name) ?? 0
    counts.set(name, count + 1)
    named.set(`${name} ${count}`, row)
  }
  return named
}
