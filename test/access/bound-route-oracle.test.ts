import { describe, expect, it } from 'vitest'
import { tryRoutes } from '../../testing/gateway-api/run.ts'

describe('by the route that a gateway names', () => {
  const counts = tryRoutes(1, 20_000)

  it('nothing is let through to a service that does not allow it', () => {
    expect(counts.wrong.slice(0, 3)).toEqual([])
  })

  it('no plain request by a route of KServe is refused that its service allows', () => {
    expect(counts.refused.slice(0, 3)).toEqual([])
  })

  it('most of what every service behind the route allows is let through', () => {
    expect(counts.routed).toBeGreaterThan(10_000)
    expect(counts.harmless).toBeGreaterThan(2_500)
    expect(counts.allowed).toBeGreaterThan(0.8 * counts.harmless)
  })
})
