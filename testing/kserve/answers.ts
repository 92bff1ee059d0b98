import { type Engine, openEngine } from '../../src/app/engine.ts'
import { explain } from '../../src/cli/check.ts'
import { checkMessage } from '../../src/cli/check-message.ts'
import { readConfig } from '../../src/config/read-config.ts'
import { encodeCheckRequest } from '../../src/envoy/protocol.ts'
import { folderOf } from '../folder-of.ts'
import type { Sent } from './reached.ts'

/** The answer for a caller with all permissions, and the services that were targets. */
type Answered = { readonly answer: string; readonly targets: readonly string[] }

export type Asking = {
  readonly ask: (sent: Sent) => Promise<Answered>
  readonly problems: readonly string[]
  readonly close: () => Promise<void>
}

/** For a caller with permission for every service. */
const TOKEN = 'test-token-of-everybody-not-a-secret'

/** The same engine as in the service, over a folder with these objects. */
export async function askFolder(objects: readonly unknown[], config: object = {}): Promise<Asking> {
  const folder = await folderOf([...objects.map(Object), ...everybody()])
  const problems: string[] = []
  const engine = await openEngine({
    config: readConfig({
      file: { path: 'config.yaml', text: JSON.stringify({ protectByDefault: true, ...config }) },
      env: {},
      flags: { manifests: folder.root },
    }),
    manifests: folder.root,
    reportProblem: ({ object, reason }) => problems.push(`${object} ${reason}`),
    reportFault: () => {},
    reportOutage: () => {},
  })
  return {
    ask: (sent) => askGateway(engine, sent),
    problems,
    close: async () => {
      await engine.close()
      await folder.remove()
    },
  }
}

async function askGateway(engine: Engine, { host, path, headers }: Sent): Promise<Answered> {
  const header = [
    `authorization: Bearer ${TOKEN}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ]
  const message = checkMessage({ header }, 'POST', `http://${host}${path}`)
  const { decision, reason, steps } = await explain(engine, encodeCheckRequest(message), 'gateway')
  const targets = steps.flatMap((step) => /^target: (\S+ \S+), /.exec(step)?.[1] ?? [])
  return { answer: reason || decision, targets: [...new Set(targets)] }
}

const RBAC = 'rbac.authorization.k8s.io'
const ACCOUNT = { name: 'everybody', namespace: 'team' }

const everybody = (): readonly object[] => [
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata: ACCOUNT },
  {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/service-account-token',
    metadata: {
      name: 'everybody-token',
      namespace: ACCOUNT.namespace,
      annotations: { 'kubernetes.io/service-account.name': ACCOUNT.name },
    },
    data: { token: Buffer.from(TOKEN).toString('base64') },
  },
  {
    apiVersion: `${RBAC}/v1`,
    kind: 'ClusterRole',
    metadata: { name: 'everything' },
    rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }],
  },
  {
    apiVersion: `${RBAC}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name: 'everybody' },
    roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: 'everything' },
    subjects: [{ kind: 'ServiceAccount', ...ACCOUNT }],
  },
]
