import { describe, expect, it } from 'vitest'
import { createRouteIndex, MAX_ROUTE_KEYS } from '../../src/access/route-index.ts'
import { aBackend, aGatewayRoute, aMatch, aRule } from '../../testing/builders.ts'

/** The number of routes that are compared with a request for this path. */
function comparedAt(path: string, hosts: number, matches: number): number {
  const index = createRouteIndex()
  const route = aGatewayRoute({
    hostnames: Array.from({ length: hosts }, (_, at) => `h${at}.test`),
    rules: [
      aRule(
        [aBackend('iris-predictor')],
        ...Array.from({ length: matches }, (_, at) =>
          aMatch({ path: { type: 'prefix', value: `/p${at}` } }),
        ),
      ),
    ],
  })
  index.put('id', { route, from: 0, until: undefined })
  const asked = { host: 'h1.test', method: 'GET', headers: new Map(), path }
  return index.candidates(asked)?.size ?? Number.NaN
}

describe('a request is compared with a route', () => {
  it('if a match of the route may have its path', () => {
    expect(comparedAt('/p1/x', 2, 2)).toBe(1)
    expect(comparedAt('/q', 2, 2)).toBe(0)
  })

  it('whatever its path, if the route has more hostnames times matches than a bound', () => {
    expect(comparedAt('/q', 64, MAX_ROUTE_KEYS / 64)).toBe(0)
    expect(comparedAt('/q', 64, MAX_ROUTE_KEYS / 64 + 1)).toBe(1)
  })
})
