import { describe, expect, it } from 'vitest'
import { known } from '../../src/access/authentication.ts'
import type { AccessRequest } from '../../src/access/request.ts'
import {
  aCaller,
  anApiKey,
  anAuthorize,
  anLlm,
  aRequest,
  aService,
  atPod,
  aWorkload,
  type World,
} from '../../testing/builders.ts'
import { policyOf } from '../../testing/policies/policies.ts'

const KEY = 'iris-key-0123456789'
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
const WORLD: World = {
  services: [aService({ protection: 'open' })],
  workloads: [aWorkload()],
  keys: [anApiKey()],
}

async function told(request: AccessRequest, world: World) {
  const steps: string[] = []
  const { decision } = await anAuthorize({ ...WORLD, ...world })(request, (step) =>
    steps.push(step),
  )
  const verdict = decision.outcome === 'allow' ? 'allow' : decision.reason
  return { verdict, decision, steps }
}
const verdictOf = async (request: AccessRequest, spec: unknown, world: World = {}) =>
  (await told(request, { policies: [policyOf(spec)], ...world })).verdict

describe('a service of another namespace', () => {
  it.each<[title: string, world: World]>([
    [
      'its policies do not apply',
      { policies: [policyOf({ allow: [{}] }, 'p', { namespace: 'other' })] },
    ],
    ['its keys are unknown', { keys: [anApiKey({ namespace: 'other' })] }],
    [
      'its pods are not sibling components',
      {
        workloads: [
          aWorkload(),
          aWorkload({
            namespace: 'other',
            name: 't',
            addresses: ['10.0.0.2'],
            component: 'transformer',
          }),
        ],
      },
    ],
  ])('has no effect here: %s', async (_title, world) => {
    const services = [aService({ urls: [] })]
    const source = { address: '10.0.0.2', principal: 'spiffe://cluster.local/ns/team/sa/iris-sa' }
    const verdicts = await Promise.all(
      [atPod({ source }), atPod({ headers: bearer('other-key-0123456789') })].map(
        async (request) => (await told(request, { services, ...world })).verdict,
      ),
    )
    expect(verdicts).not.toContain('allow')
  })

  it('whose pods have the same labels and name is not a local principal', async () => {
    const spec = {
      authentication: { mesh: {} },
      allow: [{ from: [{ principals: ['cluster.local/ns/team/sa/editor'] }] }],
    }
    const from = (namespace: string) =>
      atPod({ source: { principal: `spiffe://cluster.local/ns/${namespace}/sa/editor` } })
    expect(await verdictOf(from('team'), spec)).toBe('allow')
    expect(await verdictOf(from('other'), spec)).toBe('not-permitted')
  })
})

describe('callers without a credential', () => {
  const principal = 'spiffe://cluster.local/ns/a/sa/x'

  it.each<[title: string, spec: object, verdict: string]>([
    ['are denied if no policy accepts them', {}, 'missing-credential'],
    ['are denied without a rule', { authentication: { mesh: {} } }, 'not-permitted'],
    ['are denied with a rule alone', { allow: [{}] }, 'missing-credential'],
    ['are allowed by both', { authentication: { mesh: {} }, allow: [{}] }, 'allow'],
    [
      'are asked for a credential where the policy accepts anonymous callers',
      { authentication: { anonymous: {} } },
      'missing-credential',
    ],
    [
      'match the rule for anonymous callers',
      { authentication: { anonymous: {} }, allow: [{}] },
      'allow',
    ],
  ])('%s', async (_title, spec, verdict) => {
    expect(await verdictOf(atPod({ source: { principal } }), spec)).toBe(verdict)
  })

  it('are denied at a gateway, and behind one', async () => {
    const spec = { authentication: { mesh: {} }, allow: [{}] }
    const gateway = 'spiffe://cluster.local/ns/istio-system/sa/gateway'
    expect(await verdictOf(aRequest({ source: { principal } }), spec)).toBe('missing-credential')
    expect(await verdictOf(atPod({ source: { principal: gateway } }), spec)).toBe(
      'missing-credential',
    )
  })
})

