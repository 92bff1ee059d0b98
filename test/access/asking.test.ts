import { describe, expect, it } from 'vitest'
import {
  ANY_GATEWAY,
  type Asking,
  askingBeyond,
  askingOf,
  isBeside,
  isElsewhere,
  isReachable,
  UNKNOWN_GATEWAY,
} from '../../src/access/asking.ts'
import { findTargets } from '../../src/access/find-targets.ts'
import type { Gateways } from '../../src/access/gateways.ts'
import { idOf, type Service } from '../../src/access/service.ts'
import { aDirectory, anLlm, aRequest, aService, GATEWAYS } from '../../testing/builders.ts'

const only = (...names: readonly string[]): Asking => ({ gateways: new Set(names) })

describe('a route is reachable', () => {
  it('at its own gateways, and not at another known gateway', () => {
    expect(isReachable({ gateways: ['gw/a', 'gw/b'] }, only('gw/b'))).toBe(true)
    expect(isReachable({ gateways: ['gw/a'] }, only('gw/b'))).toBe(false)
    expect(isReachable({ gateways: ['gw/a'] }, only('gw/b', 'gw/a'))).toBe(true)
  })

  it('at any gateway if its own gateways or the asking gateway are unknown', () => {
    expect(isReachable({}, only('gw/a'))).toBe(true)
    expect(isReachable({ gateways: ['gw/a'] }, UNKNOWN_GATEWAY)).toBe(true)
  })

  it('at no Istio gateway if it belongs to an unknown gateway of the Gateway API', () => {
    expect(isReachable({ gateways: [ANY_GATEWAY] }, only('istio:gw/a'))).toBe(false)
    expect(isReachable({ gateways: [ANY_GATEWAY] }, only('istio:gw/a', 'gw/a'))).toBe(true)
  })
})

describe('a route is known to share a gateway with another', () => {
  it('at the asking gateway if both routes are attached there', () => {
    const one = { attached: ['gw/a'] }
    expect(isBeside(one, { gateways: ['gw/a', 'gw/b'] }, only('gw/a'))).toBe(true)
    expect(isBeside(one, { gateways: ['gw/a', 'gw/b'] }, only('gw/b'))).toBe(false)
    expect(isBeside(one, {}, only('gw/a'))).toBe(true)
    expect(isBeside(one, {}, only('gw/a', 'gw/b'))).toBe(false)
  })

  it('if it is attached to all gateways of the other and the asking gateway is unknown', () => {
    const one = { attached: ['gw/a', 'gw/b'] }
    expect(isBeside(one, { gateways: ['gw/b'] }, UNKNOWN_GATEWAY)).toBe(true)
    expect(isBeside(one, { gateways: ['gw/b', 'gw/c'] }, UNKNOWN_GATEWAY)).toBe(false)
    expect(isBeside(one, { gateways: [ANY_GATEWAY] }, UNKNOWN_GATEWAY)).toBe(false)
    expect(isBeside(one, {}, UNKNOWN_GATEWAY)).toBe(false)
    expect(isBeside({}, { gateways: ['gw/b'] }, UNKNOWN_GATEWAY)).toBe(false)
  })
})

describe('the asking gateway is known', () => {
  const addresses = ['10.0.0.9']
  it('if all proxies with its address agree', () => {
    const one = { addresses, gateways: ['gw/a'] }
    expect(askingOf([one, { ...one }]).gateways).toEqual(new Set(['gw/a']))
    expect(askingOf([one, { addresses, gateways: ['gw/b'] }])).toBe(UNKNOWN_GATEWAY)
    expect(askingOf([one, { addresses, gateways: ['gw/a', 'gw/b'] }])).toBe(UNKNOWN_GATEWAY)
    expect(askingOf([])).toBe(UNKNOWN_GATEWAY)
  })
})

describe('an address that no known proxy has', () => {
  const one = { addresses: ['10.0.0.9'], gateways: ['gw/a'] }
  const other = { addresses: ['10.0.0.8'], gateways: ['gw/b'] }
  const nowhere = (...gateways: readonly string[]) => ({ gateways })

  it('is of no gateway whose proxies all have addresses', () => {
    const asking = askingBeyond([one, other])
    expect(asking.gateways).toBeUndefined()
    expect(isElsewhere(nowhere('gw/a', 'gw/b'), asking)).toBe(true)
    expect(isElsewhere(nowhere('gw/a', 'gw/c'), asking)).toBe(false)
    expect(isElsewhere(nowhere(ANY_GATEWAY), asking)).toBe(false)
    expect(isElsewhere({}, asking)).toBe(false)
  })

  it.each([
    ['a proxy without an address', { addresses: [], gateways: ['gw/a'] }],
    ['a proxy that the configuration names', { ...one, declared: true }],
  ])('may be of a gateway that has %s', (_title, proxy) => {
    expect(isElsewhere(nowhere('gw/a'), askingBeyond([one, proxy]))).toBe(false)
    expect(isElsewhere(nowhere('gw/b'), askingBeyond([one, proxy, other]))).toBe(true)
  })

  it('may be of any gateway if no proxy is known, but of none without a gateway', () => {
    expect(askingBeyond([])).toBe(UNKNOWN_GATEWAY)
    expect(isElsewhere(nowhere('gw/a'), UNKNOWN_GATEWAY)).toBe(false)
    expect(isElsewhere(nowhere(), UNKNOWN_GATEWAY)).toBe(true)
  })

  it('is found in the directory, with the proxies that it has now', () => {
    const directory = aDirectory({})
    directory.proxies.put('a', one)
    expect(directory.askingAt('10.0.0.9').gateways).toEqual(new Set(['gw/a']))
    expect(directory.askingAt('10.0.0.7')).toEqual(askingBeyond([one]))
    directory.proxies.put('b', other)
    expect(directory.askingAt('10.0.0.7')).toEqual(askingBeyond([one, other]))
  })
})

