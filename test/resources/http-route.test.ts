import { describe, expect, it } from 'vitest'
import type { GatewayRoute } from '../../src/access/gateway-route.ts'
import { MAX_ROUTE_PARTS } from '../../src/resources/http-route.ts'
import { MAX_PARENTS } from '../../src/resources/route-parents.ts'
import { read, reasonsOf } from '../../testing/objects.ts'

type Parts = Readonly<Record<string, unknown>>

const anHttpRoute = (spec: Parts = {}, metadata: Parts = {}, kind = 'HTTPRoute') => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind,
  metadata: { name: 'iris', namespace: 'team', ...metadata },
  spec,
})

function readRoute(object: unknown): GatewayRoute {
  const { resource } = read(object)
  if (resource.kind !== 'route') throw new Error(`a route, not ${resource.kind}`)
  return resource.route
}

const ruleOf = (rule: unknown, kind = 'HTTPRoute') =>
  readRoute(anHttpRoute({ rules: [rule] }, {}, kind)).rules[0]
const matchOf = (match: unknown, kind = 'HTTPRoute', filters: readonly unknown[] = []) =>
  ruleOf({ matches: [match], filters }, kind)?.matches[0]

describe('a route of the Gateway API', () => {
  it('is read with its hosts, rules and backends', () => {
    const spec = {
      hostnames: ['Iris.example.com', '*.example.org'],
      rules: [{ name: 'main', backendRefs: [{ name: 'iris-predictor', port: 80 }] }],
    }
    expect(readRoute(anHttpRoute(spec))).toEqual({
      kind: 'HTTPRoute',
      namespace: 'team',
      name: 'iris',
      owner: undefined,
      gateways: [],
      attached: [],
      accepted: false,
      hostnames: ['iris.example.com', '*.example.org'],
      rules: [
        {
          section: 'main',
          matches: [
            {
              path: { type: 'prefix', value: '' },
              method: undefined,
              headers: [],
              conditional: false,
              cut: '',
            },
          ],
          backends: [{ kind: 'Service', namespace: 'team', name: 'iris-predictor' }],
        },
      ],
    })
  })

  it.each(['HTTPRoute', 'GRPCRoute'])('is a different route for each kind: %s', (kind) => {
    expect(readRoute(anHttpRoute({}, {}, kind)).kind).toBe(kind)
  })

  it('is ignored in another API group', () => {
    const other = { ...anHttpRoute(), apiVersion: 'example.com/v1' }
    expect(reasonsOf(read(other))).toEqual(['WrongGroup'])
  })

  const aReference = (given: Parts = {}) => ({
    apiVersion: 'serving.kserve.io/v1beta1',
    kind: 'InferenceService',
    name: 'iris',
    controller: true,
    ...given,
  })

  it.each<[title: string, references: unknown, owned: boolean]>([
    ['its controller', [aReference()], true],
    ['its controller among others', [{ kind: 'Pod' }, aReference()], true],
    ['no controller', [aReference({ controller: undefined })], false],
    ['another kind', [aReference({ kind: 'TrainedModel' })], false],
    ['another group', [aReference({ apiVersion: 'serving.kserve.io.example.com/v1' })], false],
    ['no name', [aReference({ name: '' })], false],
    ['no list', 'iris', false],
  ])('belongs to a service by its ownerReferences: %s', (_title, ownerReferences, owned) => {
    expect(readRoute(anHttpRoute({}, { ownerReferences })).owner).toEqual(
      owned ? { kind: 'InferenceService', namespace: 'team', name: 'iris' } : undefined,
    )
  })

  it('matches every host if one of its hostnames is unreadable', () => {
    for (const hostname of ['a b', 7, 'a.example.com:80', '*.', '*'])
      expect(readRoute(anHttpRoute({ hostnames: ['a.example.com', hostname] })).hostnames).toEqual(
        [],
      )
  })

  it('leads to no service if it has too many parts', () => {
    const many = (part: unknown) => Array.from({ length: MAX_ROUTE_PARTS + 1 }, () => part)
    const reading = read(anHttpRoute({ hostnames: many('a.example.com') }))
    expect(reasonsOf(reading)).toEqual(['RouteTooLarge'])
    const nowhere = [expect.objectContaining({ kind: 'other' })]
    for (const spec of [
      { hostnames: many('a.example.com') },
      { rules: many({}) },
      { rules: [{ matches: many({}) }] },
      { rules: [{ backendRefs: many({ name: 'iris' }) }] },
      { rules: [{ filters: many({}) }] },
    ])
      expect(readRoute(anHttpRoute(spec)).rules[0]?.backends).toEqual(nowhere)
  })
})

