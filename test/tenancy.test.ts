import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AccessRequest } from '../src/access/request.ts'
import { type Engine, openEngine } from '../src/app/engine.ts'
import { readConfig } from '../src/config/read-config.ts'
import { aRequest, atPod } from '../testing/builders.ts'
import { folderOf } from '../testing/folder-of.ts'

const KEY = 'a-key-of-the-team-0123'
const EVIL_KEY = 'a-key-of-evil-01234567'
const TOKEN = 'a-token-of-the-team-01'
const EVIL_TOKEN = 'a-token-of-evil-012345'

const KSERVE = 'serving.kserve.io'
const own = (namespace: string) => ({
  kserve: (kind: string, name: string, more: object = {}) => ({
    apiVersion: `${KSERVE}/v1beta1`,
    kind,
    metadata: { name, namespace },
    ...more,
  }),
  policy: (name: string, spec: object) => ({
    apiVersion: 'kserve-authz.io/v1alpha1',
    kind: 'AccessPolicy',
    metadata: { name, namespace },
    spec,
  }),
  key: (name: string, api_key: string, labels: object, annotations: object) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name,
      namespace,
      labels: { 'kserve-authz.io/credential': 'api-key', ...labels },
      annotations,
    },
    stringData: { api_key },
  }),
  account: (name: string, token: string) => [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } },
    {
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'kubernetes.io/service-account-token',
      metadata: {
        name: `${name}-token`,
        namespace,
        annotations: { 'kubernetes.io/service-account.name': name },
      },
      stringData: { token },
    },
  ],
  pod: (name: string, podIP: string, component: string) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace,
      labels: { 'serving.kserve.io/inferenceservice': 'iris', component },
    },
    spec: { serviceAccountName: 'iris', containers: [{ name: 'istio-proxy' }] },
    status: { phase: 'Running', podIP, podIPs: [{ ip: podIP }] },
  }),
  role: (name: string, subjects: readonly object[]) => [
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: { name, namespace },
      rules: [{ apiGroups: [KSERVE], resources: ['*'], verbs: ['*'] }],
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name, namespace },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
      subjects,
    },
  ],
})

const team = own('team')
const evil = own('evil')
const iris = { group: KSERVE, kind: 'InferenceService', name: 'iris' }
const TEAM = [
  team.kserve('InferenceService', 'iris', {
    metadata: {
      name: 'iris',
      namespace: 'team',
      annotations: { 'security.opendatahub.io/enable-auth': 'true' },
    },
  }),
  team.kserve('InferenceService', 'ruled'),
  team.kserve('InferenceService', 'free'),
  team.pod('iris-predictor', '10.0.0.1', 'predictor'),
  team.key('gold', KEY, { tier: 'gold' }, { 'kserve-authz.io/groups': 'gold' }),
  ...team.account('reader', TOKEN),
  // A caller that the cluster knows, in both worlds.
  ...evil.account('reader', EVIL_TOKEN),
  ...team.role('readers', [{ kind: 'ServiceAccount', name: 'reader', namespace: 'team' }]),
  team.policy('ruled', {
    targetRefs: [{ ...iris, name: 'ruled' }],
    allow: [
      {
        from: [
          { apiKeys: { matchLabels: { tier: 'gold' } } },
          { groups: ['gold'] },
          { users: ['ada'] },
          { serviceAccounts: ['team/reader'] },
          { claims: { tenant: ['team'] } },
        ],
      },
    ],
  }),
]

const ANYBODY = {
  authentication: { kubernetes: {}, apiKeys: {}, mesh: {}, anonymous: {} },
  allow: [{}],
  exclusions: [{ path: '/v1/models/iris' }],
}
/** All objects that a tenant of another namespace could write. */
const EVIL = [
  evil.kserve('InferenceService', 'iris', {
    metadata: {
      name: 'iris',
      namespace: 'evil',
      annotations: { 'kserve-authz.io/mode': 'shadow' },
    },
  }),
  evil.pod('iris-transformer', '10.0.0.66', 'transformer'),
  evil.key(
    'gold',
    EVIL_KEY,
    { tier: 'gold' },
    {
      'kserve-authz.io/groups': 'gold',
      'kserve-authz.io/user': 'ada',
    },
  ),
  evil.key(
    'everywhere',
    `${EVIL_KEY}-2`,
    { tier: 'gold' },
    {
      'kserve-authz.io/services': 'InferenceService/iris, ruled, free',
    },
  ),
  // The same key as the team's: it must stay valid there.
  evil.key('copied', KEY, {}, {}),
  ...evil.role('readers', [
    { kind: 'ServiceAccount', name: 'reader', namespace: 'evil' },
    { kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'system:authenticated' },
  ]),
  evil.policy('all', ANYBODY),
  evil.policy('iris', { ...ANYBODY, targetRefs: [iris, { ...iris, name: 'free' }] }),
  evil.policy('closing', { targetRefs: [iris], allow: [] }),
  evil.policy('shadow', { mode: 'Shadow', targetRefs: [{ ...iris, name: 'ruled' }], allow: [{}] }),
  evil.policy('unreadable', { targetRefs: 'team/iris' }),
  evil.policy('elsewhere', { targetRefs: [{ ...iris, namespace: 'team' }], allow: [{}] }),
  evil.policy('issuer', {
    authentication: {
      jwt: [
        {
          provider: 'keycloak',
          issuer: 'https://evil.example.com',
          jwksUri: 'https://evil.example.com/keys',
        },
      ],
    },
  }),
]

