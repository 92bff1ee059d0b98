import { describe, expect, it } from 'vitest'
import { known } from '../../src/access/authentication.ts'
import type { Permission } from '../../src/access/decide.ts'
import type { Policy } from '../../src/access/policy.ts'
import { MAX_ASKED } from '../../src/access/routing-group.ts'
import type { RoutingGroup, Service } from '../../src/access/service.ts'
import {
  aCaller,
  anApiKey,
  anAuthorize,
  anLlm,
  aRequest,
  atPod,
  aWorkload,
} from '../../testing/builders.ts'
import { policyOf } from '../../testing/policies/policies.ts'

const MODEL = 'shared'
const BY_NAME = `/publishers/llm/models/${MODEL}/v1/chat/completions`
const HOST = 'llm.example.com'
const ROUTED: RoutingGroup = { name: 'canary', routed: true }

const member = (name: string, given: Partial<Omit<Service, 'routes' | 'kind'>> = {}) =>
  anLlm({ name, model: MODEL, group: ROUTED, hosts: [HOST], ...given })

const policyFor = (name: string, spec: object = {}) =>
  policyOf(
    { targetRefs: [{ group: 'serving.kserve.io', kind: 'LLMInferenceService', name }], ...spec },
    'policy',
    { namespace: 'llm' },
  )

type Asked = {
  readonly services: readonly Service[]
  /** Names of the services that RBAC permits; others have their answer. */
  readonly permitted?: readonly string[]
  readonly answers?: Readonly<Record<string, Permission>>
  readonly policies?: readonly Policy[]
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly shown?: boolean
  readonly keyFor?: string
}

async function answerTo({
  services,
  permitted = [],
  answers = {},
  policies = [],
  path = BY_NAME,
  headers = {},
  shown = true,
  keyFor,
}: Asked) {
  const asked: string[] = []
  const authorize = anAuthorize({
    services,
    policies,
    tokens: new Map([['a-token', known(aCaller())]]),
    keys:
      keyFor === undefined
        ? []
        : [
            anApiKey({
              key: 'key-0123456789abcdef',
              namespace: 'llm',
              services: [{ kind: undefined, name: keyFor }],
            }),
          ],
    permits: (_caller, { name }) => {
      asked.push(name)
      return answers[name] ?? (permitted.includes(name) ? 'yes' : 'no')
    },
  })
  const credential = keyFor === undefined ? 'a-token' : 'key-0123456789abcdef'
  const { decision } = await authorize(
    aRequest({
      host: HOST,
      path,
      headers: { ...(shown ? { authorization: `Bearer ${credential}` } : {}), ...headers },
    }),
  )
  return { answer: decision.outcome === 'deny' ? decision.reason : 'allow', asked }
}

const answerOf = async (asked: Asked) => (await answerTo(asked)).answer

describe('the members of a routing group that share a model name', () => {
  const services = [member('blue'), member('green')]

  it.each([['blue'], ['green']])('need permission for only one of them: %s', async (name) => {
    expect(await answerOf({ services, permitted: [name] })).toBe('allow')
  })

  it('need a key for only one of them', async () => {
    expect(await answerOf({ services, keyFor: 'green' })).toBe('allow')
    expect(await answerOf({ services, keyFor: 'red' })).toBe('key-not-for-service')
  })

  it('need permission for only one of them with the model header as well', async () => {
    const headers = { 'x-gateway-model-name': `publishers/llm/models/${MODEL}` }
    const asked = { services, path: '/v1/chat/completions', headers }
    expect(await answerOf({ ...asked, permitted: ['green'] })).toBe('allow')
    expect(await answerOf(asked)).toBe('not-permitted')
  })

  it('are denied without any permission', async () => {
    expect(await answerOf({ services })).toBe('not-permitted')
    expect(await answerOf({ services, shown: false })).toBe('missing-credential')
  })

  it('are called individually on the path that contains the name of one', async () => {
    const path = '/llm/blue/v1/chat/completions'
    expect(await answerOf({ services, path, permitted: ['green'] })).toBe('not-permitted')
    expect(await answerOf({ services, path, permitted: ['blue'] })).toBe('allow')
  })

  it("are called at each other's pods with permission for either", async () => {
    const service = { kind: 'LLMInferenceService', namespace: 'llm', name: 'blue' } as const
    const authorize = anAuthorize({
      services,
      workloads: [aWorkload({ service, component: 'llm' })],
      tokens: new Map([['a-token', known(aCaller())]]),
      permits: (_caller, { name }) => (name === 'green' ? 'yes' : 'no'),
    })
    const { decision } = await authorize(atPod({ headers: { authorization: 'Bearer a-token' } }))
    expect(decision).toMatchObject({ outcome: 'allow' })
  })
})