describe('at a gateway', () => {
  const HERE = { gateways: ['gw/a'], attached: ['gw/a'] }
  const iris = (given: Partial<Service> = {}): Service => {
    const service = aService({ urls: ['iris.example.com'], protection: 'open' })
    return { ...service, routes: service.routes.map((route) => ({ ...route, ...HERE, ...given })) }
  }
  /** A route without hostnames that matches every path. */
  const greedy = (gateways?: readonly string[]): Service => ({
    ...anLlm({ name: 'greedy', urls: [], gateways, hosts: ['203.0.113.9'] }),
    routes: [{ host: undefined, pathPrefix: '', basis: 'shared', own: true }],
  })
  const ask = (
    services: readonly Service[],
    {
      from,
      fresh = true,
      ...gateways
    }: Partial<Gateways> & { from?: string; fresh?: boolean } = {},
  ) => {
    const directory = aDirectory({ services })
    directory.proxies.put('a', { addresses: ['10.0.0.1'], gateways: ['gw/a'] })
    directory.proxies.put('b', { addresses: ['10.0.0.2'], gateways: ['gw/b'] })
    const destination = { address: from, port: 8080, principal: undefined }
    const request = aRequest({ destination })
    const found = findTargets(request, directory, { ...GATEWAYS, ...gateways }, () => fresh)
    return 'outcome' in found ? found.reason : found.map(({ service }) => idOf(service))
  }
  const IRIS = 'InferenceService/team/iris'
  const GREEDY = 'LLMInferenceService/llm/greedy'

  it('a host leads to its owner at the gateways of its routes, and at no other known gateway', () => {
    expect(ask([iris()], { from: '10.0.0.1' })).toEqual([IRIS])
    expect(ask([iris()], { from: '10.0.0.2' })).toBe('unknown-target')
    expect(ask([iris()], { from: '10.0.0.3' })).toEqual([IRIS])
    expect(ask([iris()])).toEqual([IRIS])
  })

  it('a catch-all route does not match a host that another service has at the same gateway', () => {
    const both = [iris(), greedy(['gw/a'])]
    expect(ask(both, { from: '10.0.0.1' })).toEqual([IRIS])
    expect(ask(both, { from: '10.0.0.2' })).toBe('unknown-target')
    expect(ask(both)).toEqual([IRIS])
  })

  it('a catch-all route at another gateway is a target if the asking gateway is unknown', () => {
    const both = [iris(), greedy(['gw/a', 'gw/b'])]
    expect(ask(both, { from: '10.0.0.1' })).toEqual([IRIS])
    expect(ask(both, { from: '10.0.0.2' })).toBe('unknown-target')
    expect(ask(both, { from: '10.0.0.3' })).toEqual([IRIS, GREEDY])
  })

  it('a catch-all route is a target if its own gateways are unknown', () => {
    expect(ask([iris(), greedy()])).toEqual([IRIS, GREEDY])
    expect(ask([iris(), greedy()], { from: '10.0.0.1' })).toEqual([IRIS])
  })

  it('a host that no status confirms does not exclude a catch-all route', () => {
    const both = [iris({ attached: [] }), greedy(['gw/a'])]
    expect(ask(both, { from: '10.0.0.1' })).toEqual([IRIS, GREEDY])
  })

  it('a regular expression ranks below longer paths only at gateways known to rank that way', () => {
    const chat = { ...anLlm({ hosts: ['iris.example.com'], urls: ['*/v1'] }), ...HERE }
    const [route] = greedy().routes
    if (route === undefined) throw new Error('no claim')
    const pattern = { ...greedy(['gw/a']), routes: [{ ...route, by: 'pattern' as const }] }
    const found = (pathsFirst: boolean) => {
      const asking = { gateways: new Set(['gw/a']), pathsFirst }
      return ask([chat, pattern], { askingAt: () => asking, from: '10.0.0.1' })
    }
    expect(found(true)).toEqual(['LLMInferenceService/llm/chat'])
    expect(found(false)).toHaveLength(2)
  })

  it('a hostname of a route excludes catch-all routes but does not add a target', () => {
    const chat = {
      ...anLlm({ hosts: ['iris.example.com'], hostnames: ['iris.example.com'] }),
      ...HERE,
    }
    expect(ask([iris({ attached: [] }), greedy(['gw/a']), chat])).toEqual([IRIS])
    const unsure = { ...chat, attached: [] }
    expect(ask([iris({ attached: [] }), greedy(['gw/a']), unsure])).toEqual([IRIS, GREEDY])
  })

  it('the asking gateway counts as unknown if the data about its pod is too old', () => {
    const both = [iris(), greedy(['gw/b'])]
    expect(ask(both, { from: '10.0.0.1', fresh: false })).toEqual([IRIS, GREEDY])
  })

  it('routes of gateways that `gateways.asking` does not list are ignored', () => {
    const both = [iris(), greedy(['gw/b'])]
    expect(ask(both, { asking: only('gw/a') })).toEqual([IRIS])
    expect(ask(both, { asking: only('gw/a', 'gw/b') })).toEqual([IRIS, GREEDY])
  })

  it('configured proxies take precedence over labels of pods', () => {
    const askingAt = () => only('gw/b')
    expect(ask([iris()], { from: '10.0.0.1', askingAt })).toBe('unknown-target')
  })
})
