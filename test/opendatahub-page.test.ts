import { readFileSync } from 'node:fs'
import path from 'node:path'
import { load, loadAll } from 'js-yaml'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Engine, openEngine } from '../src/app/engine.ts'
import { explain } from '../src/cli/check.ts'
import { checkMessage } from '../src/cli/check-message.ts'
import { readConfig } from '../src/config/read-config.ts'
import { encodeCheckRequest } from '../src/envoy/protocol.ts'
import { folderOf } from '../testing/folder-of.ts'
import { at, textAt } from '../testing/json.ts'

const ROOT = path.join(import.meta.dirname, '..')
const text = (file: string) => readFileSync(path.join(ROOT, file), 'utf8')
const CONFIG = text('deploy/opendatahub/config.yaml')
const [PERMISSIONS = '', ROLES = ''] = [
  ...text('docs/opendatahub.md').matchAll(/```yaml\n([\s\S]*?)```/g),
].map(([, block = '']) => block)

const RBAC = 'rbac.authorization.k8s.io'
const OBJECTIVE = 'x-gateway-inference-objective'
const FAIRNESS = 'x-gateway-inference-fairness-id'
const CHAT = '/v1/chat/completions'

/** A ServiceAccount that the Role is bound to, with a token. */
const bound = (role: string): readonly object[] => [
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace: 'team', name: role } },
  {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/service-account-token',
    metadata: {
      namespace: 'team',
      name: `${role}-token`,
      annotations: { 'kubernetes.io/service-account.name': role },
    },
    data: { token: Buffer.from(`token-of-${role}-not-a-secret`).toString('base64') },
  },
  {
    apiVersion: `${RBAC}/v1`,
    kind: 'RoleBinding',
    metadata: { namespace: 'team', name: role },
    roleRef: { apiGroup: RBAC, kind: 'Role', name: role },
    subjects: [{ kind: 'ServiceAccount', namespace: 'team', name: role }],
  },
]

const llm = (name: string, model: string) => ({
  apiVersion: 'serving.kserve.io/v1alpha2',
  kind: 'LLMInferenceService',
  metadata: { namespace: 'team', name },
  spec: { model: { uri: 'hf://example/m', name: model }, router: { route: {}, gateway: {} } },
  status: { addresses: [{ url: `http://203.0.113.1/team/${name}` }] },
})

const VIEWER = 'chat-view-role'
const CALLER = 'chat-model-caller'

describe('the page of OpenDataHub', () => {
  let engine: Engine
  let folder: Awaited<ReturnType<typeof folderOf>>
  beforeAll(async () => {
    folder = await folderOf([
      llm('chat', 'chat-8b'),
      llm('other', 'other-8b'),
      ...loadAll(ROLES).map(Object),
      ...[VIEWER, CALLER].flatMap(bound),
    ])
    engine = await openEngine({
      config: readConfig({
        file: { path: 'config.yaml', text: CONFIG },
        env: {},
        flags: { manifests: folder.root },
      }),
      manifests: folder.root,
      reportProblem: () => {},
      reportFault: () => {},
      reportOutage: () => {},
    })
  })
  afterAll(async () => {
    await engine?.close()
    await folder?.remove()
  })

  async function ask(url: string, role: string, headers: readonly string[] = []) {
    const header = [`authorization: Bearer token-of-${role}-not-a-secret`, ...headers]
    const message = encodeCheckRequest(checkMessage({ header }, 'POST', url))
    const { decision, reason, headers: answered } = await explain(engine, message, 'gateway')
    return { answer: reason || decision, headers: answered }
  }

  it('shows the permissions of the configuration that is shipped', () => {
    expect(at(load(PERMISSIONS), 'permissions')).toEqual(at(load(CONFIG), 'permissions'))
    expect(loadAll(ROLES).map((role) => textAt(role, 'metadata', 'name'))).toEqual([VIEWER, CALLER])
  })

  it.each<[role: string, path: string, answer: string]>([
    [VIEWER, `/team/chat${CHAT}`, 'allow'],
    [VIEWER, `/publishers/team/models/chat-8b${CHAT}`, 'allow'],
    [VIEWER, `/team/other${CHAT}`, 'not-permitted'],
    [CALLER, `/team/chat${CHAT}`, 'not-permitted'],
    [CALLER, `/publishers/team/models/chat-8b${CHAT}`, 'allow'],
    [CALLER, `/publishers/team/models/other-8b${CHAT}`, 'not-permitted'],
  ])('its Role %s at %s: %s', async (role, at, answer) => {
    expect((await ask(`http://203.0.113.1${at}`, role)).answer).toBe(answer)
  })

  it.each<[path: string, named: string, answer: string]>([
    [CHAT, 'chat-8b', 'allow'],
    [CHAT, 'other-8b', 'not-permitted'],
    [`/team/other${CHAT}`, 'chat-8b', 'conflicting-target'],
    [`/publishers/team/models/other-8b${CHAT}`, 'chat-8b', 'conflicting-target'],
  ])('by the model header at %s, which names %s: %s', async (at, named, answer) => {
    const header = `x-gateway-model-name: publishers/team/models/${named}`
    expect((await ask(`http://203.0.113.1${at}`, CALLER, [header])).answer).toBe(answer)
  })

  it('orders requests by their callers, whatever the client says', async () => {
    const url = `http://203.0.113.1/team/chat${CHAT}`
    const forged = [`${OBJECTIVE}: critical`, `${FAIRNESS}: somebody-else`]
    const { headers } = await ask(url, VIEWER, forged)
    expect(headers.set).toMatchObject({
      [OBJECTIVE]: 'team',
      [FAIRNESS]: `system:serviceaccount:team:${VIEWER}`,
    })
  })
})