describe('a routing group does not open the service of another', () => {
  it.each<[title: string, other: Service]>([
    ['an open member', member('green', { protection: 'open' })],
    ['a member in shadow', member('green', { shadow: true })],
    ['one without a weight', member('green', { group: { name: 'canary', routed: false } })],
    ['one of another group', member('green', { group: { name: 'other', routed: true } })],
    ['one without a group', anLlm({ name: 'green', model: MODEL, hosts: [HOST] })],
    ['one with another model', member('green', { models: ['publishers/llm/models/other'] })],
    [
      'one of another namespace',
      member('green', { namespace: 'other', models: ['publishers/llm/models/shared'] }),
    ],
  ])('%s', async (_title, other) => {
    const services = [member('blue'), other]
    expect(await answerOf({ services, permitted: ['green'] })).not.toBe('allow')
    expect(await answerOf({ services, shown: false })).not.toBe('allow')
  })

  it('a member with policies does not grant its permission to others', async () => {
    const services = [member('blue'), member('green')]
    const policies = [policyFor('green')]
    expect(await answerOf({ services, policies, permitted: ['green'] })).toBe('not-permitted')
  })

  it('the policies of each member apply', async () => {
    const services = [member('blue'), member('green')]
    const policies = [policyFor('blue', { allow: [] })]
    expect(await answerOf({ services, policies, permitted: ['blue', 'green'] })).toBe(
      'not-permitted',
    )
  })

  it('the route of each member reaches all members, so all are targets', async () => {
    const open = member('blue', { protection: 'open' })
    const services = [
      {
        ...open,
        routes: [
          ...open.routes,
          { host: undefined, pathPrefix: '/mine', basis: 'published' as const },
        ],
      },
      member('green', { models: ['publishers/llm/models/other'] }),
    ]
    expect(await answerOf({ services, path: '/mine/v1', shown: false })).toBe('missing-credential')
    expect(await answerOf({ services, path: '/llm/blue/v1', shown: false })).toBe('allow')
  })
})

describe('a member whose permission cannot be determined', () => {
  const services = [member('blue'), member('green')]

  it.each<[Permission, string]>([
    ['unavailable', 'authorization-unavailable'],
    ['overloaded', 'overloaded'],
    ['no', 'not-permitted'],
  ])('%s: %s', async (permission, answer) => {
    expect(await answerOf({ services, answers: { green: permission } })).toBe(answer)
  })

  it('permission for another member suffices', async () => {
    const answers = { blue: 'unavailable', green: 'yes' } as const
    expect(await answerOf({ services, answers })).toBe('allow')
  })

  it('only some members are checked', async () => {
    const names = Array.from({ length: 3 * MAX_ASKED }, (_, index) => `m${index + 10}`)
    const many = names.map((name) => member(name))
    const { answer, asked } = await answerTo({ services: many })
    expect(answer).toBe('not-permitted')
    expect(asked.length).toBeLessThanOrEqual(MAX_ASKED + 1)
  })
})

describe('a permission for a member that is known', () => {
  const never = new Promise<Permission>(() => {})
  const answerWith = (members: readonly Service[], path = BY_NAME) =>
    anAuthorize({
      services: members,
      tokens: new Map([['a-token', known(aCaller())]]),
      permits: (_caller, { name }) => (name === 'green' ? 'yes' : never),
      grants: (_caller, { name }) => name === 'green',
    })(aRequest({ host: HOST, path, headers: { authorization: 'Bearer a-token' } }))

  it('answers without a question for the others', () => {
    const answer = answerWith([member('blue'), member('green')])
    expect(answer).toMatchObject({ decision: { outcome: 'allow' } })
  })

  it.each([
    ['open', member('green', { protection: 'open' }), BY_NAME],
    ['of another model', member('green', { models: ['publishers/llm/models/x'] }), BY_NAME],
    ['not routed', member('green', { group: { ...ROUTED, routed: false } }), BY_NAME],
    ['of another path', member('green'), '/llm/blue/v1/chat/completions'],
  ])('does not count if the member is %s', (_title, green, path) => {
    expect(answerWith([member('blue'), green], path)).toBeInstanceOf(Promise)
  })
})
