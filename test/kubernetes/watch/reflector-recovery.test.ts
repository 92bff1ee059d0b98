import { describe, expect, it } from 'vitest'
import { broken, json, quiet, silent, status, text } from '../../../testing/cluster/api-server.ts'
import { followingWorld, PATIENCE } from './reflecting.ts'

const world = followingWorld()
const { start, names, urls } = world

const ADDED = `${JSON.stringify({
  type: 'ADDED',
  object: { metadata: { namespace: 'team', name: 'a', resourceVersion: '2' } },
})}\n`

describe('objects deleted in a gap are removed after', () => {
  it.each([
    ['a version that is Gone', status(410)],
    ['an ERROR event with 410', json({ type: 'ERROR', object: { code: 410 } })],
  ])('%s', async (_title, gone) => {
    start()
    await names(['a', 'b'])
    world.server().next(gone)
    world.collection().endWatches()
    world.collection().remove('a')
    world.collection().put('c')
    await names(['b', 'c'])
  })

  it('a list that fails at first', async () => {
    start()
    await names(['a', 'b'])
    world.server().next(status(410), status(500), status(422), status(500), status(422))
    world.collection().endWatches()
    world.collection().remove('a')
    await names(['b'])
  })

  it('two silent periods: the version may be one that the API server never reaches', async () => {
    const { failures } = start({ silence: 100 })
    await names(['a', 'b'])
    world.server().next(quiet, quiet)
    world.collection().endWatches()
    world.collection().remove('a')
    await names(['b'])
    expect(failures.join()).toContain('silent for too long')
  })
})

it('continues from its version after silence', async () => {
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
    ['an interrupted connection', broken('{"type":"ADDED"')],
    ['a truncated event', text('{"type":"MODIFIED","object":{"meta')],
    ['an event that is not JSON', text('sk-secret is no JSON\n')],
    ['an event that is not an object', text('{"type":"ADDED","object":7}\n')],
    ['an event of an unknown type', text('{"type":"NEW","object":{}}\n')],
  ])('%s', async (_title, fault) => {
    const { failures } = start()
    await names(['a', 'b'])
    world.server().next(fault)
    world.collection().endWatches()
    world.collection().put('c')
    await names(['a', 'b', 'c'])
    expect(failures.join()).not.toContain('secret')
  })

  it('connections that are dropped', async () => {
    start()
    await names(['a', 'b'])
    world.server().dropConnections()
    world.collection().put('c')
    await names(['a', 'b', 'c'])
  })

  it('an API server that does not answer', async () => {
    world.server().next(silent)
    start({ request: 50 })
    await names(['a', 'b'])
  })

  it('a handler that cannot put an object: its previous state is removed', async () => {
    const { failures } = start()
    await names(['a', 'b'])
    world.collection().put('a', { fault: true })
    await names(['b'])
    expect(failures).toEqual(['Error: a fault of the handler'])
  })

  it('many failures, with growing waits up to the maximum', async () => {
    world.server().next(...Array.from({ length: 12 }, () => status(500)))
    const { failures } = start()
    await names(['a', 'b'])
    expect(failures).toHaveLength(12)
  })
})

describe('the data is confirmed', () => {
  it('regularly, by an API server that never sends bookmarks', async () => {
    const { heard } = start({ silence: 30 })
    await names(['a', 'b'])
    await expect.poll(heard, PATIENCE).toBeGreaterThan(3)
  })

  it.each([
    ['an event that says that the watch is over', json({ type: 'ERROR', object: { code: 410 } })],
    ['an event that is unreadable', text('{"type":"NEW","object":{}}\n')],
    ['a part of all objects', broken(ADDED)],
    ['nothing', quiet],
  ])('never by %s', async (_title, answer) => {
    const { heard } = start({ silence: 200, request: 200 })
    await names(['a', 'b'])
    world.server().next(status(410), ...Array.from({ length: 1_000 }, () => answer))
    world.collection().endWatches()
    const asked = world.server().requests.length
    await expect.poll(() => world.server().requests.length, PATIENCE).toBeGreaterThan(asked)
    const before = heard()
    await expect.poll(() => world.server().requests.length, PATIENCE).toBeGreaterThan(asked + 8)
    expect(heard()).toBe(before)
  })

  it('never by a list whose pages do not end', async () => {
    const page = json({ metadata: { resourceVersion: '9', continue: 'x' }, items: [] })
    world.server().next(status(422), ...Array.from({ length: 1_000 }, () => page))
    const { heard } = start()
    await expect.poll(() => world.server().requests.length, PATIENCE).toBeGreaterThan(5)
    expect(heard()).toBe(0)
  })
})

it('waits as long as the API server asks', async () => {
  world.server().next(status(429, { 'retry-after': '1' }))
  const begun = performance.now()
  start()
  await names(['a', 'b'])
  expect(performance.now() - begun).toBeGreaterThan(990)
})
