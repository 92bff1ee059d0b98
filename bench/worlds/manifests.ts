import { hash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { policyOf, TEAM_LABEL, teamOf } from './policies.ts'
import type { Issuers } from './tokens.ts'
import { READER, USER } from './tokens.ts'
import {
  addressOf,
  keyAt,
  type Model,
  modelAt,
  modelOfKey,
  OPEN_MODEL,
  protectedModel,
  type World,
} from './world.ts'

/**
 * Writes a world into a folder: `manifests/` and `config.yaml`. Few files with many objects each keep the cost of
 * scanning them each second out of the measurement: a cluster as the source has no such files.
 */
export async function writeWorld(folder: string, world: World, issuers: Issuers): Promise<void> {
  const manifests = path.join(folder, 'manifests')
  await mkdir(manifests, { recursive: true })
  const write = (file: string, documents: readonly string[]) =>
    writeFile(path.join(manifests, file), documents.join('---\n'))

  for (let first = 0; first < world.services; first += MODELS_PER_FILE)
    await write(`models-${first}.yaml`, modelsIn(world, first, MODELS_PER_FILE))
  await write('access.yaml', accessIn(world))
  for (let first = 0; first < world.keys; first += KEYS_PER_FILE) {
    const length = Math.min(KEYS_PER_FILE, world.keys - first)
    await write(`keys-${first}.yaml`, keysIn(world, first, length))
  }
  await writeFile(path.join(folder, 'config.yaml'), JSON.stringify(configOf(world, issuers)))
}

const KEYS_PER_FILE = 5_000
const MODELS_PER_FILE = 2_000

/** All objects of a world, each as YAML. */
export const documentsOf = (world: World): readonly string[] => [
  ...modelsIn(world, 0, world.services),
  ...accessIn(world),
  ...keysIn(world, 0, world.keys),
]

const modelsIn = ({ services }: World, first: number, most: number): readonly string[] =>
  Array.from({ length: Math.min(most, services - first) }, (_, offset) =>
    modelAt(first + offset),
  ).flatMap(manifestsOf)

const keysIn = (world: World, first: number, length: number): readonly string[] =>
  Array.from({ length }, (_, offset) => secretOf(first + offset, world))

const configOf = ({ decisionLog, source }: World, { cluster, provider }: Issuers) => ({
  decisionLog: { decisions: decisionLog },
  // A real cluster publishes its own issuer.
  kubernetes: source === 'cluster' ? {} : { issuer: cluster.issuer, jwksFile: cluster.jwksFile },
  jwt: {
    providers: [
      { ...providerOf(provider), name: 'keycloak', jwksFile: provider.jwksFile },
      {
        ...providerOf(provider),
        name: 'keycloak-opaque',
        introspection: {
          ...provider.introspection,
          clientId: 'bench',
          tokenPrefixes: ['opaque_'],
        },
      },
    ],
  },
})

const providerOf = ({ issuer, audience }: Issuers['provider']) => ({
  issuer,
  audiences: [audience],
  rbac: {
    username: { claim: 'sub', prefix: 'oidc:' },
    groups: { claim: 'groups', prefix: 'oidc:' },
  },
})

const manifestsOf = (model: Model): readonly string[] => [
  `apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  name: ${model.name}
  namespace: ${model.namespace}
  annotations:
    security.opendatahub.io/enable-auth: "${model.index !== OPEN_MODEL.index}"
spec:
  predictor:
    model:
      modelFormat: { name: sklearn }
      storageUri: pvc://models/${model.name}
status:
  url: http://${model.name}-${model.namespace}.example.com
  address:
    url: http://${model.name}-predictor.${model.namespace}.svc.cluster.local
`,
  `apiVersion: v1
kind: Pod
metadata:
  name: ${model.name}-predictor-7c5d8f9b6d-x2x4q
  namespace: ${model.namespace}
  labels:
    serving.kserve.io/inferenceservice: ${model.name}
    component: predictor
spec:
  serviceAccountName: default
  containers:
    - { name: kserve-container, image: "model-server:bench" }
    - { name: istio-proxy, image: "proxy:bench" }
status:
  phase: Running
  podIP: ${addressOf(model)}
  podIPs: [{ ip: ${addressOf(model)} }]
`,
]

/** Only the digest of each key is written. */
const secretOf = (index: number, world: World): string => {
  const model = modelOfKey(index, world)
  return `apiVersion: v1
kind: Secret
metadata:
  name: key-${index}
  namespace: ${model.namespace}
  labels:
    kserve-authz.io/credential: api-key
    ${TEAM_LABEL}: ${teamOf(world.rules)}
  annotations:
    kserve-authz.io/services: ${model.name}
stringData:
  api_key_sha256: ${hash('sha256', keyAt(index))}
`
}

/** Rules replace RBAC; they do not add to it. */
const accessIn = (world: World): readonly string[] =>
  world.rules === 0
    ? readersOf(protectedModel(world))
    : [policyOf(protectedModel(world), world.rules)]

/** The users of the tokens, with permission to read one model. */
const readersOf = ({ namespace, name }: Model): readonly string[] => [
  `apiVersion: v1
kind: ServiceAccount
metadata: { name: ${READER.name}, namespace: ${READER.namespace}, uid: ${READER.uid} }
`,
  `apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: read-model, namespace: ${namespace} }
rules:
  - apiGroups: [serving.kserve.io]
    resources: [inferenceservices]
    resourceNames: [${name}]
    verbs: [get]
`,
  `apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: readers-read-model, namespace: ${namespace} }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: read-model }
subjects:
  - { kind: ServiceAccount, name: ${READER.name}, namespace: ${READER.namespace} }
  - { apiGroup: rbac.authorization.k8s.io, kind: User, name: "oidc:${USER}" }
`,
]
