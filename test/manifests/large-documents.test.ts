import { once } from 'node:events'
import type { Worker } from 'node:worker_threads'
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Policy } from '../../src/access/policy.ts'
import type { Service } from '../../src/access/service.ts'
import { THREAD_IDLE_MS } from '../../src/common/parser-thread.ts'
import { MAX_PIECE } from '../../src/common/pieces.ts'
import { inSlices } from '../../src/common/slices.ts'
import { createDeclarations } from '../../src/manifests/declarations.ts'
import { readDocuments } from '../../src/manifests/documents.ts'
import { type ResourceReading, readResource } from '../../src/resources/resource.ts'
import { aService } from '../../testing/builders.ts'
import { SETTINGS } from '../../testing/objects.ts'
import { aPolicy } from '../../testing/policies/any-policies.ts'
import { anAccessPolicy } from '../../testing/policies/policies.ts'
import { countedTurns, turnsDuring } from '../../testing/working.ts'

const COUNT = 3_000
const item = (index: number) => `- {kind: Pod, apiVersion: v1, metadata: {name: pod-${index}}}\n`
const list = (count: number) =>
  `kind: List\nitems:\n${Array.from({ length: count }, (_, index) => item(index)).join('')}`

/** The result for a text, and the number of turns for everything else meanwhile. */
async function read(text: string, previous?: Parameters<typeof readDocuments<unknown>>[2]) {
  let reads = 0
  const take = (object: unknown) => {
    reads += 1
    return object
  }
  const bytes = new TextEncoder().encode(text)
  const { result, turns } = await turnsDuring(() => readDocuments<unknown>(bytes, take, previous))
  return { reading: result, turns, reads }
}

const many = <T>(value: T, length = 16_000): T[] => Array.from({ length }, () => value)

/** The fields and elements of a value, and of the values in it that are sent as JSON. */
function partsOf(value: unknown): number {
  if (typeof value === 'string' && value.startsWith('{"')) return partsOf(JSON.parse(value))
  return typeof value !== 'object' || value === null
    ? 0
    : Object.values(value).reduce((sum: number, entry) => sum + 1 + partsOf(entry), 0)
}

/** The objects of a document, and the sizes of the messages from the thread. */
async function handedOver(object: unknown) {
  await read(list(300))
  passIdleTime()
  const sizes: number[] = []
  const look = (worker: Worker) => {
    worker.on('message', (message) => void sizes.push(partsOf(message)))
  }
  process.on('worker', look)
  const { reading } = await read(JSON.stringify(object))
  process.off('worker', look)
  return { objects: reading.kind === 'read' ? reading.objects : [], sizes }
}

/** A thread without a document ends at once. */
const passIdleTime = () => vi.advanceTimersByTime(THREAD_IDLE_MS)

