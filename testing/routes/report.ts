import type { Breach } from './judge.ts'
import type { World } from './model.ts'
import { isPromised } from './outages.ts'
import type { Asked } from './requests.ts'
import type { Findings } from './run.ts'

/** The number of findings per kind, most frequent first. */
function tally(kinds: readonly string[]): Readonly<Record<string, number>> {
  const counts = new Map<string, number>()
  for (const kind of kinds) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  return Object.fromEntries([...counts].toSorted(([, one], [, other]) => other - one))
}

export function tableOfRuns(runs: readonly Findings[]): string {
  const outages = runs.flatMap((run) => run.outages)
  const kindsOf = (found: readonly { readonly kind: string }[]) =>
    tally(found.map(({ kind }) => kind))
  return [
    `worlds ${runs.length}, first seed ${runs[0]?.world.seed}`,
    `answers ${JSON.stringify(sum(runs.map(({ answers }) => answers)))}`,
    '',
    table('wrong allows', kindsOf(runs.flatMap(({ breaches }) => breaches))),
    '',
    table('good requests', sum(runs.map(({ goods }) => goods))),
    '',
    table('of them refused', kindsOf(outages.filter(isPromised))),
    '',
    table('refused, and not promised', kindsOf(outages.filter((each) => !isPromised(each)))),
  ].join('\n')
}

function sum<K extends string | number>(counts: readonly ReadonlyMap<K, number>[]) {
  const all = new Map<K, number>()
  for (const each of counts)
    for (const [key, count] of each) all.set(key, (all.get(key) ?? 0) + count)
  return Object.fromEntries(all)
}

function table(title: string, counts: Readonly<Record<string, number>>): string {
  const total = Object.values(counts).reduce((before, count) => before + count, 0)
  const rows = Object.entries(counts).map(([kind, count]) => `| ${kind} | ${count} |`)
  return [`| ${title} | ${total} |`, '|---|---|', ...rows].join('\n')
}

/** The first ones of each kind. */
const firstOfEach = <T extends { readonly kind: string }>(found: readonly T[], limit: number) =>
  found.filter((each, index) => {
    const before = found.slice(0, index).filter(({ kind }) => kind === each.kind)
    return before.length < limit
  })

export const shownBreach = (runs: readonly Findings[], limit: number): readonly string[] =>
  firstOfEach(
    runs.flatMap(({ world, breaches }) => breaches.map((each) => ({ ...each, world }))),
    limit,
  ).map(({ world, ...breach }) => breachText(world, breach))

export const shownOutage = (runs: readonly Findings[], limit: number): readonly string[] =>
  firstOfEach(
    runs.flatMap(({ world, outages }) => outages.map((each) => ({ ...each, world }))),
    limit,
  ).map(({ world, kind, reason, asked }) => {
    const ids = asked.good?.backends.map(({ id }) => id) ?? []
    return [`refused: ${kind}: ${reason}`, ...told(world, asked, ids)].join('\n')
  })

const breachText = (world: World, { kind, backend, route, asked }: Breach) =>
  [`wrong allow: ${kind}: ${backend.id} by "${route}"`, ...told(world, asked, [backend.id])].join(
    '\n',
  )

function told(world: World, { gateway, method, target, headers }: Asked, ids: readonly string[]) {
  const lines = headers.map(([name, value]) => `  ${name}: ${SECRET.has(name) ? '...' : value}`)
  const objects = world.objects
    .map((object) => JSON.stringify(object))
    .filter((text) => ids.some((id) => isAbout(text, id)))
  return [
    `  seed ${world.seed}, ${world.flavour}, gateway ${gateway}, model header ${world.modelHeader}`,
    `  ${method} ${target}`,
    ...lines,
    ...objects.map((text) => `  ${text}`),
  ]
}

const SECRET: ReadonlySet<string> = new Set(['Authorization', 'x-api-key'])

function isAbout(text: string, id: string): boolean {
  const [kind, namespace, name] = id.split('/')
  return [`"kind":"${kind}"`, `"name":"${name}"`, `"namespace":"${namespace}"`].every((part) =>
    text.includes(part),
  )
}
