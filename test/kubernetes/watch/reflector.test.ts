import { describe, expect, it } from 'vitest'
import { json, status, text } from '../../../testing/cluster/api-server.ts'
import { followingWorld, PATIENCE, ROLES } from './reflecting.ts'

const world = followingWorld()
const { start, names, urls } = world

describe('a reflector', () => {
  it('starts with all objects, in one stream', async () => {
    const { synced } = start()
    await names(['a', 'b'])
    await expect.poll(() => synced, PATIENCE).toEqual([true])
    expect(urls().map(({ searchParams }) => searchParams.get('sendInitialEvents'))).toEqual([
      'true',
    ])
  })

  it('sees objects that are added, changed and deleted', async () => {
    const { puts } = start()
    await names(['a', 'b'])
    world.collection().put('c')
    world.collection().put('a')
    world.collection().remove('b')
    await names(['a', 'c'])
    expect(puts.slice(2)).toEqual(['team/c', 'team/a'])
  })

  it('requests metadata where they suffice', async () => {
    start()
    await names(['a', 'b'])
    expect(world.server().requests[0]?.headers.accept).toMatch(
      /as=PartialObjectMetadata;v=v1;g=meta/,
    )
  })

  it('continues where a watch ended, without duplicates', async () => {
    const { puts, failures } = start()
    await names(['a', 'b'])
    world.collection().endWatches()
    world.collection().put('c')
    await names(['a', 'b', 'c'])
    expect(puts).toEqual(['team/a', 'team/b', 'team/c'])
    expect(failures).toEqual([])
  })

  it('continues from a bookmark', async () => {
    const { heard } = start()
    await expect.poll(heard, PATIENCE).toBe(1)
    world.collection().bookmark()
    await expect.poll(heard, PATIENCE).toBe(2)
    world.collection().endWatches()
    await expect.poll(() => urls().at(-1)?.searchParams.get('resourceVersion'), PATIENCE).toBe('3')
  })
})

describe('if streaming lists are refused', () => {
  it.each([400, 403, 422])('with %d, it lists in pages', async (code) => {
    for (let index = 0; index < 1_200; index += 1) world.collection().put(`n${index}`)
    world.server().next(status(code))
    const { synced, names: held } = start()
    await expect.poll(() => synced, PATIENCE).toEqual([true])
    expect(held()).toHaveLength(1_202)
    const limits = urls().map(({ searchParams }) => searchParams.get('limit'))
    expect(limits.filter((limit) => limit !== null)).toEqual(['500', '500', '500'])
  })

  it('it restarts an interrupted list, and does not treat it as complete', async () => {
    for (let index = 0; index < 700; index += 1) world.collection().put(`n${index}`)
    world.server().next(status(422), world.collection().answer, status(500), status(422))
    const { synced, names: held } = start()
    await expect.poll(() => synced, PATIENCE).toEqual([true])
    expect(held()).toHaveLength(702)
  })

  it('it requests smaller pages if one of several objects is over 2 MiB', async () => {
    const long = text(`{"items":[],"x":"${'x'.repeat(2 * 1024 * 1024)}"}`)
    world.server().next(status(422), long)
    start()
    await names(['a', 'b'])
    expect(urls().map(({ searchParams }) => searchParams.get('limit'))).toContain('63')
  })
})

describe('an optional kind', () => {
  const optional = { ...ROLES, optional: true }
  const forbidden = (count: number) => Array.from({ length: count }, () => status(403))

  it('is skipped while its permission is missing', async () => {
    world.server().next(...forbidden(4))
    const { withheld, synced, failures } = start({ absent: 1 }, optional)
    await names(['a', 'b'])
    expect(withheld).toHaveLength(1)
    expect([synced, failures]).toEqual([[true], []])
  })

  it('is not partially known if its permission is missing after an interrupted list', async () => {
    for (let index = 0; index < 700; index += 1) world.collection().put(`n${index}`)
    world.server().next(status(422), world.collection().answer, status(500), ...forbidden(4))
    const { withheld, puts, names: held } = start({ absent: 60_000 }, optional)
    await expect.poll(() => withheld, PATIENCE).toHaveLength(1)
    expect(puts.length).toBeGreaterThan(0)
    expect(held()).toEqual([])
  })

  it('is required like any other once it was available', async () => {
    const { withheld, failures } = start({}, optional)
    await names(['a', 'b'])
    world.server().next(status(410), ...forbidden(2))
    world.collection().endWatches()
    await expect.poll(() => failures.length, PATIENCE).toBeGreaterThan(1)
    await names(['a', 'b'])
    expect(withheld).toEqual([])
  })

  it('is waited for if it is not optional', async () => {
    world.server().next(...forbidden(2))
    const { withheld, failures } = start()
    await names(['a', 'b'])
    expect([withheld.length, failures.length]).toEqual([0, 1])
  })
})