describe('a large document', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  })
  afterAll(() => {
    passIdleTime()
    vi.useRealTimers()
  })

  it('is read like a small one, with turns of the event loop between its objects', async () => {
    const { reading, turns } = await read(list(COUNT))
    expect(reading.kind === 'read' && reading.objects).toHaveLength(COUNT)
    expect(reading.kind === 'read' && reading.objects[7]).toMatchObject({
      kind: 'Pod',
      metadata: { name: 'pod-7' },
    })
    expect(turns).toBeGreaterThan(COUNT / 32)
  })

  it('is parsed in a thread with a bounded heap, which sends 32 objects at a time', async () => {
    await read(list(300))
    passIdleTime()
    const heaps: unknown[] = []
    let messages = 0
    const look = (worker: Worker) => {
      heaps.push(worker.resourceLimits?.maxOldGenerationSizeMb)
      worker.on('message', () => {
        messages += 1
      })
    }
    process.on('worker', look)
    await read(list(COUNT))
    process.off('worker', look)
    expect(heaps).toEqual([1_024])
    expect(messages).toBeGreaterThanOrEqual(COUNT / 32)
  })

  it.each([
    ['a status with many URLs', { status: { addresses: many({ url: 'http://a' }) } }],
    ['a Secret with many names', { data: Object.fromEntries(many('YQ==').entries()) }],
    ['a list of lists', many(many({}, 300), 300)],
  ])(
    'is handed over in small messages, however large its objects are: %s',
    async (_title, object) => {
      const { objects, sizes } = await handedOver(object)
      expect(objects).toEqual([object])
      expect(sizes.length).toBeGreaterThan(4)
      expect(Math.max(...sizes)).toBeLessThan(3 * MAX_PIECE)
    },
  )

  it('is handed over without what is not read of a policy with too many parts', async () => {
    const policy = anAccessPolicy({ allow: many({ from: [{ users: ['a'] }] }) })
    const { objects, sizes } = await handedOver(policy)
    expect(partsOf(policy)).toBeGreaterThan(64_000)
    expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(20_000)
    const [read, whole] = [objects[0], policy].map((object) => readResource(object, SETTINGS))
    expect(read).toEqual(whole)
    expect(read?.problems).toMatchObject([{ reason: 'PolicyInvalid' }])
  })

  it('is parsed in the thread of the one before, which ends after half a minute without one', async () => {
    const exits: Promise<unknown>[] = []
    const look = (worker: Worker) => exits.push(once(worker, 'exit'))
    await read(list(300))
    passIdleTime()
    process.on('worker', look)
    await read(list(300))
    vi.advanceTimersByTime(THREAD_IDLE_MS - 1)
    await read(list(300))
    vi.advanceTimersByTime(THREAD_IDLE_MS - 1)
    await read(list(300))
    expect(exits).toHaveLength(1)
    passIdleTime()
    await Promise.all(exits)
    await read(list(300))
    process.off('worker', look)
    expect(exits).toHaveLength(2)
  })

  it('that has not changed is not read again', async () => {
    const { reading } = await read(list(COUNT))
    const previous = reading.kind === 'read' ? reading.documents : undefined
    expect((await read(list(COUNT), previous)).reads).toBe(0)
    expect((await read(list(COUNT + 1), previous)).reads).toBe(COUNT + 1)
  })

  it.each([
    ['an unclosed list', 'a: [\n', { line: COUNT + 6, column: 1 }],
    ['an alias', 'a: *x\n', {}],
  ])('has its errors at their place: %s', async (_title, text, place) => {
    const { reading } = await read(`a: 1\n---\n${list(COUNT)}${text}`)
    expect(reading).toMatchObject({
      kind: 'faulty',
      fault: { reason: expect.any(String), ...place },
    })
  })

  it('is read if there are several at once, and after one with an error', async () => {
    const all = await Promise.all(
      [list(500), 'a: [\n'.repeat(2_000), list(600)].map((text) => read(text)),
    )
    expect(all.map(({ reading }) => reading.kind)).toEqual(['read', 'faulty', 'read'])
  })
})

const service = (given: Partial<Service> = {}): ResourceReading => ({
  identity: 'InferenceService team/iris',
  resource: { kind: 'service', service: aService(given) },
  problems: [],
})
const policy = (given: Partial<Policy> = {}): ResourceReading => ({
  identity: 'AccessPolicy team/strict',
  resource: { kind: 'policy', policy: aPolicy(given) },
  problems: [],
})

describe('objects in files', () => {
  function declaring() {
    const steps: string[] = []
    const declare = createDeclarations(
      {
        replace: (id, _previous, next) =>
          void steps.push(`${next === undefined ? '-' : '+'} ${id.split(' ')[0]}`),
        repeatersOf: () => [],
        problemsWith: () => [],
      },
      () => {},
    )
    const { turns, turn } = countedTurns()
    const take = async (readings: readonly ResourceReading[]) => {
      await inSlices(declare(new Map([['a.yaml', readings]])), turn)
      return steps.splice(0)
    }
    return { take, turns }
  }

  it('are denied by a policy before its services are added, and until they are removed', async () => {
    const { take } = declaring()
    expect(await take([service(), policy()])).toEqual(['+ AccessPolicy', '+ InferenceService'])
    expect(await take([])).toEqual(['- InferenceService', '- AccessPolicy'])
  })

  it('are applied in slices, with turns of the event loop in between', async () => {
    const { take, turns } = declaring()
    const many = Array.from({ length: 5_000 }, (_, index) => ({
      ...service({ name: `s${index}` }),
      identity: `InferenceService team/s${index}`,
    }))
    expect(await take(many)).toHaveLength(5_000)
    expect(turns.count).toBeGreaterThan(100)
  })
})
