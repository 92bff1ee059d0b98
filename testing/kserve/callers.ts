import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Cluster } from '../cluster/cluster.ts'
import { accessPolicyCrd, aNamespace, install } from '../cluster/installation.ts'
import { keySecret } from '../cluster/objects.ts'
import { CLUSTER_ISSUER } from '../cluster/programs.ts'
import { readerRole, roleBinding, serviceAccount } from '../cluster/rbac.ts'

/** The headers of callers of all kinds, most of whom may call something. */
export type Callers = {
  readonly kubeconfig: string
  readonly headers: readonly Readonly<Record<string, string>>[]
  /** With which a folder verifies tokens of the cluster. */
  readonly identity: { readonly issuer: string; readonly jwksFile: string }
}

const KEYS = {
  team: 'a-key-of-the-team-not-a-secret',
  other: 'a-key-of-the-others-not-a-secret',
  some: 'a-key-of-some-models-not-a-secret',
}

/** Installs the service's permissions, and creates callers with keys, Roles and policies. */
export async function installCallers(cluster: Cluster): Promise<Callers> {
  await cluster.installCrd(await accessPolicyCrd())
  await cluster.apply(aNamespace('kserve-authz'))
  const kubeconfig = await install(cluster)
  const subject = { kind: 'ServiceAccount', namespace: 'team', name: 'reader' } as const
  const everything = { ...readerRole('team', 'llms'), rules: [LLMS] }
  for (const object of [
    keySecret('team', 'all', KEYS.team),
    keySecret('other', 'all', KEYS.other),
    keySecret('team', 'some', KEYS.some, 'iris, LLMInferenceService/chat'),
    serviceAccount('team', 'reader'),
    serviceAccount('team', 'stranger'),
    readerRole('team', 'iris', ['iris', 'driver']),
    roleBinding('team', 'iris', 'iris', subject),
    everything,
    roleBinding(
      'team',
      'llms',
      'llms',
      { kind: 'Group', name: 'system:serviceaccounts:other' },
      subject,
    ),
    POLICY,
  ])
    await cluster.apply(object)
  const tokens = [
    await cluster.tokenFor('team', 'reader'),
    await cluster.tokenFor('team', 'stranger'),
    `${await cluster.tokenFor('team', 'reader')}x`,
  ]
  const jwksFile = path.join(cluster.site.folder, 'cluster-jwks.json')
  const keys = await cluster.call({
    path: '/openid/v1/jwks',
    accept: 'application/jwk-set+json',
  })
  await writeFile(jwksFile, JSON.stringify(keys.body))
  return {
    kubeconfig,
    identity: { issuer: CLUSTER_ISSUER, jwksFile },
    headers: [
      {},
      ...[...Object.values(KEYS), ...tokens, 'nobody-knows-this-key'].map((value) => ({
        authorization: `Bearer ${value}`,
      })),
    ],
  }
}

const LLMS = {
  apiGroups: ['serving.kserve.io'],
  resources: ['llminferenceservices'],
  verbs: ['get'],
}

const POLICY = {
  apiVersion: 'kserve-authz.io/v1alpha1',
  kind: 'AccessPolicy',
  metadata: { namespace: 'team', name: 'by-path' },
  spec: {
    targetRefs: [{ group: 'serving.kserve.io', kind: 'InferenceService', name: 'driver' }],
    deny: [{ to: [{ methods: ['DELETE'] }] }],
  },
}