describe('the backends of a rule', () => {
  const backendsOf = (rule: unknown) =>
    ruleOf(rule)?.backends.map(({ kind, namespace, name }) => `${kind} ${namespace}/${name}`)

  it.each<[title: string, ref: unknown, backend: string]>([
    ['a Service', { name: 'iris' }, 'Service team/iris'],
    ['a Service of another namespace', { name: 'iris', namespace: 'b' }, 'Service b/iris'],
    [
      'an InferencePool',
      { group: 'inference.networking.k8s.io', kind: 'InferencePool', name: 'p' },
      'InferencePool team/p',
    ],
    [
      'an InferencePool of the older API group',
      { group: 'inference.networking.x-k8s.io', kind: 'InferencePool', name: 'p' },
      'InferencePool team/p',
    ],
    ['an InferencePool without an API group', { kind: 'InferencePool', name: 'p' }, 'other team/p'],
    [
      'a Backend of Envoy Gateway',
      { group: 'gateway.envoyproxy.io', kind: 'Backend', name: 'iris' },
      'other team/iris',
    ],
    ['a Service of another API group', { group: 'example.com', name: 'iris' }, 'other team/iris'],
    ['no name', { kind: 'Service' }, 'other /'],
    ['no object', 7, 'other /'],
  ])('are %s', (_title, ref, backend) => {
    expect(backendsOf({ backendRefs: [ref] })).toEqual([backend])
  })

  it('do not include those with weight 0', () => {
    const backendRefs = [
      { name: 'a', weight: 1 },
      { name: 'b', weight: 0 },
    ]
    expect(backendsOf({ backendRefs })).toEqual(['Service team/a'])
  })

  it('include mirrors of the rule and of a backend', () => {
    const mirror = (name: string) => ({
      type: 'RequestMirror',
      requestMirror: { backendRef: { name } },
    })
    const backendRefs = [{ name: 'a', filters: [mirror('b')] }]
    expect(backendsOf({ filters: [mirror('c')], backendRefs })).toEqual([
      'Service team/a',
      'Service team/c',
      'Service team/b',
    ])
  })
})

describe('the gateways of a route', () => {
  const ref = (given: Parts = {}) => ({ name: 'models', namespace: 'gw', ...given })
  const accepted = (parentRef: unknown, status = 'True', observedGeneration = 2) => ({
    parentRef,
    conditions: [{ type: 'Accepted', status, observedGeneration }],
  })
  const gatewaysOf = (parentRefs: unknown, parents: unknown = []) => {
    const object = { ...anHttpRoute({ parentRefs }, { generation: 2 }), status: { parents } }
    const { gateways, attached } = readRoute(object)
    return { gateways, attached }
  }

  it.each<[title: string, ref: Parts, name: string]>([
    ['of its own namespace', { namespace: undefined }, 'team/models'],
    ['of another namespace', {}, 'gw/models'],
    ['one listener', { sectionName: 'http' }, 'gw/models'],
    ['another kind, which may be at any', { kind: 'ListenerSet' }, '*'],
  ])('are those it names: %s', (_title, given, name) => {
    expect(gatewaysOf([ref(given)])).toEqual({ gateways: [name], attached: [] })
  })

  it('are none for a Service, whose routes are those of sidecars and waypoints', () => {
    expect(gatewaysOf([ref({ group: '', kind: 'Service' })]).gateways).toEqual([])
  })

  it('certainly have it where they accepted it as it is, on all listeners', () => {
    const attached = (given: Parts, parent: unknown) => gatewaysOf([ref(given)], [parent]).attached
    expect(attached({}, accepted(ref()))).toEqual(['gw/models'])
    expect(attached({}, accepted(ref(), 'False'))).toEqual([])
    expect(attached({}, accepted(ref(), 'True', 1))).toEqual([])
    expect(attached({}, accepted(ref({ name: 'other' })))).toEqual([])
    expect(attached({ sectionName: 'a' }, accepted(ref({ sectionName: 'a' })))).toEqual([])
    expect(attached({ port: 80 }, accepted(ref({ port: 80 })))).toEqual([])
  })

  it('have accepted it if one of them has, in any version and on any listener', () => {
    const isAccepted = (...parents: readonly unknown[]) => {
      const object = anHttpRoute({ parentRefs: [ref()] }, { generation: 2 })
      return readRoute({ ...object, status: { parents } }).accepted
    }
    const refused = accepted(ref(), 'False')
    expect(isAccepted(refused, accepted(ref({ sectionName: 'http' }), 'True', 1))).toBe(true)
    expect(isAccepted(refused)).toBe(false)
    expect(isAccepted()).toBe(false)
  })

  it('are read from as many entries of the status as a bound', () => {
    const others = Array.from({ length: MAX_PARENTS }, () => accepted(ref({ name: 'other' })))
    expect(gatewaysOf([ref()], [...others.slice(1), accepted(ref())]).attached).toEqual([
      'gw/models',
    ])
    expect(gatewaysOf([ref()], [...others, accepted(ref())]).attached).toEqual([])
  })

  it('may be any where it names too many', () => {
    const refs = Array.from({ length: 40 }, (_, at) => ref({ name: `g${at}` }))
    expect(gatewaysOf(refs)).toEqual({ gateways: ['*'], attached: [] })
  })
})