const open = async (objects: readonly object[]) => {
  const { root, remove } = await folderOf(objects)
  const engine = await openEngine({
    config: readConfig({
      env: { KSERVE_AUTHZ_OWNERS_MAY_ANONYMOUS: 'true' },
      flags: { manifests: root },
    }),
    manifests: root,
    reportProblem: () => {},
    reportFault: () => {},
    reportOutage: () => {},
  })
  return { engine, stop: () => engine.close().then(remove) }
}

let alone: Engine
let beside: Engine
const stops: (() => Promise<void>)[] = []
beforeAll(async () => {
  for (const objects of [TEAM, [...TEAM, ...EVIL]]) {
    const { engine, stop } = await open(objects)
    stops.push(stop)
    if (objects === TEAM) alone = engine
    else beside = engine
  }
})
afterAll(async () => {
  for (const stop of stops) await stop()
})

const peer = (account: string) => ({ principal: `spiffe://cluster.local/ns/${account}` })
const SHOWN: readonly [title: string, headers: Readonly<Record<string, string>>, source: object][] =
  [
    ['nothing', {}, {}],
    ['a key of the team', { 'x-api-key': KEY }, {}],
    ['a key of another namespace', { 'x-api-key': EVIL_KEY }, {}],
    ['a key that names our services', { authorization: `Bearer ${EVIL_KEY}-2` }, {}],
    ['a token of the team', { authorization: `Bearer ${TOKEN}` }, {}],
    ['a token of another namespace', { authorization: `Bearer ${EVIL_TOKEN}` }, {}],
    ['a certificate of another namespace', {}, peer('evil/sa/iris')],
    ['the pod of a service of that name', {}, { address: '10.0.0.66', ...peer('evil/sa/iris') }],
    ['that pod, labelled as one of ours', {}, { address: '10.0.0.66', ...peer('team/sa/iris') }],
  ]
const REQUESTS: readonly AccessRequest[] = ['iris', 'ruled', 'free'].flatMap((name) =>
  SHOWN.flatMap(([, headers, source]) =>
    ['GET', 'POST'].flatMap((method) => [
      aRequest({ host: `${name}.team.svc`, path: `/v1/models/${name}`, method, headers, source }),
      atPod({ host: `${name}.team.svc`, path: `/v1/models/${name}`, method, headers, source }),
    ]),
  ),
)

describe('whatever objects another namespace contains', () => {
  it('they change no answer about the services of this one', async () => {
    const outcomes = new Set<string>()
    for (const request of REQUESTS) {
      const [one, other] = [await alone.authorize(request), await beside.authorize(request)]
      expect(other.decision).toEqual(one.decision)
      expect(other.shadowCheck).toBeUndefined()
      outcomes.add(one.decision.outcome === 'allow' ? 'allow' : one.decision.reason)
    }
    expect(outcomes.size).toBeGreaterThan(3)
  })

  it.each(
    SHOWN.filter(([title]) => title !== 'a key of the team' && title !== 'a token of the team'),
  )('they open no protected service: %s', async (_title, headers, source) => {
    for (const name of ['iris', 'ruled']) {
      for (const request of [aRequest, atPod]) {
        const { decision } = await beside.authorize(
          request({ host: `${name}.team.svc`, headers, source }),
        )
        expect(decision.outcome).toBe('deny')
      }
    }
  })

  it('they are in force in their own namespace, where their owner decides', async () => {
    const { decision } = await beside.authorize(aRequest({ host: 'iris.evil.svc' }))
    expect(decision.outcome).toBe('allow')
  })
})