describe('a kind that the cluster does not have', () => {
  const many = (count: number) => Array.from({ length: count }, () => status(404))

  it('is looked up until it exists', async () => {
    world.server().next(...many(3))
    const { synced } = start()
    await names(['a', 'b'])
    expect(synced.at(0)).toBe(false)
    expect(synced.at(-1)).toBe(true)
  })

  it('is confirmed by each look-up: its data cannot be old', async () => {
    world.server().next(...many(1_000))
    const { heard, synced, names: held } = start()
    await expect.poll(() => synced.length, PATIENCE).toBeGreaterThan(2)
    expect(heard()).toBeGreaterThan(2)
    expect(held()).toEqual([])
  })

  it('is looked up in each version', async () => {
    world.server().next(status(404))
    start({}, { ...ROLES, paths: ['/apis/x/v2/roles', '/apis/x/v1/roles'] })
    await names(['a', 'b'])
    expect(urls().map(({ pathname }) => pathname)).toEqual(['/apis/x/v2/roles', '/apis/x/v1/roles'])
  })

  it('does not count as removed because a newly started API server does not know it yet', async () => {
    const { synced, puts } = start()
    await names(['a', 'b'])
    world.server().next(status(404))
    world.collection().endWatches()
    world.collection().put('c')
    await names(['a', 'b', 'c'])
    expect(synced).toEqual([true, true])
    expect(puts).toEqual(['team/a', 'team/b', 'team/c'])
  })

  it('counts as removed when it is not found twice', async () => {
    start()
    await names(['a', 'b'])
    world.server().next(...many(100))
    world.collection().endWatches()
    await names([])
  })

  it('counts as absent if discovery is not permitted', async () => {
    world.server().next(status(404), status(403))
    const { synced } = start()
    await expect.poll(() => synced, PATIENCE).toEqual([false, true])
  })
})

describe('a kind that the cluster has in another version only', () => {
  const group = json({ versions: [{ groupVersion: 'x/v7' }, { groupVersion: 'x/v8' }] })
  const others = json({ resources: [{ name: 'other' }] })
  const roles = json({ resources: [{ name: 'roles/status' }, { name: 'roles' }] })

  it('does not count as removed: known objects stay, and it is reported', async () => {
    const { failures } = start()
    await names(['a', 'b'])
    world.server().next(status(404), status(404), group, others, roles)
    world.collection().endWatches()
    world.collection().remove('a')
    await expect.poll(() => failures, PATIENCE).toHaveLength(1)
    expect(failures.join()).toContain('status 404')
    await names(['b'])
    expect(urls().map(({ pathname }) => pathname)).toEqual(
      expect.arrayContaining(['/apis/x', '/apis/x/v7', '/apis/x/v8']),
    )
  })

  it('does not count as absent at the start', async () => {
    world.server().next(status(404), group, roles, status(404), group, roles)
    const { synced, failures } = start()
    await names(['a', 'b'])
    expect(synced).toEqual([true])
    expect(failures).toHaveLength(2)
  })

  it.each([
    ['does not list them', status(500)],
    ['returns something unreadable', json({ versions: 7 })],
  ])('does not count as absent if the API server %s', async (_title, answer) => {
    world.server().next(status(404), answer)
    const { synced, failures } = start()
    await names(['a', 'b'])
    expect(synced).toEqual([true])
    expect(failures).toHaveLength(1)
  })

  it('is also noticed if there was none before', async () => {
    const many = Array.from({ length: 30 }, () => status(404))
    world.server().next(status(404), ...many, group, roles)
    const { failures } = start({ absent: 1 })
    await expect.poll(() => failures, PATIENCE).toHaveLength(1)
  })
})

it('a kind of the core API is never absent', async () => {
  world.server().next(status(404))
  const { synced, failures } = start({}, { ...ROLES, paths: ['/api/v1/roles'] })
  await names(['a', 'b'])
  expect(synced).toEqual([true])
  expect(failures).toHaveLength(1)
})
