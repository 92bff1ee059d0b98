import type { Proxied, Tail } from '../measure/proxied.ts'
import { TARGETS, type Target } from '../measure/proxy.ts'
import { median, spread } from '../measure/statistics.ts'
import { addedOf, type Which } from './added.ts'
import { reach, table } from './markdown.ts'

const NAMES: Readonly<Record<Target, string>> = {
  alone: 'Envoy alone',
  null: 'null grpc-js server',
  nullGo: 'null grpc-go server',
  service: '**kserve-authz**',
}

/** A table with a row for each rate and target. */
export const proxiedTable = (
  rows: readonly Proxied[],
  goalsOf: (proxied: Proxied) => string,
): string =>
  table([
    [
      'requests/s',
      'Envoy asks',
      ...['p50', 'p99', 'p99.9'].flatMap((name) => [`${name} ms`, 'added']),
      'CPU us',
      'failed',
      'promise',
    ],
    ...rows.flatMap((row) => TARGETS.map((target) => rowOf(row, target, goalsOf(row)))),
  ])

function rowOf(proxied: Proxied, target: Target, goals: string): readonly string[] {
  const tails = proxied.tails[target]
  const cells = (which: Which) => [
    reach(spread(tails.map((tail) => tail[which])), 2),
    target === 'alone' ? '' : addedOf(proxied, target, which).toFixed(2),
  ]
  const cpu = median(tails.map(({ cpuMicroseconds }) => cpuMicroseconds)).toFixed(0)
  return [
    String(proxied.perSecond),
    NAMES[target],
    ...cells('p50Ms'),
    ...cells('p99Ms'),
    ...cells('p999Ms'),
    target === 'alone' ? '' : cpu,
    String(failedIn(tails)),
    target === 'service' ? goals : '',
  ]
}

const failedIn = (tails: readonly Tail[]) => tails.reduce((sum, { failed }) => sum + failed, 0)
