import { onTestFinished } from 'vitest'
import { createDirectory } from '../../src/access/directory.ts'
import { openManifests } from '../../src/manifests/source.ts'
import type { Problem } from '../../src/resources/problem.ts'
import { SETTINGS } from '../../testing/objects.ts'
import { aFolder } from './folders.ts'

export const digestOf = (text: string): string => SETTINGS.sha256(Buffer.from(text))

/** An open folder with these files. */
export async function opened(files: Readonly<Record<string, string>>) {
  const folder = await aFolder(files)
  const directory = createDirectory()
  const problems: Problem[] = []
  const manifests = await openManifests({
    folder: folder.root,
    settings: SETTINGS,
    directory,
    report: (problem) => problems.push(problem),
    limits: { settleMs: 20 },
  })
  onTestFinished(manifests.close)
  const protections = (host: string) =>
    directory.servicesRoutedBy({ host, pathPrefix: '' }).map(({ protection }) => protection)
  const hasKey = (key: string) => directory.keysWith('team', digestOf(key)).length === 1
  return { ...folder, ...manifests, directory, problems, protections, hasKey }
}

export const iris = (enableAuth: string, status = 'url: http://iris.example.com') => `
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  {name: iris, namespace: team, annotations: {security.opendatahub.io/enable-auth: "${enableAuth}"}}
status: {${status}}
`

export const pod = (address: string) => `
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: team, labels: {serving.kserve.io/inferenceservice: iris}}
status: {podIP: ${address}}
`

export const key = (name: string, value: string) => `
apiVersion: v1
kind: Secret
metadata: {name: ${name}, namespace: team, labels: {kserve-authz.io/credential: api-key}}
stringData: {api_key: "${value}"}
`

export const token = (name: string, value: string, uid = 'u-1') => `
apiVersion: v1
kind: Secret
type: kubernetes.io/service-account-token
metadata:
  name: ${name}
  namespace: team
  annotations:
    kubernetes.io/service-account.name: reader
    kubernetes.io/service-account.uid: ${uid}
stringData: {token: "${value}"}
`

export const account = (uid: string) => `
apiVersion: v1
kind: ServiceAccount
metadata: {name: reader, namespace: team, uid: ${uid}}
`

export const role = `
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader, namespace: team}
rules: [{apiGroups: [serving.kserve.io], resources: [inferenceservices], verbs: [get]}]
`

export const binding = (user: string) => `
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader, namespace: team}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: User, name: ${user}}]
`

export const HOST = 'iris.example.com'
export const KEY = 'a-key-of-thirty-bytes-or-so-1'
export const OTHER_KEY = 'a-key-of-thirty-bytes-or-so-2'
export const TOKEN = 'header.payload.signature'
export const IRIS = {
  verb: 'get',
  group: 'serving.kserve.io',
  resource: 'inferenceservices',
  namespace: 'team',
  name: 'iris',
}
export const ALICE = { name: 'alice', groups: [] }

export const together = (...objects: readonly string[]) => objects.join('---')

export const ALL = together(
  iris('true'),
  pod('10.0.0.7'),
  key('k', KEY),
  token('t', TOKEN),
  account('u-1'),
  role,
  binding('alice'),
)
