import { describe, expect, it, vi } from 'vitest'
import { createSummaries } from '../src/access/claim-values.ts'
import { createDirectory, type Directory } from '../src/access/directory.ts'
import { findTargets } from '../src/access/find-targets.ts'
import { MAX_VALUES } from '../src/access/header-values.ts'
import { servicesByHeaders } from '../src/access/matched-routes.ts'
import { holdsOneOf, MAX_SETS } from '../src/access/membership.ts'
import { MAX_KEPT, reachable } from '../src/access/own-routes.ts'
import { MAX_SUBPROTOCOLS, subprotocolsIn } from '../src/access/subprotocols.ts'
import { walkCookies } from '../src/common/cookies.ts'
import { canonicalHost } from '../src/common/host.ts'
import { MAX_ROUTE_SEGMENTS, plainLead } from '../src/common/path.ts'
import { aRequest, aService, GATEWAYS } from '../testing/builders.ts'

describe('lists in a header', () => {
  it.each([
    ['subprotocols', () => subprotocolsIn('a,'.repeat(10_000)), MAX_SUBPROTOCOLS + 1],
    ['values that choose a route', () => routedBy('a,'.repeat(10_000)), MAX_VALUES + 1],
  ])('are cut at a number: %s', (_title, look, most) => {
    const trim = vi.spyOn(String.prototype, 'trim')
    const found = look()
    const { length } = trim.mock.calls
    trim.mockRestore()
    expect(length).toBe(most)
    expect(found).toBeUndefined()
  })
})

describe('what is kept of lists', () => {
  it('is as many sets as a bound, and all are built again beyond it', () => {
    let built = 0
    const list = (name: string) => {
      const texts = Array.from({ length: 20 }, (_, index) => `${name}-${index}`)
      const iterate = texts[Symbol.iterator].bind(texts)
      return Object.assign(texts, {
        [Symbol.iterator]: () => {
          built += 1
          return iterate()
        },
      })
    }
    const lists = Array.from({ length: MAX_SETS + 1 }, (_, index) => list(String(index)))
    for (const each of lists) holdsOneOf(each, ['a'])
    expect(built).toBe(lists.length)
    holdsOneOf(lists[MAX_SETS] ?? [], ['a'])
    expect(built).toBe(lists.length)
    holdsOneOf(lists[0] ?? [], ['a'])
    expect(built).toBe(lists.length + 1)
  })

  it('is as many entries of claims as a bound, and all are read again beyond it', () => {
    const read: string[] = []
    const summaryOf = createSummaries((name: string) => {
      read.push(name)
      return { clear: Array.from({ length: 30_000 }, (_, index) => index), doubtful: [] }
    })
    for (const name of ['a', 'b', 'b', 'c', 'c', 'a']) summaryOf(name)
    expect(read).toEqual(['a', 'b', 'c', 'a'])
  })

  it('is as many answers for routes of any host as a bound, and all are made again beyond it', () => {
    const services = [aService()]
    const at = (index: number) => reachable(services, [], { gateways: new Set([`gw/g-${index}`]) })
    const first = at(0)
    expect(at(0)).toBe(first)
    for (let index = 1; index < MAX_KEPT; index += 1) at(index)
    expect(at(0)).toBe(first)
    at(MAX_KEPT)
    expect(at(0)).not.toBe(first)
  })
})

/** Of a directory whose routes depend on a header. */
const routedBy = (value: string) =>
  servicesByHeaders(
    { headers: new Map([['x-model', value]]) },
    { routesByHeader: () => true, servicesByHeader: () => [] },
  )

describe('a long path', () => {
  /** How often the directory is asked for the services of a path. */
  function lookUpsFor(segments: number): number {
    let lookUps = 0
    const directory: Directory = {
      ...createDirectory(),
      divides: () => true,
      servicesRoutedBy: () => {
        lookUps += 1
        return []
      },
    }
    const request = aRequest({ host: 'a.example.com', path: '/a'.repeat(segments) })
    findTargets(request, directory, GATEWAYS, () => true)
    return lookUps
  }

  it('is looked up as one of 16 segments is', () => {
    expect(lookUpsFor(16)).toBeGreaterThan(16)
    expect(lookUpsFor(1_000)).toBe(lookUpsFor(16))
  })

  it('leads by at most 16 segments', () => {
    expect(plainLead('/a'.repeat(100))).toBe('/a'.repeat(MAX_ROUTE_SEGMENTS))
  })
})

it('a host that is longer than any is not matched', () => {
  const exec = vi.spyOn(RegExp.prototype, 'exec')
  const found = canonicalHost('a'.repeat(263))
  const { length } = exec.mock.calls
  exec.mockRestore()
  expect([found, length]).toEqual([undefined, 0])
})

it('cookies of a header that is longer than any are not read', () => {
  const visit = vi.fn(() => true)
  expect(walkCookies(`a=${'b'.repeat(65_535)}`, visit)).toBe(false)
  expect(visit).not.toHaveBeenCalled()
})
