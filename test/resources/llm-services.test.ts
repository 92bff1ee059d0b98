import { describe, expect, it } from 'vitest'
import type { RoutingGroup } from '../../src/access/service.ts'
import { keptLlmConfig, type LlmConfig, MAX_REFS } from '../../src/resources/llm-config.ts'
import {
  anLlmInferenceService,
  read,
  readService,
  reasonsOf,
  urlsOf,
} from '../../testing/objects.ts'

const WORKLOAD = ['', '.svc', '.svc.cluster.local'].map(
  (suffix) => `chat-kserve-workload-svc.team${suffix}`,
)
const OWN = '*/team/chat'
const PUBLISHED = 'publishers/team/models'

type Given = Parameters<typeof anLlmInferenceService>[0]

const llm = (given: Given = {}, settings = {}) =>
  readService(anLlmInferenceService(given), settings)

/** The routes in addition to those by its name and model. */
const added = (given: Given, settings = {}) =>
  urlsOf(llm(given, settings)).filter(
    (url) => url !== OWN && !WORKLOAD.includes(url) && url !== `*/${PUBLISHED}/chat`,
  )

describe('an LLMInferenceService has routes for', () => {
  it('its own path and that of its model on any host', () => {
    const service = llm({ spec: { model: { name: 'meta/llama-3' } } })
    expect(urlsOf(service)).toEqual([OWN, ...WORKLOAD, `*/${PUBLISHED}/meta/llama-3`])
    expect(service.models).toEqual([`${PUBLISHED}/meta/llama-3`])
    expect(service.hosts).toEqual([])
  })

  it('the path of a model with its own name if none is set', () => {
    expect(urlsOf(llm())).toContain(`*/${PUBLISHED}/chat`)
    expect(llm().models).toEqual([`${PUBLISHED}/chat`])
  })

  it('no name of a Kubernetes Service at gateways', () => {
    const names = llm().routes.filter(({ host }) => host !== undefined)
    expect(new Set(names.map(({ basis }) => basis))).toEqual(new Set(['unrouted-name']))
  })

  it.each(['a b', '../x', 'a%2fb', 'a//b', '/a', 'a/'])('no path of the model %j', (name) => {
    const given = { spec: { model: { name } } }
    expect(urlsOf(llm(given))).toEqual([OWN, ...WORKLOAD])
    expect(reasonsOf(read(anLlmInferenceService(given)))).toEqual(['UnreadableModelName'])
  })

  it('its LoRA adapters, as paths and as values of the model header', () => {
    const lora = { adapters: [{ name: 'adapter-1' }, { name: 'acme/two' }, {}] }
    const service = llm({ spec: { model: { name: 'opt', lora } } })
    const models = ['opt', 'adapter-1', 'acme/two'].map((name) => `${PUBLISHED}/${name}`)
    expect(service.models).toEqual(models)
    expect(urlsOf(service)).toEqual([OWN, ...WORKLOAD, ...models.map((name) => `*/${name}`)])
  })

  it('the models in its status, of its own namespace', () => {
    const models = [
      { name: `${PUBLISHED}/chat-8b` },
      { name: 'chat-8b' },
      { name: 'publishers/other/models/chat-8b' },
      {},
    ]
    const service = llm({ status: { addresses: [{ url: 'http://gw.example.com/', models }] } })
    expect(service.models).toEqual([`${PUBLISHED}/chat`, `${PUBLISHED}/chat-8b`, 'chat-8b'])
    expect(urlsOf(service)).toContain(`*/${PUBLISHED}/chat-8b`)
  })

  it('at most 256 addresses, those of its own route before those of its models', () => {
    const adapters = Array.from({ length: 300 }, (_, index) => ({ name: `a${index}` }))
    const rules = [{ matches: [{ path: { value: '/own' } }] }]
    const model = { name: 'opt', lora: { adapters } }
    const service = llm({ spec: { model, router: { route: { http: { spec: { rules } } } } } })
    expect(service.routes).toHaveLength(256)
    expect(urlsOf(service)).toContain('*/own')
    expect(service.models).toHaveLength(257)
  })

  it('no model while it is stopped: the others of its routing group answer', () => {
    const annotations = { 'serving.kserve.io/stop': 'true' }
    const service = llm({ metadata: { annotations } })
    expect(urlsOf(service)).toEqual([OWN, ...WORKLOAD])
    expect(service.models).toEqual([])
  })
})

