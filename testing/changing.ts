import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'

/** Ways in which a folder of manifests changes. */
export type Changing = ReturnType<typeof changing>

export function changing(folder: string) {
  const at = (name: string) => path.join(folder, name)
  const write = async (name: string, ...objects: readonly (object | string)[]) => {
    await mkdir(path.dirname(at(name)), { recursive: true })
    await writeFile(at(name), textOf(objects))
  }
  return {
    write,
    /** As editors do: written to another file, then renamed. */
    replace: async (name: string, ...objects: readonly object[]) => {
      await write(`${name}.tmp`, ...objects)
      await rename(at(`${name}.tmp`), at(name))
    },
    /** As the kubelet mounts a ConfigMap: links into a folder that is swapped as a whole. */
    mount: async (mountPoint: string, version: string, ...objects: readonly object[]) => {
      await write(`${mountPoint}/..${version}/objects.yaml`, ...objects)
      await symlink(`..${version}`, at(`${mountPoint}/..data_tmp`))
      await rename(at(`${mountPoint}/..data_tmp`), at(`${mountPoint}/..data`))
      await symlink('..data/objects.yaml', at(`${mountPoint}/objects.yaml`)).catch(() => {})
    },
    remove: (name: string) => rm(at(name), { recursive: true }),
  }
}

const textOf = (objects: readonly (object | string)[]) =>
  objects
    .map((object) => (typeof object === 'string' ? object : JSON.stringify(object, null, 2)))
    .join('\n---\n')

/** An InferenceService at `<name>.example.com`; `enableAuth` is its annotation. */
export const serviceNamed = (name: string, enableAuth?: string) => ({
  apiVersion: 'serving.kserve.io/v1beta1',
  kind: 'InferenceService',
  metadata: {
    name,
    namespace: 'team',
    ...(enableAuth === undefined
      ? {}
      : { annotations: { 'security.opendatahub.io/enable-auth': enableAuth } }),
  },
  status: { url: `http://${name}.example.com` },
})

/** The text of the key in the Secret of `keyOf`. */
export const keyFor = (service: string): string => `test-key-of-${service}-not-a-secret`

export const keyOf = (service: string, key = keyFor(service)) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: {
    name: `key-of-${service}`,
    namespace: 'team',
    labels: { 'kserve-authz.io/credential': 'api-key' },
    annotations: { 'kserve-authz.io/services': service },
  },
  stringData: { api_key: key },
})

/** A Role and a RoleBinding that permit the ServiceAccount `stranger` of `TEAM` to call one InferenceService. */
export const grantOf = (service: string) => {
  const apiVersion = 'rbac.authorization.k8s.io/v1'
  const metadata = { name: `call-${service}`, namespace: 'team' }
  const rule = {
    apiGroups: ['serving.kserve.io'],
    resources: ['inferenceservices'],
    resourceNames: [service],
    verbs: ['get'],
  }
  return [
    { apiVersion, kind: 'Role', metadata, rules: [rule] },
    {
      apiVersion,
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: metadata.name },
      subjects: [{ kind: 'ServiceAccount', name: 'stranger', namespace: 'team' }],
    },
  ]
}
