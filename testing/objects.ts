import { createHash } from 'node:crypto'
import type { ApiKey } from '../src/access/api-key.ts'
import type { Service } from '../src/access/service.ts'
import type { Workload } from '../src/access/workload.ts'
import type { ReadSettings } from '../src/resources/read-settings.ts'
import { type ResourceReading, readResource } from '../src/resources/resource.ts'

export const SETTINGS: ReadSettings = {
  protectByDefault: false,
  ownersMay: { optOut: true, anonymous: true, shadow: true, exclusions: true },
  kubernetes: { kserveNamespace: 'kserve' },
  providers: ['keycloak'],
  ownHeaders: ['x-api-key', 'x-goog-iap-jwt-assertion', 'x_auth_user'],
  apiKeys: {
    selector: { matchLabels: { 'kserve-authz.io/credential': 'api-key' } },
    dataNames: ['api_key_sha256', 'api_key'],
  },
  sha256: (bytes) => createHash('sha256').update(bytes).digest('hex'),
}

type Parts = Readonly<Record<string, unknown>>

const anObject =
  (apiVersion: string, kind: string, name: string) =>
  ({ metadata, ...parts }: Parts & { readonly metadata?: Parts } = {}) => ({
    apiVersion,
    kind,
    metadata: { name, namespace: 'team', ...metadata },
    ...parts,
  })

export const anInferenceService = anObject('serving.kserve.io/v1beta1', 'InferenceService', 'iris')
export const anInferenceGraph = anObject('serving.kserve.io/v1alpha1', 'InferenceGraph', 'chain')
export const anLlmInferenceService = anObject(
  'serving.kserve.io/v1alpha2',
  'LLMInferenceService',
  'chat',
)
export const aPod = anObject('v1', 'Pod', 'iris-0')
export const aSecret = anObject('v1', 'Secret', 'reader')
export const aRole = anObject('rbac.authorization.k8s.io/v1', 'Role', 'reader')
export const aRoleBinding = anObject('rbac.authorization.k8s.io/v1', 'RoleBinding', 'reader')

/** A Secret labelled as an API key. */
export const aKeySecret = (data: Parts, annotations: Parts = {}, labels: Parts = {}) =>
  aSecret({
    metadata: { labels: { 'kserve-authz.io/credential': 'api-key', ...labels }, annotations },
    ...data,
  })

export const read = (object: unknown, settings: Partial<ReadSettings> = {}): ResourceReading =>
  readResource(object, { ...SETTINGS, ...settings })

export function readService(object: unknown, settings: Partial<ReadSettings> = {}): Service {
  const { resource } = read(object, settings)
  if (resource.kind !== 'service') throw new Error(`a service, not ${resource.kind}`)
  return resource.service
}

export function readWorkloads(object: unknown): readonly Workload[] {
  const { resource } = read(object)
  if (resource.kind !== 'workloads') throw new Error(`workloads, not ${resource.kind}`)
  return resource.workloads
}

export function readKey(object: unknown, settings: Partial<ReadSettings> = {}): ApiKey | undefined {
  const { resource } = read(object, settings)
  return resource.kind === 'api-key' ? resource.key : undefined
}

export const reasonsOf = (reading: ResourceReading): readonly string[] =>
  reading.problems.map(({ reason }) => reason)

export const urlsOf = ({ routes }: Service): readonly string[] =>
  routes.map(({ host = '*', pathPrefix }) => `${host}${pathPrefix}`)

export const base64 = (text: string): string => Buffer.from(text).toString('base64')
