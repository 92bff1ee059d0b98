import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  broken,
  type FakeApiServer,
  fakeCertificates,
  json,
  quiet,
  silent,
  startFakeApiServer,
  status,
  text,
} from '../support/api-server.ts'
import { type FakeCollection, fakeCollection } from '../support/api-server-objects.ts'
import { ROLES, startFollowing } from './following.ts'

const PATIENCE = { timeout: 10_000, interval: 5 }

vi.setConfig({ testTimeout: 15_000 })

let certificates: Awaited<ReturnType<typeof fakeCertificates>>
let server: FakeApiServer
let collection: FakeCollection
let following: ReturnType<typeof startFollowing> | undefined

beforeAll(async () => {
  certificates = await fakeCertificates()
})
beforeEach(async () => {
  collection = fakeCollection()
  collection.put('a')
  collection.put('b')
  server = await startFakeApiServer(certificates, collection.answer)
})
afterEach(async () => {
  await following?.stop()
  await server.close()
})

function start(
  ...given: Parameters<typeof startFollowing> extends [unknown, ...infer R] ? R : never
) {
  following = startFollowing(server, ...given)
  return following
}

const names = (expected: readonly string[]) =>
  expect.poll(() => following?.names(), PATIENCE).toEqual(expected)

const urls = () => server.requests.map(({ url }) => url)

describe('following a collection', () => {
  it('begins with all that is there, in one stream', async () => {
    const { synced } = start()
    await names(['a', 'b'])
    await expect.poll(() => synced, PATIENCE).toEqual([true])
    expect(urls().map(({ searchParams }) => searchParams.get('sendInitialEvents'))).toEqual([
      'true',
    ])
  })

  it('sees what comes, changes and goes', async () => {
    const { puts } = start()
    await names(['a', 'b'])
    collection.put('c')
    collection.put('a')
    collection.remove('b')
    await names(['a', 'c'])
    expect(puts.slice(2)).toEqual(['team/c', 'team/a'])
  })

  it('asks for metadata where they are enough', async () => {
    start()
    await names(['a', 'b'])
    expect(server.requests[0]?.headers.accept).toMatch(/as=PartialObjectMetadata;v=v1;g=meta/)
  })

  it('goes on where a watch ended, and says nothing twice', async () => {
    const { puts, failures } = start()
    await names(['a', 'b'])
    collection.endWatches()
    collection.put('c')
    await names(['a', 'b', 'c'])
    expect(puts).toEqual(['team/a', 'team/b', 'team/c'])
    expect(failures).toEqual([])
  })

  it('goes on from a bookmark', async () => {
    const { heard } = start()
    await expect.poll(heard, PATIENCE).toBe(3)
    collection.bookmark()
    await expect.poll(heard, PATIENCE).toBe(4)
    collection.endWatches()
    await expect.poll(() => urls().at(-1)?.searchParams.get('resourceVersion'), PATIENCE).toBe('3')
  })
})

describe('where streams of all objects are refused', () => {
  it.each([400, 403, 422])('with %d, lists by pages', async (code) => {
    for (let index = 0; index < 1_200; index += 1) collection.put(`n${index}`)
    server.next(status(code))
    const { synced, names: held } = start()
    await expect.poll(() => synced, PATIENCE).toEqual([true])
    expect(held()).toHaveLength(1_202)
    const limits = urls().map(({ searchParams }) => searchParams.get('limit'))
    expect(limits.filter((limit) => limit !== null)).toEqual(['500', '500', '500'])
  })

  it('begins a list anew that broke off, and takes none for complete before', async () => {
    for (let index = 0; index < 700; index += 1) collection.put(`n${index}`)
    server.next(status(422), collection.answer, status(500), status(422))
    const { synced, names: held } = start()
    await expect.poll(() => synced, PATIENCE).toEqual([true])
    expect(held()).toHaveLength(702)
  })

  it('asks for smaller pages where one is too long', async () => {
    const long = text(`{"items":[],"x":"${'x'.repeat(65 * 1024 * 1024)}"}`)
    server.next(status(422), long)
    start()
    await names(['a', 'b'])
    expect(urls().map(({ searchParams }) => searchParams.get('limit'))).toContain('63')
  })
})

