import type { Collection } from './collection.ts'

/** A collection of objects of one kind. */
export type KindCollection = Collection & { readonly apiVersion: string; readonly kind: string }

export type Scope = {
  /** Only these; empty: all. */
  readonly namespaces: readonly string[]
  /** Labels of the Secrets that hold API keys. */
  readonly apiKeyLabels: Readonly<Record<string, string>>
}

const KSERVE = 'serving.kserve.io'

/** Parts of paths: of all namespaces, or of each one. */
const placesIn = (namespaces: readonly string[]): readonly string[] =>
  namespaces.length === 0 ? [''] : namespaces.map((name) => `namespaces/${name}/`)

/** The objects that services, their pods and API keys are read from. */
export function servingCollections({ namespaces, apiKeyLabels }: Scope): readonly KindCollection[] {
  return placesIn(namespaces).flatMap((where) => [
    kserve('InferenceService', ['v1beta1'], where),
    kserve('InferenceGraph', ['v1alpha1'], where),
    kserve('LLMInferenceService', ['v1alpha2', 'v1alpha1'], where),
    ownKind('AccessPolicy', 'accesspolicies', where),
    ...POD_SELECTORS.map((labelSelector) => core('Pod', where, { labelSelector })),
    core('Secret', where, { labelSelector: selectorOf(apiKeyLabels) }),
  ])
}

/** KServe's labels, in any version of it. */
const POD_SELECTORS = [
  'serving.kserve.io/inferenceservice',
  'serving.kserve.io/inferencegraph',
  'app.kubernetes.io/part-of=llminferenceservice',
]

function kserve(
  kind: string,
  versions: readonly [string, ...string[]],
  where: string,
): KindCollection {
  const resource = `${kind.toLowerCase()}s`
  const [first, ...others] = versions
  const pathIn = (version: string) => `/apis/${KSERVE}/${version}/${where}${resource}`
  return {
    apiVersion: `${KSERVE}/${first}`,
    kind,
    resource,
    paths: [pathIn(first), ...others.map(pathIn)],
    query: {},
    metadataOnly: false,
  }
}

/** The objects whose going ends a token: ServiceAccounts, and the Secrets that hold their tokens. */
export const accountCollections = ({ namespaces }: Scope): readonly KindCollection[] =>
  placesIn(namespaces).flatMap((where) => [
    metadataOf(core('ServiceAccount', where, {})),
    metadataOf(
      core('Secret', where, { fieldSelector: 'type=kubernetes.io/service-account-token' }),
    ),
  ])

/** The objects on which permissions depend. */
export const rbacCollections = ({ namespaces }: Scope): readonly KindCollection[] =>
  [
    rbac('ClusterRole', ''),
    rbac('ClusterRoleBinding', ''),
    ...placesIn(namespaces).flatMap((where) => [rbac('Role', where), rbac('RoleBinding', where)]),
  ].map(metadataOf)

const metadataOf = (collection: KindCollection): KindCollection => ({
  ...collection,
  metadataOnly: true,
})

function rbac(kind: string, where: string): KindCollection {
  const apiVersion = 'rbac.authorization.k8s.io/v1'
  const resource = `${kind.toLowerCase()}s`
  const paths = [`/apis/${apiVersion}/${where}${resource}`] as const
  return { apiVersion, kind, resource, paths, query: {}, metadataOnly: true }
}

function ownKind(kind: string, resource: string, where: string): KindCollection {
  const apiVersion = 'kserve-authz.io/v1alpha1'
  const paths = [`/apis/${apiVersion}/${where}${resource}`] as const
  return { apiVersion, kind, resource, paths, query: {}, metadataOnly: false }
}

function core(
  kind: string,
  where: string,
  query: Readonly<Record<string, string>>,
): KindCollection {
  const resource = `${kind.toLowerCase()}s`
  return {
    apiVersion: 'v1',
    kind,
    resource,
    paths: [`/api/v1/${where}${resource}`],
    query,
    metadataOnly: false,
  }
}

const selectorOf = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',')
