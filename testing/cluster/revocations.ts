import { msUntil, statusByReview, statusOf, type Verdict } from './asking.ts'
import type { Written } from './client.ts'
import { clusterRoleBinding, readerRole, roleBinding, serviceAccount } from './rbac.ts'
import type { TokenCluster } from './token-cluster.ts'

type Revocation = {
  /** Of each change. */
  readonly titles: readonly string[]
  /** Makes the changes once, and resolves with the milliseconds until answers follow each. */
  readonly once: (world: World) => Promise<readonly number[]>
}

type World = {
  readonly cluster: TokenCluster
  /** The outcome of a request to team/iris with this token. */
  readonly ask: (token: string) => Promise<Verdict>
}

let count = 0
const newName = (kind: string): string => {
  count += 1
  return `${kind}-${count}`
}

/** Events that end or grant a credential or a permission: in the namespace `team`, or in the whole cluster. */
export const REVOCATIONS: readonly Revocation[] = [
  {
    titles: ['RoleBinding of a ServiceAccount added', 'RoleBinding of a ServiceAccount deleted'],
    once: async ({ cluster, ask }) => {
      const { name, token } = await newAccount(cluster)
      await msUntil(403, () => ask(token))
      return addedAndDeleted({ cluster, ask }, token, bindingTo(name))
    },
  },
  {
    titles: ['RoleBinding of a group added', 'RoleBinding of a group deleted'],
    once: async ({ cluster, ask }) => {
      const { token } = await newAccount(cluster)
      await msUntil(403, () => ask(token))
      const group = { kind: 'Group', name: 'system:serviceaccounts:team' } as const
      return addedAndDeleted({ cluster, ask }, token, binding(group))
    },
  },
  {
    titles: ['Role narrowed', 'Role widened'],
    once: async ({ cluster, ask }) => {
      const { name, token } = await newAccount(cluster)
      const role = readerRole('team', newName('role'))
      await cluster.create(role)
      await cluster.create({ ...bindingTo(name, role.metadata.name) })
      await msUntil(200, () => ask(token))
      await cluster.apply(readerRole('team', role.metadata.name, ['another']))
      const closed = await msUntil(403, () => ask(token))
      await cluster.patch(role, { rules: role.rules })
      return [closed, await msUntil(200, () => ask(token))]
    },
  },
  {
    titles: ['ServiceAccount deleted', 'ServiceAccount made again'],
    once: async ({ cluster, ask }) => {
      const { name, token } = await newAccount(cluster)
      await cluster.create(bindingTo(name))
      await msUntil(200, () => ask(token))
      await cluster.delete(serviceAccount('team', name))
      const closed = await msUntil(401, () => ask(token))
      await cluster.create(serviceAccount('team', name))
      const next = await cluster.tokenFor('team', name)
      const opened = await msUntil(200, () => ask(next))
      await mustStay(401, () => ask(token))
      return [closed, opened]
    },
  },
  {
    titles: ['token Secret deleted', 'token Secret made again'],
    once: async ({ cluster, ask }) => {
      const { name } = await newAccount(cluster)
      await cluster.create(bindingTo(name))
      const first = await cluster.signer.tokenSecret('team', name, `${name}-token`)
      await msUntil(200, () => ask(first.token))
      await cluster.delete(first.secret)
      const closed = await msUntil(401, () => ask(first.token))
      const second = await cluster.signer.tokenSecret('team', name, `${name}-token`)
      const opened = await msUntil(200, () => ask(second.token))
      await mustStay(401, () => ask(first.token))
      return [closed, opened]
    },
  },
  {
    titles: ['token of a Secret replaced, the old one', 'token of a Secret replaced, the new one'],
    once: async ({ cluster, ask }) => {
      const { name } = await newAccount(cluster)
      await cluster.create(bindingTo(name))
      const { secret, token } = await cluster.signer.tokenSecret('team', name, `${name}-token`)
      await msUntil(200, () => ask(token))
      const next = await cluster.signer.legacy('team', name, `${name}-token`)
      await cluster.patch(secret, { data: { token: Buffer.from(next).toString('base64') } })
      const closed = await msUntil(401, () => ask(token))
      return [closed, await msUntil(200, () => ask(next))]
    },
  },
  {
    titles: ['token Secret deleted that a token is bound to'],
    once: async ({ cluster, ask }) => {
      const { name } = await newAccount(cluster)
      await cluster.create(bindingTo(name))
      const { secret } = await cluster.signer.tokenSecret('team', name, `${name}-token`)
      const boundObjectRef = { kind: 'Secret', apiVersion: 'v1', name: secret.metadata.name }
      const token = await cluster.tokenFor('team', name, { boundObjectRef })
      await msUntil(200, () => ask(token))
      // This makes the API server cache it.
      await statusByReview(cluster, token, { namespace: 'team', name: 'iris' })
      await cluster.delete(secret)
      const closed = await msUntil(401, () => ask(token))
      await mustStay(401, () => ask(token))
      return [closed]
    },
  },
  {
    titles: ['ClusterRoleBinding added', 'ClusterRoleBinding deleted'],
    once: async ({ cluster, ask }) => {
      const { name, token } = await newAccount(cluster)
      const role = await newClusterRole(cluster)
      await msUntil(403, () => ask(token))
      const given = clusterRoleBinding(newName('binding'), role.metadata.name, name)
      const waits = await addedAndDeleted({ cluster, ask }, token, given)
      await cluster.delete(role)
      return waits
    },
  },
  {
    titles: ['ClusterRole narrowed', 'ClusterRole widened', 'ClusterRole deleted'],
    once: async ({ cluster, ask }) => {
      const { name, token } = await newAccount(cluster)
      const role = await newClusterRole(cluster)
      const given = clusterRoleBinding(newName('binding'), role.metadata.name, name)
      await cluster.create(given)
      await msUntil(200, () => ask(token))
      await cluster.patch(role, { rules: [] })
      const closed = await msUntil(403, () => ask(token))
      await cluster.patch(role, { rules: role.rules })
      const opened = await msUntil(200, () => ask(token))
      await cluster.delete(role)
      const gone = await msUntil(403, () => ask(token))
      await cluster.delete(given)
      return [closed, opened, gone]
    },
  },
]

async function newClusterRole({ create }: TokenCluster) {
  const { apiVersion, metadata, rules } = readerRole('team', newName('cluster-role'))
  const role = { apiVersion, kind: 'ClusterRole', metadata: { name: metadata.name }, rules }
  await create(role)
  return role
}

async function newAccount(cluster: TokenCluster) {
  const name = newName('account')
  await cluster.create(serviceAccount('team', name))
  return { name, token: await cluster.tokenFor('team', name) }
}

const bindingTo = (name: string, role?: string) =>
  binding({ kind: 'ServiceAccount', namespace: 'team', name }, role)

const binding = (subject: Parameters<typeof roleBinding>[3], role = 'iris-reader'): Written =>
  roleBinding('team', newName('binding'), role, ...(subject === undefined ? [] : [subject]))

async function addedAndDeleted({ cluster, ask }: World, token: string, given: Written) {
  await cluster.create(given)
  const opened = await msUntil(200, () => ask(token))
  await cluster.delete(given)
  return [opened, await msUntil(403, () => ask(token))]
}

/** A revoked credential does not become valid again. */
async function mustStay(status: number, ask: () => Promise<Verdict>) {
  for (let tries = 0; tries < 10; tries += 1) {
    const verdict = await ask()
    if (statusOf(verdict) !== status) throw new Error(`${verdict} instead of ${status}`)
  }
}
