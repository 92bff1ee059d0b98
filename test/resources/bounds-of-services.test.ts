import { describe, expect, it, vi } from 'vitest'
import { ANY_GATEWAY } from '../../src/access/asking.ts'
import { readIngress } from '../../src/resources/ingress.ts'
import { readLlmConfig } from '../../src/resources/llm-config.ts'
import { hostnamesOf, ownRouteRoutes } from '../../src/resources/llm-routes.ts'
import { printable, printableName } from '../../src/resources/object.ts'
import { matchesOf } from '../../src/resources/route-matches.ts'
import { statusUrls } from '../../src/resources/status-urls.ts'
import { readTemplate } from '../../src/resources/template.ts'
import { anLlmInferenceService, readService } from '../../testing/objects.ts'

const MANY = 20_000
const numbered = <T>(length: number, make: (index: number) => T): T[] =>
  Array.from({ length }, (_, index) => make(index))
const url = (name: string) => ({ url: `https://${name}.example.com` })

/** A list that counts how often one field of its elements is read. */
function counted(field: string, value: unknown = '', length = MANY) {
  let looks = 0
  const list = numbered(length, () =>
    Object.defineProperty({}, field, {
      enumerable: true,
      get: () => {
        looks += 1
        return value
      },
    }),
  )
  return { list, looks: () => looks }
}

describe('a status', () => {
  it('gives at most 257 URLs, of which the last is too much', () => {
    const addresses = numbered(200, (index) => url(`a-${index}`))
    const traffic = numbered(200, (index) => url(`t-${index}`))
    const content = { status: { addresses, components: { predictor: { traffic } } } }
    expect(statusUrls(content)).toHaveLength(257)
  })

  it('has at most 257 entries of a list that are looked at', () => {
    const [addresses, traffic] = [counted('url'), counted('url')]
    statusUrls({
      status: {
        addresses: addresses.list,
        components: { predictor: { traffic: traffic.list } },
      },
    })
    expect([addresses.looks(), traffic.looks()]).toEqual([257, 257])
  })

  it('has at most 16 components that are looked at', () => {
    const components = Object.fromEntries(numbered(20, (index) => [`c-${index}`, url(`c${index}`)]))
    expect(statusUrls({ status: { components } })).toHaveLength(16)
  })

  it.each([
    ['gateways', 'origin'],
    ['models', 'models'],
  ])('of an LLMInferenceService has at most 256 addresses whose %s are read', (_title, field) => {
    const { list, looks } = counted(field)
    readService(anLlmInferenceService({ spec: {}, status: { addresses: list } }))
    expect(looks()).toBe(256)
  })
})

describe('the models of an LLMInferenceService', () => {
  const withModels = (models: readonly object[]) =>
    readService(
      anLlmInferenceService({
        spec: { model: { name: 'own' } },
        status: { addresses: [{ models }] },
      }),
    ).models ?? []

  it('are at most 512', () => {
    expect(withModels(numbered(600, (index) => ({ name: `m-${index}` })))).toHaveLength(512)
  })

  it('are read from at most 4,096 entries of its addresses', () => {
    const { list, looks } = counted('name', 'm')
    withModels(list)
    expect(looks()).toBe(4_096)
  })
})

describe('the spec of an LLMInferenceService', () => {
  it('has at most 32 base configurations that are looked up', () => {
    const llmConfig = vi.fn(() => undefined)
    const baseRefs = numbered(100, (index) => ({ name: `base-${index}` }))
    readService(anLlmInferenceService({ spec: { baseRefs } }), { llmConfig })
    expect(llmConfig).toHaveBeenCalledTimes(32)
  })

  it('has at most 64 references to gateways', () => {
    const refs = numbered(100, (index) => ({ name: `g-${index}` }))
    expect(readLlmConfig({ spec: { router: { gateway: { refs } } } }).gatewayRefs).toHaveLength(64)
  })

  it('is at every gateway if it names more than 32, and attached to at most 32', () => {
    const names = numbered(40, (index) => `g-${index}`)
    const { ingress } = readIngress({ data: { ingress: '{"enableGatewayApi": true}' } })
    const conditions = ['HTTPRoutesReady', 'GatewaysReady'].map((type) => ({
      type,
      status: 'True',
    }))
    const refs = names.map((name) => ({ name, namespace: 'gw' }))
    const addresses = names.map((name) => ({
      url: 'http://203.0.113.3/team/chat',
      origin: { group: 'gateway.networking.k8s.io', kind: 'Gateway', name, namespace: 'gw' },
    }))
    const { gateways, attached } = readService(
      anLlmInferenceService({
        spec: { router: { gateway: { refs } } },
        status: { addresses, conditions },
      }),
      { ingress },
    )
    expect(gateways).toEqual([ANY_GATEWAY])
    expect(attached).toHaveLength(32)
  })
})

describe('a route of an LLMInferenceService', () => {
  const routeOf = (rules: readonly object[]) => ({ spec: { rules } })

  it('has at most 64 rules that are looked at', () => {
    const { list, looks } = counted('matches', [])
    expect(matchesOf(routeOf(list))).toHaveLength(1)
    expect(looks()).toBe(64)
  })

  it('has at most 65 matches of a rule that are looked at', () => {
    const few = counted('path', { value: '/a' }, 65)
    matchesOf(routeOf([{ matches: few.list }]))
    const many = counted('path', { value: '/a' })
    matchesOf(routeOf([{ matches: many.list }]))
    expect(many.looks()).toBe(few.looks())
  })

  it('has at most 16 headers of a match', () => {
    const headers = numbered(20, (index) => ({ name: `x-${index}`, value: 'a' }))
    expect(matchesOf(routeOf([{ matches: [{ headers }] }]))).toMatchObject([
      { headers: { length: 16 } },
    ])
  })

  it('has at most 16 hostnames', () => {
    const hostnames = numbered(20, (index) => `h-${index}.example.com`)
    expect(hostnamesOf({ spec: { hostnames } }, () => {})).toHaveLength(16)
  })

  it('without hostnames is on at most 16 hosts of its status', () => {
    const hosts = numbered(20, (index) => `h-${index}.example.com`)
    const attachment = { gateways: [ANY_GATEWAY], attached: [] }
    const rules = [{ matches: [{ path: { value: '/a' } }] }]
    const routes = ownRouteRoutes(routeOf(rules), hosts, [], attachment, () => {})
    expect(routes.filter(({ host }) => host !== undefined)).toHaveLength(16)
  })
})

describe("KServe's configuration", () => {
  it('has at most 32 additional domains', () => {
    const additionalIngressDomains = numbered(40, (index) => `d-${index}.example.com`)
    const data = { ingress: JSON.stringify({ additionalIngressDomains }) }
    expect(readIngress({ data }).ingress?.additionalDomains).toHaveLength(32)
  })

  it('has templates of at most 1,024 characters', () => {
    expect(readTemplate('a'.repeat(1_024))).toBeDefined()
    expect(readTemplate('a'.repeat(1_025))).toBeUndefined()
  })
})

describe('a message', () => {
  it('quotes at most 64 characters, and the name of an object at most 400', () => {
    expect(printable('a'.repeat(1_000))).toHaveLength(64)
    expect(printableName('a'.repeat(1_000))).toHaveLength(400)
  })
})
