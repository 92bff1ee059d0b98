import { readFile } from 'node:fs/promises'
import { at, listAt, textAt } from '../json.ts'
import type { Cluster } from './cluster.ts'

type Place = { readonly kind: string; readonly namespace: string; readonly name: string }

/**
 * The requests of an account to an API server, as `verb resource.group`, with or without a namespace; URLs without a
 * resource separately.
 */
export async function askedBy(
  { auditLog }: Cluster['site'],
  user: string,
): Promise<{ readonly asked: ReadonlySet<string>; readonly urls: ReadonlySet<string> }> {
  const lines = (await readFile(auditLog ?? '', 'utf8')).trim().split('\n')
  const own = lines
    .map((line): unknown => JSON.parse(line))
    .filter((event) => textAt(event, 'user', 'username') === user)
  const [asked, urls] = [new Set<string>(), new Set<string>()]
  for (const event of own) {
    const { resource, ...rest } = resourceIn(event)
    if (resource === '') urls.add(textAt(event, 'requestURI'))
    else asked.add(phraseOf({ ...rest, resource, verb: textAt(event, 'verb') }))
  }
  return { asked, urls }
}

/** The permissions of an account by its bindings, in the same format. */
export async function permittedTo(
  { get }: Pick<Cluster, 'get'>,
  account: Pick<Place, 'namespace' | 'name'>,
): Promise<ReadonlySet<string>> {
  const permitted = new Set<string>()
  for (const bindings of ['clusterrolebindings', 'rolebindings']) {
    for (const binding of listAt(await get(`${RBAC}/${bindings}`), 'items')) {
      const isOurs = listAt(binding, 'subjects').some(
        (each) => at(each, 'name') === account.name && at(each, 'namespace') === account.namespace,
      )
      const namespace = textAt(binding, 'metadata', 'namespace')
      const where = textAt(binding, 'roleRef', 'kind') === 'Role' ? `namespaces/${namespace}/` : ''
      const role = `${RBAC}/${where}${where === '' ? 'clusterroles' : 'roles'}/${textAt(binding, 'roleRef', 'name')}`
      if (!isOurs) continue
      for (const phrase of phrasesOf(await get(role), namespace)) permitted.add(phrase)
    }
  }
  return permitted
}

const RBAC = '/apis/rbac.authorization.k8s.io/v1'

const resourceIn = (event: unknown) => {
  const [resource, subresource] = ['resource', 'subresource'].map((field) =>
    textAt(event, 'objectRef', field),
  )
  return {
    resource: [resource, subresource].filter((part) => part !== '').join('/'),
    group: textAt(event, 'objectRef', 'apiGroup'),
    namespace: textAt(event, 'objectRef', 'namespace'),
  }
}

type Asked = Readonly<Record<'verb' | 'resource' | 'group' | 'namespace', string>>

const phraseOf = ({ verb, resource, group, namespace }: Asked): string =>
  `${verb} ${resource}${group === '' ? '' : `.${group}`}${namespace === '' ? '' : ` in ${namespace}`}`

const phrasesOf = (role: unknown, namespace: string): readonly string[] =>
  listAt(role, 'rules').flatMap((rule) =>
    listAt(rule, 'verbs').flatMap((verb) =>
      listAt(rule, 'apiGroups').flatMap((group) =>
        listAt(rule, 'resources').map((resource) =>
          phraseOf({
            verb: String(verb),
            resource: String(resource),
            group: String(group),
            namespace,
          }),
        ),
      ),
    ),
  )
