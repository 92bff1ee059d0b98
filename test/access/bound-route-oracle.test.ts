import { describe, expect, it } from 'vitest'
import { tryRoutes } from '../../testing/gateway-api/run.ts'

describe('on a route that a gateway names', () => {
  const counts = tryRoutes(1, 20_000)

  it('no request is allowed that the service denies', () => {
    expect(counts.wrong.slice(0, 3)).toEqual([])
  })

  it('no plain request on a KServe route is denied that the service allows', () => {
    expect(counts.refused.slice(0, 3)).toEqual([])
  })

  it('most requests that every service behind the route allows are allowed', () => {
    expect(counts.routed).toBeGreaterThan(10_000)
    expect(counts.harmless).toBeGreaterThan(2_500)
    expect(counts.allowed).toBeGreaterThan(0.8 * counts.harmless)
  })
})
