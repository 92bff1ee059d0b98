// Asks the API server which permissions the service lacks.

import { describeApiProblem } from '../kubernetes/client/api-problem.ts'
import type { ApiServer } from '../kubernetes/client/api-server.ts'
import { textAt, valueAt } from '../resources/object.ts'
import type { DoctorFinding } from './finding.ts'
import { type Objects, ownObjects } from './objects.ts'
import {
  type NeededPermission,
  neededPermissions,
  type PermissionPurpose,
  type PermissionScope,
  PURPOSES,
} from './permissions.ts'

type Account = { readonly namespace: string; readonly name: string }

const REVIEWS = '/apis/authorization.k8s.io/v1/subjectaccessreviews'
/** Questions at the same time. */
const AT_ONCE = 16
/** Questions for one account: some hundred namespaces. */
export const MAX_REVIEWS = 2_000
/** Permissions in one finding. */
const SHOWN = 8

/** Examines the ServiceAccounts of the Deployments. Rejects only if the API server cannot be reached. */
export async function inspectPermissions(
  api: Pick<ApiServer, 'send'>,
  signal: AbortSignal,
  objects: Objects,
  scope: PermissionScope,
): Promise<readonly DoctorFinding[]> {
  const accounts = accountsOf(objects)
  const needed = distinct(neededPermissions(scope))
  const found = await Promise.all(
    accounts.map(async (account) => {
      const answers = await ask(needed.slice(0, MAX_REVIEWS), (permission) =>
        review(api, signal, account, permission),
      )
      return findingsOf(account, { answers, left: needed.length - answers.length })
    }),
  )
  return found.flat()
}

function accountsOf(objects: Objects): readonly Account[] {
  const accounts = ownObjects(objects, 'Deployment').map(({ namespace, content }) => ({
    namespace,
    name: textAt(content, 'spec', 'template', 'spec', 'serviceAccountName') ?? 'default',
  }))
  return [...new Map(accounts.map((each) => [`${each.namespace}/${each.name}`, each])).values()]
}

/** Several collections may need the same permission. */
const distinct = (needed: readonly NeededPermission[]): readonly NeededPermission[] => [
  ...new Map(needed.map((each) => [wordsOf(each), each])).values(),
]

/** `unknown`: why nobody could tell. */
type Answer = {
  readonly permission: NeededPermission
  readonly is: 'granted' | 'missing' | { readonly unknown: string }
}

async function ask(
  needed: readonly NeededPermission[],
  review: (permission: NeededPermission) => Promise<Answer>,
): Promise<readonly Answer[]> {
  const answers: Answer[] = []
  for (let start = 0; start < needed.length; start += AT_ONCE)
    answers.push(...(await Promise.all(needed.slice(start, start + AT_ONCE).map(review))))
  return answers
}

async function review(
  api: Pick<ApiServer, 'send'>,
  signal: AbortSignal,
  { namespace, name }: Account,
  permission: NeededPermission,
): Promise<Answer> {
  const { verb, path, group, resource, subresource } = permission
  const attributes =
    path === undefined
      ? {
          resourceAttributes: {
            verb,
            group,
            resource,
            subresource,
            namespace: permission.namespace,
            name: permission.name,
          },
        }
      : { nonResourceAttributes: { verb, path } }
  const body = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: {
      user: `system:serviceaccount:${namespace}:${name}`,
      groups: [
        'system:serviceaccounts',
        `system:serviceaccounts:${namespace}`,
        'system:authenticated',
      ],
      ...attributes,
    },
  }
  try {
    const status = valueAt(
      await api.send({ method: 'POST', path: REVIEWS, body, signal }),
      'status',
    )
    if (valueAt(status, 'allowed') === true) return { permission, is: 'granted' }
    const error = textAt(status, 'evaluationError') ?? ''
    return {
      permission,
      is: error === '' ? 'missing' : { unknown: 'an authorizer of the API server cannot tell' },
    }
  } catch (error) {
    const permissionOfOwn = 'create subjectaccessreviews.authorization.k8s.io'
    return { permission, is: { unknown: describeApiProblem(error, permissionOfOwn) } }
  }
}

type Answers = { readonly answers: readonly Answer[]; readonly left: number }

function findingsOf(
  { namespace, name }: Account,
  { answers, left }: Answers,
): readonly DoctorFinding[] {
  const object = `ServiceAccount ${namespace}/${name}`
  const missing = answers.filter(({ is }) => is === 'missing')
  const purposes = new Set(missing.map(({ permission }) => permission.purpose))
  const unknown = answers.flatMap(({ is }) => (typeof is === 'object' ? [is.unknown] : []))
  const unasked = left > 0 ? [`${left} permissions of the account were not asked for`] : []
  return [
    ...[...purposes].map((purpose) => findingFor(purpose, object, missing)),
    ...[...new Set([...unknown, ...unasked])].map(
      (message): DoctorFinding => ({
        code: 'not-read',
        object: `the permissions of ${object}`,
        message,
        remedy: 'Run the doctor as a user that may create subjectaccessreviews.',
      }),
    ),
  ]
}

function findingFor(
  purpose: PermissionPurpose,
  object: string,
  missing: readonly Answer[],
): DoctorFinding {
  const { needed, without } = PURPOSES[purpose]
  const permissions = missing
    .filter(({ permission }) => permission.purpose === purpose)
    .map(({ permission }) => permission)
  const shown = permissions.slice(0, SHOWN).map(wordsOf).join(', ')
  const more = permissions.length > SHOWN ? ` (and ${permissions.length - SHOWN} more)` : ''
  const isLimited = permissions.some(({ namespace }) => namespace !== undefined)
  return {
    code: needed ? 'permission-missing' : 'optional-permission-missing',
    object,
    message: `it may not ${shown}${more}: ${without}`,
    remedy: isLimited
      ? 'Add a Role and RoleBinding of deploy/rbac-namespaces.yaml to each of these namespaces.'
      : 'kubectl apply -f deploy/rbac.yaml',
  }
}

/** E.g. `list pods in namespace team`. */
function wordsOf(permission: NeededPermission): string {
  const { verb, path, group = '', resource = '', subresource, name, namespace } = permission
  if (path !== undefined) return `${verb} ${path}`
  const within = subresource === undefined ? resource : `${resource}/${subresource}`
  const kind = group === '' ? within : `${within}.${group}`
  const named = name === undefined ? kind : `${kind} ${name}`
  return namespace === undefined ? `${verb} ${named}` : `${verb} ${named} in namespace ${namespace}`
}