describe('a deny rule', () => {
  const EVIL = 'cluster.local/ns/evil/sa/x'
  const evil = { principal: `spiffe://${EVIL}` }
  const denying = (
    from: object,
    authentication: object = { mesh: {}, anonymous: {}, apiKeys: {} },
  ) => ({
    authentication,
    deny: [{ from: [from] }],
    allow: [{}],
  })

  it.each<[title: string, request: AccessRequest, authentication?: object]>([
    ['without a credential', atPod({ source: evil })],
    ['with a valid key', atPod({ source: evil, headers: bearer(KEY) })],
    ['with an unverifiable credential', atPod({ source: evil }), { anonymous: {} }],
    ['at a gateway', aRequest({ source: evil, headers: bearer(KEY) })],
  ])('for a mesh workload matches one %s', async (_title, request, authentication) => {
    expect(await verdictOf(request, denying({ principals: [EVIL] }, authentication))).toBe(
      'denied-by-rule',
    )
    expect(await verdictOf(request, denying({ principals: ['a/ns/b/sa/c'] }, authentication))).toBe(
      'allow',
    )
  })

  it.each(['cluster.local/ns/istio-system/sa/gateway', 'other.domain/ns/a/sa/x'])(
    'matches %s, which is denied',
    async (peer) => {
      const source = { principal: `spiffe://${peer}` }
      const request = atPod({ source, headers: bearer(KEY) })
      expect(await verdictOf(request, denying({ principals: [peer] }))).toBe('denied-by-rule')
    },
  )

  it('for a workload and its key matches if both are present', async () => {
    const both = denying({ principals: [EVIL], apiKeys: {} })
    const request = atPod({ source: evil, headers: bearer(KEY) })
    expect(await verdictOf(request, both)).toBe('denied-by-rule')
    expect(await verdictOf(atPod({ source: evil }), both)).toBe('allow')
  })

  it('matches a method in lower case too: some servers treat it as the same', async () => {
    const spec = { deny: [{ to: [{ methods: ['POST'] }] }], allow: [{}] }
    for (const method of ['POST', 'post', 'Post']) {
      const request = atPod({ method, headers: bearer(KEY) })
      expect(await verdictOf(request, spec)).toBe('denied-by-rule')
    }
    const allowed = { allow: [{ to: [{ methods: ['POST'] }] }] }
    const small = atPod({ method: 'post', headers: bearer(KEY) })
    expect(await verdictOf(small, allowed)).toBe('not-permitted')
  })

  it('does not let a peer in that presents another credential', async () => {
    const spec = { allow: [{ from: [{ principals: [EVIL] }] }] }
    const request = atPod({ source: evil, headers: bearer(KEY) })
    expect(await verdictOf(request, spec)).toBe('not-permitted')
  })
})

describe('the headers of a policy', () => {
  const spec = {
    headers: { 'kubeflow-userid': { claim: 'email' } },
    exclusions: [{ path: '/ready' }],
  }
  const ours = { claimHeaders: { 'kubeflow-userid': 'email' } }

  it.each<[title: string, request: AccessRequest, world: World]>([
    ['for an allowed caller', atPod({ headers: bearer(KEY) }), {}],
    ['on an excluded path', atPod({ method: 'GET', path: '/ready' }), {}],
    ['on a path that the configuration excludes', atPod({ method: 'GET', path: '/healthz' }), {}],
    [
      'at a service that its owner opened',
      atPod(),
      { services: [aService({ protection: 'open', optedOut: true })] },
    ],
    ['at a service in shadow', atPod(), { services: [aService({ shadow: true })] }],
  ])('are protected %s', async (_title, request, world) => {
    const { decision } = await told(request, { policies: [policyOf(spec)], ...world })
    expect(decision).toMatchObject({ outcome: 'allow', ...ours })
  })

  it('are protected whichever of two services sets them', async () => {
    const services = [aService({ protection: 'open' }), aService({ name: 'second' })]
    const workloads = services.map((service) => aWorkload({ service, serviceAccount: 'iris-sa' }))
    const targetRefs = [{ group: 'serving.kserve.io', kind: 'InferenceService', name: 'second' }]
    const policies = [policyOf({ ...spec, targetRefs })]
    const { decision } = await told(atPod({ headers: bearer(KEY) }), {
      services,
      workloads,
      policies,
    })
    expect(decision).toMatchObject({ outcome: 'allow', ...ours })
  })
})

describe('paths', () => {
  it('are the ones that the model sees, if a gateway strips a prefix', async () => {
    const world = { services: [anLlm({ namespace: 'team' })], workloads: [] }
    const spec = { allow: [{ to: [{ paths: ['/v1/chat'] }] }], exclusions: [{ path: '/health' }] }
    const at = (path: string, method = 'POST') =>
      verdictOf(aRequest({ host: 'gw', path, method, headers: bearer(KEY) }), spec, world)
    expect(await at('/team/chat/v1/chat')).toBe('allow')
    expect(await at('/team/chat/v1/other')).toBe('not-permitted')
    const health = aRequest({ host: 'gw', path: '/team/chat/health', method: 'GET' })
    expect(await verdictOf(health, spec, world)).toBe('allow')
  })

  it('that are not canonical are denied before any rule is evaluated', async () => {
    const spec = { deny: [{}], allow: [{ to: [{ paths: ['/*'] }] }] }
    const odd = atPod({ path: '/v2//x', headers: bearer('nonsense') })
    expect(await verdictOf(odd, spec)).toBe('unsupported-request')
    expect(await verdictOf(odd, { allow: [{}] })).toBe('unknown-api-key')
  })
})