describe('the hosts of an LLMInferenceService', () => {
  it('are those of its status, on which it has paths and no host as a whole', () => {
    const status = {
      url: 'https://gateway.example.com/team/chat',
      addresses: [
        { url: 'http://203.0.113.3/' },
        { name: 'internal-model-routing', url: 'http://203.0.113.4/' },
        { url: 'https://chat.example.com/own' },
      ],
    }
    expect(added({ status })).toEqual(['*/own'])
    expect(llm({ status }).hosts).toEqual([
      'gateway.example.com',
      '203.0.113.3',
      '203.0.113.4',
      'chat.example.com',
    ])
  })

  it('are taken as a whole, and so is any other host, for denials only, if its own route matches every path', () => {
    const route = { http: { spec: { rules: [{ backendRefs: [] }] } } }
    const addresses = [
      { name: 'gateway-external', url: 'http://203.0.113.3/' },
      { name: 'gateway-external-model-routing', url: 'http://203.0.113.4/' },
    ]
    const given = { spec: { router: { route } }, status: { addresses } }
    expect(added(given)).toEqual(['*', '203.0.113.3'])
    expect(reasonsOf(read(anLlmInferenceService(given)))).toEqual(['RouteTakesEveryPath'])
  })

  it('are taken as a whole, and so is any other host, if others make its routes', () => {
    const route = { http: { refs: [{ name: 'mine' }] } }
    const status = { url: 'http://203.0.113.3/' }
    expect(added({ spec: { router: { route } }, status })).toEqual(['*', '203.0.113.3'])
  })

  it('may be configured', () => {
    const hosts = [
      {
        host: 'llm.example.org',
        path: '/',
        kind: 'LLMInferenceService',
        namespace: 'team',
        name: 'chat',
      },
    ]
    expect(added({}, { gateways: { hosts } })).toEqual(['llm.example.org'])
    expect(llm({}, { gateways: { hosts } }).hosts).toEqual(['llm.example.org'])
  })
})

describe('the HTTPRoutes that an LLMInferenceService names', () => {
  const refs = (count: number) => Array.from({ length: count }, (_, at) => ({ name: `r${at}` }))
  const namesIn = (http: object, settings = {}) =>
    llm({ spec: { router: { route: { http } } } }, settings).httpRoutes

  it('are its routes if it has no rules of its own', () => {
    expect(namesIn({ refs: refs(2) })).toEqual(['r0', 'r1'])
    expect(namesIn({ refs: [{}] })).toEqual([''])
    expect(namesIn({ refs: refs(1), spec: { rules: [{}] } })).toBeUndefined()
    expect(namesIn({ refs: [] })).toBeUndefined()
  })

  it('are not all of them if there are too many, or if the configuration declares hosts', () => {
    expect(namesIn({ refs: refs(MAX_REFS) })).toHaveLength(MAX_REFS)
    expect(namesIn({ refs: refs(MAX_REFS + 1) })).toBeUndefined()
    const own = { kind: 'LLMInferenceService', namespace: 'team', name: 'chat' }
    const hosts = [{ host: 'llm.example.org', path: '/', ...own }]
    expect(namesIn({ refs: refs(1) }, { gateways: { hosts } })).toBeUndefined()
  })
})

