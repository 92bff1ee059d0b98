import { afterAll } from 'vitest'
import { openEngine } from '../src/app/engine.ts'
import { explain } from '../src/cli/check.ts'
import { checkMessage } from '../src/cli/check-message.ts'
import { readConfig } from '../src/config/read-config.ts'
import type { Checked } from '../src/envoy/check-handler.ts'
import { decodeCheckRequest, encodeCheckRequest } from '../src/envoy/protocol.ts'
import { readCheckRequest } from '../src/envoy/read-request.ts'
import { folderOf } from './folder-of.ts'

const closes: (() => Promise<unknown>)[] = []
afterAll(async () => {
  for (const close of closes.splice(0).toReversed()) await close()
})

/** The spec of the model's AccessPolicy, if there is one. */
type PolicySpec = object | undefined

type Headers = Readonly<Record<string, string>>

type Subject = { readonly kind: 'User' | 'Group'; readonly name: string }

/** A protected model. */
export const MODEL = {
  apiVersion: 'serving.kserve.io/v1beta1',
  kind: 'InferenceService',
  metadata: {
    name: 'iris',
    namespace: 'team',
    annotations: { 'security.opendatahub.io/enable-auth': 'true' },
  },
  spec: { predictor: { model: { modelFormat: { name: 'sklearn' } } } },
  status: { url: 'http://iris-team.example.com' },
}

export const policyOf = (spec: object) => ({
  apiVersion: 'kserve-authz.io/v1alpha1',
  kind: 'AccessPolicy',
  metadata: { name: 'iris', namespace: 'team' },
  spec,
})

const bindings = (subjects: readonly Subject[]) => [
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name: 'call', namespace: 'team' },
    rules: [{ apiGroups: ['serving.kserve.io'], resources: ['inferenceservices'], verbs: ['get'] }],
  },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: 'call', namespace: 'team' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'call' },
    subjects: subjects.map((subject) => ({ ...subject, apiGroup: 'rbac.authorization.k8s.io' })),
  },
]

export type Asked = {
  /** `allow`, or the reason of the denial. */
  readonly answer: string
  /** The client's answer for a denial. */
  readonly phrase: string
  readonly steps: readonly string[]
  /** The headers that reach the model. */
  readonly set: Readonly<Record<string, string>>
  readonly removed: readonly string[]
}

export type Installation = {
  readonly config?: object
  readonly policy?: PolicySpec
  /** The subjects of a RoleBinding that may call the model. */
  readonly subjects?: readonly Subject[]
  readonly objects?: readonly object[]
  readonly faults?: string[]
  readonly proxies?: Readonly<Record<string, string | undefined>>
}

/** One protected model and everything between it and its callers, as in `check`. */
export async function modelBehind(given: Installation = {}) {
  const { config = {}, policy, subjects = [], objects = [], faults = [], proxies = {} } = given
  const policies = policy === undefined ? [] : [policyOf(policy)]
  const folder = await folderOf([MODEL, ...policies, ...bindings(subjects), ...objects])
  closes.push(folder.remove)
  const engine = await openEngine({
    config: readConfig({
      file: { path: 'config.yaml', text: JSON.stringify(config) },
      env: {},
      flags: { manifests: folder.root },
    }),
    manifests: folder.root,
    reportProblem: ({ message }) => faults.push(message),
    reportFault: (message, error) => faults.push(`${message}: ${String(error)}`),
    reportOutage: () => {},
    proxies,
  })
  closes.push(engine.close)

  const messageOf = (headers: Headers) => {
    const header = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
    const url = 'http://iris-team.example.com/v1/models/iris:predict'
    return encodeCheckRequest(checkMessage({ header }, 'POST', url))
  }
  return {
    engine,
    /** As the server records it. */
    check: async (headers: Headers): Promise<Checked> => {
      const incoming = readCheckRequest(decodeCheckRequest(messageOf(headers)), 'gateway')
      return { incoming, answer: await engine.authorize(incoming.request), seconds: 0 }
    },
    ask: async (headers: Headers): Promise<Asked> => {
      const message = messageOf(headers)
      const { decision, reason, steps, headers: told } = await explain(engine, message, 'gateway')
      return {
        answer: reason || decision,
        phrase: told.set['x-ext-auth-reason'] ?? '',
        steps,
        set: told.set,
        removed: told.remove,
      }
    },
  }
}

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
