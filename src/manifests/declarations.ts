// Puts in force what files declare.

import type { Work } from '../common/slices.ts'
import { printableName } from '../resources/object.ts'
import type { Problem } from '../resources/problem.ts'
import type { ResourceReading } from '../resources/resource.ts'
import { countsBesideOthers, lose } from './declared-kinds.ts'
import type { ManifestStore } from './store.ts'

/** The objects that a file declares. `lost`: it can no longer be read. Empty: it is gone. */
export type FileContent = readonly ResourceReading[] | 'lost'

/** All readings of one object, by file and position. */
type Declarations = ReadonlyMap<string, ResourceReading>

/**
 * Tracks what every file declares, and puts it in force. If a service, pod or policy is declared several
 * times, every declaration applies, so all must allow; of any other object none applies. Takes the new
 * content of files, object by object: a policy is put in force before the services it covers, and removed
 * after them.
 */
export function createDeclarations(
  holdings: Pick<ManifestStore, 'replace' | 'repeatersOf' | 'problemsWith'>,
  report: (problem: Problem) => void,
): (contents: ReadonlyMap<string, FileContent>) => Work<void> {
  const readingsIn = new Map<string, readonly ResourceReading[]>()
  /** Of most objects there is one: a map for each would be a third of their memory. */
  const declared = new Map<string, Alone | Map<string, ResourceReading>>()
  const declarationsOf = (identity: string): Declarations => mapOf(declared.get(identity))

  const put = (identity: string, id: string, reading: ResourceReading | undefined) => {
    const readings = mapOf(declared.get(identity))
    if (reading === undefined) readings.delete(id)
    else readings.set(id, reading)
    const [only] = readings
    if (only === undefined) declared.delete(identity)
    else declared.set(identity, readings.size === 1 ? only : readings)
  }

  /** Returns the changed objects with their previous declarations in force. */
  function* note(contents: ReadonlyMap<string, FileContent>): Work<Map<string, Declarations>> {
    const touched = new Map<string, Declarations>()
    for (const [file, content] of contents) {
      const before = readingsIn.get(file) ?? []
      const now = content === 'lost' ? before.flatMap(lose) : content
      if (now.length === 0) readingsIn.delete(file)
      else readingsIn.set(file, now)
      for (const [identity, id, reading] of yield* changesIn(file, before, now)) {
        if (!touched.has(identity))
          touched.set(identity, counting(identity, declarationsOf(identity)))
        put(identity, id, reading)
        yield UNITS
      }
      for (const problem of problemsIn(file, before, now)) report(problem)
    }
    return touched
  }

  return function* take(contents) {
    const touched = yield* note(contents)
    const turns: Record<Turn, (() => void)[]> = { first: [], between: [], last: [] }
    for (const [identity, previous] of touched) {
      const next = counting(identity, declarationsOf(identity))
      turns[turnOf(previous, next)].push(() => enforce(holdings, previous, next))
      yield UNITS
    }
    for (const enforceOne of [...turns.first, ...turns.between, ...turns.last]) {
      enforceOne()
      yield UNITS
    }
    for (const identity of touched.keys()) {
      for (const problem of conflictsOf(identity, declarationsOf(identity), holdings))
        report(problem)
      yield UNITS
    }
  }
}

type Alone = readonly [id: string, reading: ResourceReading]

const mapOf = (kept: Alone | Map<string, ResourceReading> = new Map()) =>
  kept instanceof Map ? kept : new Map([kept])

/** Cost of one object: a few microseconds. */
const UNITS = 40

type Turn = 'first' | 'between' | 'last'

/** Orders changes so that no service is open temporarily. */
function turnOf(previous: Declarations, next: Declarations): Turn {
  if (hasPolicy(next)) return 'first'
  return hasPolicy(previous) ? 'last' : 'between'
}

const hasPolicy = (declarations: Declarations): boolean =>
  [...declarations.values()].some(({ resource }) => resource.kind === 'policy')

type Change = readonly [identity: string, id: string, reading: ResourceReading | undefined]

/** The readings that a file adds, changes or removes (`undefined`). */
function* changesIn(
  file: string,
  before: readonly ResourceReading[],
  now: readonly ResourceReading[],
): Work<Change[]> {
  const old = yield* countedReadings(file, before)
  const next = yield* countedReadings(file, now)
  const changes: Change[] = []
  for (const [id, reading] of next)
    if (reading.identity !== undefined && old.get(id) !== reading)
      changes.push([reading.identity, id, reading])
  for (const [id, { identity }] of old)
    if (identity !== undefined && !next.has(id)) changes.push([identity, id, undefined])
  return changes
}

/** The declarations of one object that are in force. */
function counting(identity: string, declarations: Declarations): Declarations {
  const all = [...declarations].filter(([, { resource }]) => countsBesideOthers(resource))
  const [only, ...others] = declarations.values()
  if (all.length > 0 || only === undefined || others.length > 0) return new Map(all)
  return new Map([[identity, only]])
}

function enforce(
  { replace }: Pick<ManifestStore, 'replace'>,
  previous: Declarations,
  next: Declarations,
) {
  for (const [id, reading] of next)
    if (previous.get(id) !== reading) replace(id, previous.get(id)?.resource, reading.resource)
  for (const [id, { resource }] of previous) if (!next.has(id)) replace(id, resource, undefined)
}

function problemsIn(
  file: string,
  before: readonly ResourceReading[],
  now: readonly ResourceReading[],
): readonly Problem[] {
  const reported = new Set(before)
  return now
    .filter((reading) => reading.problems.length > 0 && !reported.has(reading))
    .flatMap(({ problems }) => problems)
    .map((problem) => ({ ...problem, message: `${problem.message} (in ${file})` }))
}

function conflictsOf(
  identity: string,
  declarations: Declarations,
  { repeatersOf, problemsWith }: Pick<ManifestStore, 'repeatersOf' | 'problemsWith'>,
): readonly Problem[] {
  const meaningful = [...declarations.values()].filter(
    ({ resource: { kind } }) => kind !== 'ignored',
  )
  const [first] = meaningful
  if (first === undefined) return []
  if (declarations.size > 1) {
    const outcome = countsBesideOthers(first.resource) ? 'all must allow' : 'none of them is used'
    const message = `declared ${declarations.size} times: ${outcome}`
    return [{ object: printableName(identity), reason: 'DeclaredTwice', message }]
  }
  const secrets = repeatersOf(first.resource)
  if (secrets.length === 0) return problemsWith(first.resource)
  const message = `${secrets.join(' and ')} hold the same credential: it is not accepted`
  return [{ object: identity, reason: 'CredentialRepeated', message }]
}

/** The readings of a file, by identity, file and number among those of the same object. */
function* countedReadings(file: string, readings: readonly ResourceReading[]): Work<Declarations> {
  const counts = new Map<string, number>()
  const byId = new Map<string, ResourceReading>()
  const first = ` ${file} 0`
  for (const reading of readings) {
    if (reading.identity === undefined) continue
    const count = counts.get(reading.identity) ?? 0
    counts.set(reading.identity, count + 1)
    // There is seldom another one: a text with one part of its own takes a third of the memory.
    byId.set(reading.identity + (count === 0 ? first : ` ${file} ${count}`), reading)
    yield 2
  }
  return byId
}
