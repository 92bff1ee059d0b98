import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { objectsFrom } from '../../src/doctor/objects.ts'
import type { PermissionScope } from '../../src/doctor/permissions.ts'
import { inspectPermissions, MAX_REVIEWS } from '../../src/doctor/review-permissions.ts'
import { ApiError, type ApiRequest } from '../../src/kubernetes/client/api-server.ts'
import { at, textAt } from '../../testing/json.ts'
import { IN_ISTIO } from './sound.ts'

const SCOPE: PermissionScope = {
  namespaces: [],
  apiKeyLabels: { 'kserve-authz.io/credential': 'api-key' },
  kserveNamespace: 'kserve',
  instantRevocation: true,
  discovers: { issuer: true, keys: true },
  gatewayPods: [],
}
const OBJECTS = objectsFrom(IN_ISTIO)
const { signal } = new AbortController()

/** An API server that refuses what fits, and what it was asked. */
function createApi(refuses: (asked: string) => boolean, status: object = { allowed: false }) {
  const asked: string[] = []
  const users = new Set<string>()
  const send = async ({ body }: ApiRequest): Promise<unknown> => {
    const attributes = at(body, 'spec', 'resourceAttributes')
    const text = (field: string) => textAt(attributes, field)
    const path = textAt(body, 'spec', 'nonResourceAttributes', 'path')
    const words =
      path || `${text('verb')} ${text('group')}/${text('resource')}/${text('subresource')}`
    const question = `${words} ${text('namespace')} ${text('name')}`.trim()
    asked.push(question)
    users.add(textAt(body, 'spec', 'user'))
    return { status: refuses(question) ? status : { allowed: true } }
  }
  return { asked, users, send }
}

const examined = (api: Pick<ReturnType<typeof createApi>, 'send'>, scope = SCOPE) =>
  inspectPermissions(api, signal, OBJECTS, scope)

describe('the permissions of the service', () => {
  it('are asked for the ServiceAccount of the Deployment, each once', async () => {
    const api = createApi(() => false)
    expect(await examined(api)).toEqual([])
    expect([...api.users]).toEqual(['system:serviceaccount:kserve-authz:kserve-authz'])
    expect(new Set(api.asked).size).toBe(api.asked.length)
    expect(api.asked).toEqual(
      expect.arrayContaining([
        'list serving.kserve.io/inferenceservices/',
        'watch /secrets/',
        'list /configmaps/ kserve inferenceservice-config',
        'watch rbac.authorization.k8s.io/clusterrolebindings/',
        'list security.istio.io/authorizationpolicies/',
        'create authentication.k8s.io/tokenreviews/',
        'create authorization.k8s.io/subjectaccessreviews/',
        'create /events/',
        'patch kserve-authz.io/accesspolicies/status',
        '/.well-known/openid-configuration',
        '/openid/v1/jwks',
      ]),
    )
  })

  it('depend on the configuration', async () => {
    const api = createApi(() => false)
    await examined(api, {
      ...SCOPE,
      namespaces: ['team'],
      instantRevocation: false,
      discovers: { issuer: false, keys: false },
    })
    const text = api.asked.join('\n')
    expect(text).toContain('list /pods/ team')
    expect(text).toContain('create /events/ team')
    expect(text).not.toMatch(/rbac\.authorization|serviceaccounts|well-known|jwks|security\.istio/)
    expect(text).not.toMatch(/^list \/pods\/$/m)
  })

  it('that are missing and needed are an error, with what does not work', async () => {
    const api = createApi((asked) => asked.includes('/pods/'))
    expect(await examined(api)).toEqual([
      {
        code: 'permission-missing',
        object: 'ServiceAccount kserve-authz/kserve-authz',
        message: 'it may not list pods, watch pods: a replica that starts does not become ready',
        remedy: 'kubectl apply -f deploy/rbac.yaml',
      },
    ])
  })

  it.each([
    ['create authentication.k8s.io/tokenreviews/', 'permission-missing', 'new tokens'],
    ['create authorization.k8s.io/subjectaccessreviews/', 'permission-missing', 'callers that'],
    ['/openid/v1/jwks', 'permission-missing', 'new tokens'],
    ['watch gateway.networking.k8s.io/httproutes/', 'optional-permission-missing', 'a gateway'],
    ['list gateway.envoyproxy.io/securitypolicies/', 'optional-permission-missing', 'the service'],
    ['create /events/', 'optional-permission-missing', 'owners get'],
    ['patch kserve-authz.io/accesspolicies/status', 'optional-permission-missing', 'AccessPol'],
  ])('%s is %s: %s', async (question, code, without) => {
    const found = await examined(createApi((asked) => asked === question))
    expect(found.map((finding) => finding.code)).toEqual([code])
    expect(found[0]?.message).toContain(`: ${without}`)
  })

  it('are asked for sixteen at a time', async () => {
    let [now, most] = [0, 0]
    const send = async () => {
      now += 1
      most = Math.max(most, now)
      await setImmediate()
      now -= 1
      return { status: { allowed: true } }
    }
    await examined({ send })
    expect(most).toBe(16)
  })

  it('of some namespaces need Roles', async () => {
    const api = createApi((asked) => asked.endsWith('/secrets/ team'))
    const found = await examined(api, { ...SCOPE, namespaces: ['team'] })
    expect(found).toMatchObject([
      {
        message: expect.stringContaining('list secrets in namespace team, watch secrets in'),
        remedy: expect.stringContaining('rbac-namespaces.yaml'),
      },
    ])
  })

  it('are counted in one finding of each purpose if all are missing', async () => {
    const found = await examined(createApi(() => true))
    expect(found.length).toBeLessThanOrEqual(8)
    expect(found.find(({ message }) => message.includes('and '))?.message).toMatch(
      /\(and \d+ more\)/,
    )
  })

  it('are not known if the doctor may not ask, or an authorizer fails', async () => {
    const refused = {
      send: async () => {
        throw new ApiError(403)
      },
    }
    expect(await examined(refused)).toMatchObject([
      {
        code: 'not-read',
        object: 'the permissions of ServiceAccount kserve-authz/kserve-authz',
        message: 'missing permission: create subjectaccessreviews.authorization.k8s.io',
      },
    ])
    const failing = createApi(() => true, { allowed: false, evaluationError: 'webhook' })
    expect(await examined(failing)).toMatchObject([{ code: 'not-read' }])
  })

  it('of more namespaces than are asked for are said to be unknown', async () => {
    const api = createApi(() => false)
    const namespaces = Array.from({ length: 200 }, (_, index) => `team-${index}`)
    const found = await examined(api, { ...SCOPE, namespaces })
    expect(api.asked.length).toBe(MAX_REVIEWS)
    expect(found).toMatchObject([
      { code: 'not-read', message: expect.stringMatching(/^\d+ permissions .* not asked for$/) },
    ])
  })
})
