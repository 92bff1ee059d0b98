import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { get, until } from '../../scripts/child.ts'
import { head, reachedModel, sendRaw } from '../../testing/envoy/http.ts'
import { reachedOverEach } from '../../testing/envoy/reached.ts'
import { type Mesh, startMesh, TEAM } from '../../testing/envoy/team.ts'
import { KEYS } from '../../testing/issuers/credentials.ts'
import { at } from '../../testing/json.ts'

const aModel = (name: string, annotations = {}) => ({
  apiVersion: 'serving.kserve.io/v1beta1',
  kind: 'InferenceService',
  metadata: { name, namespace: 'team', annotations },
  status: { url: `http://${name}-team.example.com` },
})
const aPolicy = (name: string, spec: object) => ({
  apiVersion: 'kserve-authz.io/v1alpha1',
  kind: 'AccessPolicy',
  metadata: { name: `of-${name}`, namespace: 'team' },
  spec: {
    targetRefs: [{ group: 'serving.kserve.io', kind: 'InferenceService', name }],
    mode: 'Shadow',
    ...spec,
  },
})
const MANIFESTS = [
  aModel('tried', {
    'security.opendatahub.io/enable-auth': 'true',
    'kserve-authz.io/mode': 'shadow',
  }),
  aModel('planned'),
  aPolicy('planned', { allow: [{ to: [{ methods: ['POST'] }] }] }),
  // Next to a protected model it opens nothing.
  aPolicy('bare', { authentication: { anonymous: {} }, allow: [{}] }),
]

const start = (ownersMay: object) =>
  startMesh({
    manifests: TEAM,
    files: { 'shadow.yaml': MANIFESTS.map((each) => JSON.stringify(each)).join('\n---\n') },
    config: { ownersMay },
    listeners: { gateway: {} },
  })

let mesh: Mesh
let strict: Mesh
beforeAll(async () => {
  mesh = await start({ anonymous: true })
  strict = await start({ anonymous: true, shadow: false })
})
afterAll(async () => {
  await mesh?.stop()
  await strict?.stop()
})

const hostOf = (name: string) => `${name}-team.example.com`

const ask = (name: string, id: string, { portOf } = mesh, method = 'GET') =>
  sendRaw(
    { port: portOf('gateway') },
    head(
      `${method} /v1/models/${name} HTTP/1.1`,
      `Host: ${hostOf(name)}`,
      `x-request-id: ${id}`,
      'content-length: 0',
    ),
  )

const lineOf = (id: string, { service } = mesh) =>
  until(`the line of ${id}`, async () =>
    service().decisions.find((line) => at(line, 'requestId') === id),
  )

const metricsOf = async ({ service } = mesh) =>
  (await get(`http://127.0.0.1:${service().httpPort}/metrics`)).text

const FORGED = {
  'x-auth-request-user': 'root',
  'x-auth-request-groups': 'admins',
  x_auth_request_user: 'root',
  'x-auth-request-credential': 'jwt',
}

describe.each([
  ['a model that its owner has put in shadow', 'tried'],
  ['an open model with a policy in shadow', 'planned'],
])('%s', (_title, name) => {
  it('answers everybody, and logs what enforcement would have answered', async () => {
    expect((await ask(name, `log-${name}`)).status).toBe(200)
    expect(await lineOf(`log-${name}`)).toMatchObject({
      namespace: 'team',
      name,
      decision: 'allow',
      reason: '',
      shadowDecision: 'deny',
      shadowReason: 'missing-credential',
    })
  })

  it('counts that, in addition to the given answer', async () => {
    await ask(name, `metric-${name}`)
    await lineOf(`metric-${name}`)
    const labels = `namespace="team",name="${name}",decision="deny",reason="missing-credential"`
    const metrics = await metricsOf()
    expect(metrics).toMatch(
      new RegExp(
        `^kserve_authz_shadow_checks_total\\{${labels},credential_kind="none"\\} [1-9]`,
        'm',
      ),
    )
    expect(metrics).toContain(
      `kserve_authz_checks_total{namespace="team",name="${name}",decision="allow",reason="",credential_kind="none"}`,
    )
    expect(metrics).not.toMatch(
      new RegExp(`kserve_authz_checks_total\\{namespace="team",name="${name}",decision="deny"`),
    )
  })

  it.each([
    ['nothing', {}],
    ['forged headers', FORGED],
    ['a valid key', { 'x-api-key': KEYS.alice, authorization: `Bearer ${KEYS.alice}` }],
    ['an invalid credential', { authorization: 'Basic nobody' }],
  ])('treats callers with %s as an open model does', async (_shown, headers) => {
    const to = { port: mesh.portOf('gateway') }
    const reached = await reachedOverEach(to, hostOf(name), headers)
    const open = await reachedOverEach(to, hostOf('open'), headers)
    expect(reached.map(comparable)).toEqual(open.map(comparable))
    expect(reached).toHaveLength(3)
    for (const each of reached) {
      for (const forged of Object.keys(FORGED)) expect(each).not.toHaveProperty([forged])
    }
  })
})

/** Without the parts that differ between requests or models. */
const comparable = ({
  host: _host,
  ':authority': _authority,
  'x-request-id': _id,
  ...headers
}: Readonly<Record<string, unknown>>) => headers

describe('a policy in shadow', () => {
  it('opens no protected model, and reports whom it would admit', async () => {
    expect((await ask('bare', 'opening')).status).toBe(401)
    expect(await lineOf('opening')).toMatchObject({ decision: 'deny', shadowDecision: 'allow' })
  })

  it('is not activated by a request', async () => {
    const { status } = await sendRaw(
      { port: mesh.portOf('gateway') },
      head(
        'GET /v1/models/sk?mode=shadow HTTP/1.1',
        `Host: ${hostOf('sk')}`,
        'x-kserve-authz-mode: shadow',
        'x-request-id: turning-on',
      ),
    )
    expect(status).toBe(401)
    expect(await lineOf('turning-on')).not.toHaveProperty('shadowDecision')
  })
})

describe('if the configuration forbids shadow', () => {
  it('a model with that annotation is enforced', async () => {
    expect((await ask('tried', 'enforced', strict)).status).toBe(401)
    expect(await lineOf('enforced', strict)).not.toHaveProperty('shadowDecision')
  })

  it('a policy has no effect: it is neither evaluated nor enforced', async () => {
    const answer = await ask('planned', 'ignored', strict)
    expect(reachedModel(answer)).not.toHaveProperty('x-auth-request-user')
    expect(answer.status).toBe(200)
    expect(await lineOf('ignored', strict)).not.toHaveProperty('shadowDecision')
    expect((await ask('bare', 'closed', strict)).status).toBe(401)
    expect(await metricsOf(strict)).not.toContain('kserve_authz_shadow_checks_total{')
  })

  it('both are reported', () => {
    const told = JSON.stringify(strict.service().log)
    expect(told).toContain('ShadowNotAllowed')
    expect(told).toContain('annotation kserve-authz.io/mode cannot be')
    expect(told).toContain('spec.mode is Shadow, which the installation does not allow')
  })
})