describe('what was deleted in a gap is gone after', () => {
  it.each([
    ['a version that is Gone', status(410)],
    ['an event that says so', json({ type: 'ERROR', object: { code: 410 } })],
  ])('%s', async (_title, gone) => {
    start()
    await names(['a', 'b'])
    server.next(gone)
    collection.endWatches()
    collection.remove('a')
    collection.put('c')
    await names(['b', 'c'])
  })

  it('a list that fails at first', async () => {
    start()
    await names(['a', 'b'])
    server.next(status(410), status(500), status(422), status(500), status(422))
    collection.endWatches()
    collection.remove('a')
    await names(['b'])
  })

  it('silence twice: the version may be one that the API server never reaches', async () => {
    const { failures } = start({ silence: 100 })
    await names(['a', 'b'])
    server.next(quiet, quiet)
    collection.endWatches()
    collection.remove('a')
    await names(['b'])
    expect(failures.join()).toContain('silent for too long')
  })
})

it('goes on from where it was after silence', async () => {
  start({ silence: 100 })
  await names(['a', 'b'])
  const versions = () => urls().map(({ searchParams }) => searchParams.get('resourceVersion'))
  await expect.poll(() => versions().slice(0, 2), PATIENCE).toEqual([null, '3'])
})

describe('recovers from', () => {
  it.each([
    ['401', status(401)],
    ['403', status(403)],
    ['429', status(429)],
    ['500', status(500)],
    ['503', status(503)],
    ['a connection that breaks off', broken('{"type":"ADDED"')],
    ['an event that is cut off', text('{"type":"MODIFIED","object":{"meta')],
    ['an event that is not JSON', text('sk-secret is no JSON\n')],
    ['an event that is no object', text('{"type":"ADDED","object":7}\n')],
    ['an event of an unknown type', text('{"type":"NEW","object":{}}\n')],
  ])('%s', async (_title, fault) => {
    const { failures } = start()
    await names(['a', 'b'])
    server.next(fault)
    collection.endWatches()
    collection.put('c')
    await names(['a', 'b', 'c'])
    expect(failures.join()).not.toContain('secret')
  })

  it('connections that are dropped', async () => {
    start()
    await names(['a', 'b'])
    server.dropConnections()
    collection.put('c')
    await names(['a', 'b', 'c'])
  })

  it('an API server that does not answer', async () => {
    server.next(silent)
    start({ request: 50 })
    await names(['a', 'b'])
  })

  it('a keeper that cannot keep an object: what it was before is gone', async () => {
    const { failures } = start()
    await names(['a', 'b'])
    collection.put('a', { fault: true })
    await names(['b'])
    expect(failures).toEqual(['Error: a fault of the keeper'])
  })

  it('many failures, waiting longer each time but never longer than the longest wait', async () => {
    server.next(...Array.from({ length: 12 }, () => status(500)))
    const { failures } = start()
    await names(['a', 'b'])
    expect(failures).toHaveLength(12)
  })
})

it('waits as long as the API server asks', async () => {
  server.next(status(429, { 'retry-after': '1' }))
  const begun = performance.now()
  start()
  await names(['a', 'b'])
  expect(performance.now() - begun).toBeGreaterThan(990)
})

describe('a kind that the cluster does not have', () => {
  const many = (count: number) => Array.from({ length: count }, () => status(404))

  it('is looked for until it is there', async () => {
    server.next(...many(3))
    const { synced } = start()
    await names(['a', 'b'])
    expect(synced.at(0)).toBe(false)
    expect(synced.at(-1)).toBe(true)
  })

  it('is looked for in each version', async () => {
    server.next(status(404))
    start({}, { ...ROLES, paths: ['/apis/x/v2/roles', '/apis/x/v1/roles'] })
    await names(['a', 'b'])
    expect(urls().map(({ pathname }) => pathname)).toEqual(['/apis/x/v2/roles', '/apis/x/v1/roles'])
  })

  it('is not gone because an API server that has just begun does not know it yet', async () => {
    const { synced, puts } = start()
    await names(['a', 'b'])
    server.next(status(404))
    collection.endWatches()
    collection.put('c')
    await names(['a', 'b', 'c'])
    expect(synced).toEqual([true, true])
    expect(puts).toEqual(['team/a', 'team/b', 'team/c'])
  })

  it('is gone when it is not found twice', async () => {
    start()
    await names(['a', 'b'])
    server.next(...many(100))
    collection.endWatches()
    await names([])
  })
})