describe("an LLM's own route", () => {
  const routed = (spec: object) => added({ spec: { router: { route: { http: { spec } } } } })
  const paths = (...matches: readonly object[]) =>
    routed({ rules: [{ matches: matches.map((path) => ({ path })) }] })

  it('without hostnames gives paths on any host', () => {
    expect(paths({ type: 'PathPrefix', value: '/my-tenant/my-model/v1' })).toEqual([
      '*/my-tenant/my-model/v1',
    ])
    expect(paths({ value: '/a/' }, { type: 'Exact', value: '/b' })).toEqual(['*/a', '*/b'])
  })

  it('with hostnames gives paths on these', () => {
    const rules = [{ matches: [{ path: { value: '/a' } }, { path: { value: '/b' } }] }]
    expect(routed({ hostnames: ['One.example.com', 'two.example.com'], rules })).toEqual([
      'one.example.com/a',
      'one.example.com/b',
      'two.example.com/a',
      'two.example.com/b',
    ])
    expect(routed({ hostnames: ['one.example.com'], rules: [{}] })).toEqual(['one.example.com'])
  })

  it.each([
    ['/own/chat', '*/own/chat'],
    ['^/own/chat$', '*/own/chat'],
    ['/own/chat.*', '*/own'],
    ['/own/chat/.*', '*/own/chat'],
    ['/own/(a|b)/c', '*'],
    ['/own/chat/[a-z]+', '*/own/chat'],
    ['/own/a/?b', '*/own'],
    ['/own/ab*', '*/own'],
    ['/a/b{2}/c', '*/a'],
    ['(?i)/own', '*'],
    ['.*', '*'],
    ['/a|/b', '*'],
  ])('with a regular expression gives the common prefix of every match: %s', (value, claim) => {
    expect(paths({ type: 'RegularExpression', value })).toEqual([claim])
  })

  it.each([
    ['/.*/v1/completions', '/v1/completions'],
    ['^/own/.*chat$', 'chat'],
    ['/own/chat.*', undefined],
    ['/own(/.*)?', undefined],
    ['/.*/a|/.*/b', undefined],
    ['(?i)/.*/a', undefined],
    [String.raw`/.*\d`, undefined],
  ])('with a regular expression gives the common suffix of each match: %s', (value, ending) => {
    const rules = [{ matches: [{ path: { type: 'RegularExpression', value } }] }]
    const { routes } = llm({ spec: { router: { route: { http: { spec: { rules } } } } } })
    expect(routes.find(({ own }) => own === true)?.ending).toBe(ending)
  })

  it('is limited by exact values of its headers, and by no other condition', () => {
    const headers = [
      { name: 'X-Tenant', value: 'b' },
      { name: 'x-any', type: 'RegularExpression', value: '.*' },
      { name: 'x-list', value: 'a,b' },
    ]
    const rules = [{ matches: [{ path: { value: '/a' }, headers, method: 'POST' }] }]
    const { routes } = llm({ spec: { router: { route: { http: { spec: { rules } } } } } })
    expect(routes.filter(({ pathPrefix }) => pathPrefix === '/a')).toEqual([
      {
        host: undefined,
        pathPrefix: '/a',
        basis: 'published',
        own: true,
        headers: [['x-tenant', 'b']],
        by: 'conditions',
      },
    ])
  })

  it('for an API that many models have can allow on the hosts of its status only', () => {
    const rules = [{ matches: [{ path: { value: '/v1/completions' } }] }]
    const spec = { router: { route: { http: { spec: { rules } } } } }
    const status = { url: 'http://203.0.113.3/v1/completions' }
    const { routes } = llm({ spec, status })
    expect(routes.filter(({ pathPrefix }) => pathPrefix === '/v1/completions')).toEqual([
      { host: undefined, pathPrefix: '/v1/completions', basis: 'shared', own: true },
      { host: '203.0.113.3', pathPrefix: '/v1/completions', basis: 'published' },
    ])
  })

  it('with too many matches counts as one that matches every path', () => {
    const matches = Array.from({ length: 70 }, (_, index) => ({ path: { value: `/p${index}` } }))
    const given = {
      spec: { router: { route: { http: { spec: { rules: [{ matches }] } } } } },
      status: { url: 'http://203.0.113.3/p1' },
    }
    const whole = llm(given).routes.filter(({ host }) => host === '203.0.113.3')
    expect(whole).toEqual([{ host: '203.0.113.3', pathPrefix: '', basis: 'shared', by: 'pattern' }])
  })
})