describe('a sibling component', () => {
  const source = { address: '10.0.0.2', principal: 'spiffe://cluster.local/ns/team/sa/iris-sa' }
  const transformer = aWorkload({ name: 't', addresses: ['10.0.0.2'], component: 'transformer' })
  const world: World = { workloads: [aWorkload(), transformer] }
  const principals = ['cluster.local/ns/team/sa/iris-sa']

  it.each<[spec: object, headers: Readonly<Record<string, string>>, verdict: string]>([
    [{ allow: [] }, {}, 'allow'],
    [{ allow: [] }, bearer('expired'), 'allow'],
    [{ authentication: {} }, bearer(KEY), 'allow'],
    [{ deny: [{}] }, {}, 'denied-by-rule'],
    [{ deny: [{ from: [{ principals }] }] }, {}, 'denied-by-rule'],
    [{ deny: [{ from: [{ principals }] }] }, bearer('expired'), 'unknown-api-key'],
    [{ deny: [{ from: [{ apiKeys: {} }] }] }, bearer(KEY), 'denied-by-rule'],
    [{ deny: [{ from: [{ principals }] }] }, bearer(KEY), 'denied-by-rule'],
    [{ deny: [{ from: [{ principals: ['other/ns/a/sa/b'] }] }] }, bearer(KEY), 'allow'],
    [{ allow: null }, {}, 'policy-invalid'],
  ])('under %o with %o: %s', async (spec, headers, verdict) => {
    expect(await verdictOf(atPod({ source, headers }), spec, world)).toBe(verdict)
  })
})

describe('an explanation', () => {
  it.each<[title: string, spec: object, request: AccessRequest, told: readonly string[]]>([
    [
      'says which policies do not accept a credential',
      { authentication: { jwt: [] } },
      atPod({ headers: bearer(KEY) }),
      ['policy policy: does not accept this credential, unknown-api-key'],
    ],
    [
      'says which callers the policies accept without a credential',
      { authentication: { mesh: {} } },
      aRequest(),
      ['peer: none', 'policy policy: without a credential it accepts mesh peers'],
    ],
    [
      'says that policies accept nobody without a credential',
      {},
      atPod({ source: { principal: 'spiffe://cluster.local/ns/a/sa/x' } }),
      ['peer: cluster.local/ns/a/sa/x', 'policy policy: without a credential it accepts nobody'],
    ],
    [
      'shows the target, the matching deny rule, and the result of the scope',
      { deny: [{}] },
      atPod({ path: '/v2/x?y=z', headers: bearer(KEY) }),
      [
        'operation: POST /v2/x',
        'policy policy, deny[0]: yes',
        'policy policy: denies',
        'scope of the key: yes',
      ],
    ],
    [
      'shows the question to RBAC',
      {},
      atPod({ path: '/v2/x', headers: bearer('reader-token') }),
      [
        'operation: POST /v2/x',
        "policy policy: has no allow rules: RBAC or the key's scope decides",
        'RBAC, get inferenceservices/iris in team: yes',
      ],
    ],
  ])('%s', async (_title, spec, request, wanted) => {
    const { steps } = await told(request, { policies: [policyOf(spec)] })
    expect(steps.filter((step) => /^(operation|policy|peer|RBAC|scope)/.test(step))).toEqual(wanted)
  })

  it('contains the steps of the shadow evaluation', async () => {
    const policies = [policyOf({ mode: 'Shadow', allow: [] })]
    const { shadowCheck } = await anAuthorize({ ...WORLD, policies })(
      atPod({ headers: bearer(KEY) }),
    )
    const steps: string[] = []
    await shadowCheck?.((step) => steps.push(step))
    expect(steps).toContain('policy policy: no allow rule matches, so it denies')
  })
})

it('explains each rule of each policy', async () => {
  const tokens = new Map([['ada', known(aCaller({ kind: 'jwt', user: 'ada', claims: {} }))]])
  const policies = [
    policyOf({ deny: [{ from: [{ users: ['bob'] }] }], allow: [{}, { to: [] }] }, 'one'),
    policyOf({ allow: [] }, 'two'),
  ]
  const { steps } = await told(atPod({ headers: bearer('ada') }), { tokens, policies })
  expect(steps.filter((step) => step.startsWith('policy '))).toEqual([
    'policy one, deny[0]: no, by from[0].users',
    'policy one, allow[0]: yes',
    'policy one, allow[1]: no, by to, which is empty',
    'policy one: allows',
    'policy two: no allow rule matches, so it denies',
  ])
})
