import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { load } from 'js-yaml'
import type { Written } from './client.ts'
import { startCluster } from './cluster.ts'
import { aNamespace, install, writtenOf } from './installation.ts'
import { keySecret } from './objects.ts'
import { inferenceService, readerRole, roleBinding, serviceAccount } from './rbac.ts'

/** In the Secret `team/holder`. */
export const KEY = 'a-key-of-sixteen-bytes'
const DEPLOYMENT = path.join(import.meta.dirname, '../../deploy/deployment.yaml')

const OWNER_RULES = [
  [
    'serving.kserve.io',
    ['inferenceservices', 'inferencegraphs', 'llminferenceservices', 'llminferenceserviceconfigs'],
  ],
  ['kserve-authz.io', ['accesspolicies']],
  ['', ['pods', 'secrets']],
] as const

/** As the ClusterRole `admin` grants it in one namespace. */
const ownerRole: Written = {
  ...readerRole('team', 'owner'),
  rules: [
    ...OWNER_RULES.map(([group, resources]) => ({
      apiGroups: [group],
      resources,
      verbs: ['get', 'list', 'watch'],
    })),
    {
      apiGroups: ['authorization.k8s.io'],
      resources: ['localsubjectaccessreviews'],
      verbs: ['create'],
    },
  ],
}

/**
 * A cluster with the services `team/iris`, protected, and `lab/silent`, and the kubeconfigs of an admin, of an owner with
 * rights in the namespace `team`, and of a user with none.
 */
export async function startUsers() {
  const cluster = await startCluster()
  await install(cluster)
  for (const name of ['team', 'lab']) await cluster.apply(aNamespace(name))
  await cluster.create(inferenceService('team', 'iris'))
  await cluster.create(inferenceService('lab', 'silent', {}))
  await cluster.create(keySecret('team', 'holder', KEY))
  await cluster.create(keySecret('team', 'empty', ''))
  for (const name of ['owner', 'nobody', 'reader'])
    await cluster.create(serviceAccount('team', name))
  await cluster.create(ownerRole)
  const account = (name: string) => ({ kind: 'ServiceAccount', namespace: 'team', name }) as const
  await cluster.create(roleBinding('team', 'owner', 'owner', account('owner')))
  await cluster.create(readerRole('team', 'readers'))
  await cluster.create(roleBinding('team', 'readers', 'readers', account('reader')))
  await cluster.apply(writtenOf(load(await readFile(DEPLOYMENT, 'utf8'))))
  await cluster.apply({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace: 'kserve-authz', name: 'kserve-authz' },
    data: { 'config.yaml': 'protectByDefault: true' },
  })
  const of = async (name: string) =>
    cluster.kubeconfig({ token: await cluster.tokenFor('team', name) })
  return {
    cluster,
    admin: await cluster.kubeconfig({ token: cluster.site.adminToken }),
    owner: await of('owner'),
    nobody: await of('nobody'),
  }
}