describe('a match of a rule', () => {
  it.each<[title: string, match: unknown, path: unknown, conditional: boolean]>([
    ['nothing', {}, { type: 'prefix', value: '' }, false],
    ['a prefix', { path: { value: '/a' } }, { type: 'prefix', value: '/a' }, false],
    ['a prefix with a slash', { path: { value: '/a/' } }, { type: 'prefix', value: '/a' }, true],
    ['an exact path', exact('/a/'), { type: 'exact', value: '/a/' }, false],
    ['a pattern', pattern('^/a/.*$'), { type: 'pattern', value: '/a' }, true],
    ['a pattern with an end', pattern('/.*/b'), { type: 'pattern', value: '', ending: '/b' }, true],
    ['a pattern of anything', pattern('/a|/b'), PATTERN(), true],
    ['an unknown type', { path: { type: 'Glob', value: '/a' } }, PATTERN(), true],
    ['a path that is not a text', { path: { value: 7 } }, PATTERN(), true],
    ['a query', { queryParams: [{ name: 'a' }] }, { type: 'prefix', value: '' }, true],
  ])('is %s', (_title, match, path, conditional) => {
    expect(matchOf(match)).toMatchObject({ path, conditional })
  })

  function exact(value: string) {
    return { path: { type: 'Exact', value } }
  }
  function pattern(value: string) {
    return { path: { type: 'RegularExpression', value } }
  }
  function PATTERN() {
    return { type: 'pattern', value: '' }
  }

  it.each<[title: string, method: unknown, path: unknown]>([
    ['every call', undefined, { type: 'prefix', value: '' }],
    ['a method', { service: 'a.B', method: 'C' }, { type: 'exact', value: '/a.B/C' }],
    ['a service', { service: 'a.B' }, PATTERN()],
    ['a pattern', { type: 'RegularExpression', service: 'a', method: 'b' }, PATTERN()],
  ])('of a GRPCRoute is %s', (_title, method, path) => {
    expect(matchOf({ method }, 'GRPCRoute')).toMatchObject({ path, method: undefined })
  })

  it('has a method and headers', () => {
    const headers = [
      { name: 'X-A', value: 'b' },
      { name: 'x-c', value: 'd.*', type: 'RegularExpression' },
    ]
    expect(matchOf({ method: 'GET', headers })).toMatchObject({
      method: 'GET',
      headers: [
        ['x-a', 'b'],
        ['x-c', undefined],
      ],
    })
  })

  it.each<[pattern: string, values: readonly (string | undefined)[]]>([
    ['a', ['a']],
    ['^(a/b|c)$', ['a/b', 'c']],
    ['(a\\.b|c-d)', ['a.b', 'c-d']],
    ['^(a.b|c)$', [undefined]],
    ['^(a|(b))$', [undefined]],
    ['a|b', [undefined]],
    ['a\\d', [undefined]],
    [Array.from({ length: 65 }, () => 'a').join('|'), [undefined]],
  ])('takes each value of a header that %s has', (pattern, values) => {
    const headers = [{ name: 'x-a', value: pattern, type: 'RegularExpression' }]
    const matches = ruleOf({ matches: [{ headers }] })?.matches
    expect(matches?.map(({ headers: [header] }) => header?.[1])).toEqual(values)
  })

  it.each<[title: string, header: unknown]>([
    ['the host, which is not a header of a check', { name: 'Host', value: 'a' }],
    ['a header with an unreadable name', { value: 'a' }],
  ])('may match anything with a condition on %s', (_title, header) => {
    expect(matchOf({ headers: [header] })).toMatchObject({ headers: [], conditional: true })
  })

  it('only requires a header to be present if its value is not ASCII', () => {
    expect(matchOf({ headers: [{ name: 'a', value: 'é' }] })?.headers).toEqual([['a', undefined]])
  })

  it.each<[title: string, filters: readonly unknown[], cut: string | undefined]>([
    ['nothing', [], ''],
    ['nothing if only the host is rewritten', [{ urlRewrite: { hostname: 'a' } }], ''],
    ['a whole prefix', [replacing('/')], '/a/b'],
    ['the part that the new prefix lacks', [replacing('/b')], '/a'],
    ['something unknown if the new prefix differs', [replacing('/c')], undefined],
    ['something unknown of a full path', [whole('/')], undefined],
    ['something unknown with two rewrites', [replacing('/'), replacing('/')], undefined],
    ['something unknown with an extension', [{ type: 'ExtensionRef' }], undefined],
  ])('removes %s from the path', (_title, filters, cut) => {
    expect(matchOf({ path: { value: '/a/b' } }, 'HTTPRoute', filters)).toMatchObject({ cut })
  })

  function replacing(replacePrefixMatch: string) {
    return { urlRewrite: { path: { type: 'ReplacePrefixMatch', replacePrefixMatch } } }
  }
  function whole(replaceFullPath: string) {
    return { urlRewrite: { path: { type: 'ReplaceFullPath', replaceFullPath } } }
  }
})