describe('an LLMInferenceServiceConfig', () => {
  const configs: Readonly<Record<string, LlmConfig>> = {
    'team/base': {
      model: 'chat-8b',
      adapters: ['adapter-1'],
      route: undefined,
      gatewayRefs: [],
      routes: [],
      group: undefined,
    },
    'team/over': {
      model: 'chat-9b',
      adapters: [],
      route: undefined,
      gatewayRefs: [],
      routes: [],
      group: undefined,
    },
  }
  const llmConfig = (namespace: string, name: string) => configs[`${namespace}/${name}`]
  const models = (spec: object) => llm({ spec }, { llmConfig }).models

  it('gives the model and adapters that the service does not set', () => {
    expect(models({ baseRefs: [{ name: 'base' }] })).toEqual([
      `${PUBLISHED}/chat-8b`,
      `${PUBLISHED}/adapter-1`,
    ])
  })

  it('overrides those before it, and the service overrides all', () => {
    const baseRefs = [{ name: 'base' }, { name: 'over' }]
    expect(models({ baseRefs })?.[0]).toBe(`${PUBLISHED}/chat-9b`)
    expect(models({ baseRefs, model: { name: 'own' } })?.[0]).toBe(`${PUBLISHED}/own`)
  })

  it('that is unknown gives nothing', () => {
    expect(models({ baseRefs: [{ name: 'none' }] })).toEqual([`${PUBLISHED}/chat`])
  })

  it('with a route nested too deep counts as one that matches every path', () => {
    const http: unknown = JSON.parse(`${'{"a":'.repeat(9_000)}1${'}'.repeat(9_000)}`)
    const spec = { model: { name: 'chat-8b' }, router: { route: { http } } }
    const config = keptLlmConfig({ spec })
    expect(config).toMatchObject({ model: 'chat-8b', adapters: [] })

    const status = { url: 'http://203.0.113.3/p1' }
    const service = llm(
      { spec: { baseRefs: [{ name: 'deep' }] }, status },
      { llmConfig: () => config },
    )
    expect(service.models).toEqual([`${PUBLISHED}/chat-8b`])
    const whole = service.routes.filter(({ host }) => host === '203.0.113.3')
    expect(whole).toContainEqual({ host: '203.0.113.3', pathPrefix: '', basis: 'shared' })
  })
})

describe('the routing group of an LLMInferenceService', () => {
  const groupOf = (
    route: object,
    metadata: NonNullable<Given>['metadata'] = {},
    settings: object = {},
  ) =>
    readService(
      anLlmInferenceService({
        metadata,
        spec: { router: { route }, baseRefs: [{ name: 'base' }] },
      }),
      settings,
    ).group

  it.each<[title: string, route: object, RoutingGroup | undefined]>([
    ['has a weight', { group: 'canary', weight: 9 }, { name: 'canary', routed: true }],
    ['has weight 0', { group: 'canary', weight: 0 }, { name: 'canary', routed: false }],
    ['has no weight', { group: 'canary' }, { name: 'canary', routed: false }],
    [
      'has a weight that is not a number',
      { group: 'canary', weight: '9' },
      { name: 'canary', routed: false },
    ],
    ['is in none', { weight: 9 }, undefined],
    ['is in one without a name', { group: '', weight: 9 }, undefined],
  ])('is read if it %s', (_title, route, group) => {
    expect(groupOf(route)).toEqual(group)
  })

  it('is not read from its label', () => {
    const labels = { 'serving.kserve.io/routing-group': 'canary' }
    expect(groupOf({ weight: 9 }, { labels })).toBeUndefined()
  })

  it('has weight 0 while it is stopped', () => {
    const annotations = { 'serving.kserve.io/stop': 'true' }
    const group = groupOf({ group: 'canary', weight: 9 }, { annotations })
    expect(group).toEqual({ name: 'canary', routed: false })
  })

  it('may come from a base configuration, which KServe does not apply to the other members', () => {
    const config = {
      model: undefined,
      adapters: [],
      route: undefined,
      gatewayRefs: [],
      routes: [],
      group: 'canary',
    }
    const settings = { llmConfig: () => config }
    expect(groupOf({ weight: 9 }, {}, settings)).toEqual({ name: 'canary', routed: false })
    expect(groupOf({ group: 'other', weight: 9 }, {}, settings)).toEqual({
      name: 'other',
      routed: true,
    })
  })
})
