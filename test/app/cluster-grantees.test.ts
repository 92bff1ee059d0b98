import { describe, expect, it } from 'vitest'
import { createGrantees } from '../../src/app/cluster-grantees.ts'

const READER = { kind: 'ServiceAccount', namespace: 'team', name: 'reader' }

const LISTS: Readonly<Record<string, readonly object[]>> = {
  clusterroles: [
    {
      metadata: { name: 'models', resourceVersion: '1' },
      rules: [{ apiGroups: ['serving.kserve.io'], resources: ['*'], verbs: ['get'] }],
    },
  ],
  'team/rolebindings': [
    {
      metadata: { name: 'readers', namespace: 'team', resourceVersion: '1' },
      roleRef: { kind: 'ClusterRole', name: 'models', apiGroup: 'rbac.authorization.k8s.io' },
      subjects: [READER],
    },
  ],
}

const accessIn = (namespace: string) => ({
  verb: 'get',
  group: 'serving.kserve.io',
  resource: 'inferenceservices',
  namespace,
  name: 'iris',
  key: '',
})

/** An API server that counts how often each collection is listed. */
function listing() {
  const asked: string[] = []
  const send = async ({ path }: { readonly path: string }) => {
    const [, namespace, resource = ''] =
      /\/v1(?:\/namespaces\/([^/]+))?\/([a-z]+)(?:\?|$)/.exec(path) ?? []
    const name = namespace === undefined ? resource : `${namespace}/${resource}`
    asked.push(name)
    return { metadata: { resourceVersion: '1' }, items: LISTS[name] ?? [] }
  }
  return { asked, grantees: createGrantees({ send }) }
}

describe('the subjects with a permission in a cluster', () => {
  it('are those of the bindings of its namespace and of the cluster', async () => {
    const { grantees } = listing()

    expect(await grantees(accessIn('team'))).toEqual([
      { subject: READER, binding: 'RoleBinding team/readers' },
    ])
    expect(await grantees(accessIn('lab'))).toEqual([])
  })

  it('are found with one list of each collection', async () => {
    const { asked, grantees } = listing()
    for (const namespace of ['team', 'lab', 'team']) await grantees(accessIn(namespace))

    expect(asked.toSorted()).toEqual([
      'clusterrolebindings',
      'clusterroles',
      'lab/rolebindings',
      'lab/roles',
      'team/rolebindings',
      'team/roles',
    ])
  })
})
