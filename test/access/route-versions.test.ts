import { describe, expect, it, vi } from 'vitest'
import type { GatewayRoute } from '../../src/access/gateway-route.ts'
import { createRouteVersions, GATEWAY_LAG_MS, MAX_FORMER } from '../../src/access/route-versions.ts'

const REF = { kind: 'HTTPRoute', namespace: 'team', name: 'iris' } as const

const aRoute = (host: string): GatewayRoute => ({
  ...REF,
  accepted: true,
  owner: undefined,
  hostnames: [host],
  rules: [],
})

function table() {
  let now = 0
  const routes = createRouteVersions(() => now)
  const hosts = () => routes.versionsOf(REF).flatMap(({ hostnames }) => hostnames)
  return { ...routes, hosts, pass: (ms: number) => (now += ms) }
}

describe('the versions of a route', () => {
  it('are empty for an unknown route', () => {
    expect(table().hosts()).toEqual([])
  })

  it('are the current and the previous one until gateways know of the change', () => {
    const { put, hosts, pass } = table()
    put('id', aRoute('a'))
    put('id', aRoute('b'))
    expect(hosts()).toEqual(['b', 'a'])
    pass(GATEWAY_LAG_MS - 1)
    put('id', aRoute('c'))
    expect(hosts()).toEqual(['c', 'a', 'b'])
    pass(1)
    expect(hosts()).toEqual(['c', 'b'])
    pass(GATEWAY_LAG_MS)
    expect(hosts()).toEqual(['c'])
  })

  it('do not change if only the status has changed', () => {
    const { put, hosts } = table()
    put('id', aRoute('a'))
    put('id', aRoute('a'))
    expect(hosts()).toEqual(['a'])
  })

  it('are empty after its removal', () => {
    const { put, remove, hosts, size } = table()
    put('id', aRoute('a'))
    remove('id')
    remove('id')
    expect([hosts(), size()]).toEqual([[], 0])
  })

  it('are both present if it is created again', () => {
    const { put, remove, hosts, pass } = table()
    put('id', aRoute('a'))
    remove('id')
    put('other id', aRoute('b'))
    expect(hosts()).toEqual(['b', 'a'])
    pass(GATEWAY_LAG_MS)
    expect(hosts()).toEqual(['b'])
  })

  it('are empty while there are too many of them', () => {
    const { put, hosts, pass } = table()
    for (let version = 0; version <= MAX_FORMER; version += 1) put('id', aRoute(`${version}`))
    expect(hosts()).toHaveLength(MAX_FORMER + 1)
    for (let version = 0; version < 100; version += 1) put('id', aRoute(`again-${version}`))
    expect(hosts()).toEqual([])
    pass(GATEWAY_LAG_MS)
    expect(hosts()).toEqual(['again-99'])
  })
})

it('at most 17 former versions of a route are kept', () => {
  const { put, hosts } = table()
  for (let index = 0; index < 100; index += 1) put('id', aRoute(`h${index}`))
  const filter = vi.spyOn(Array.prototype, 'filter')
  hosts()
  const lengths = filter.mock.contexts.map((list) => (Array.isArray(list) ? list.length : 0))
  filter.mockRestore()
  expect(Math.max(...lengths)).toBe(MAX_FORMER + 1)
})
