import { readFileSync } from 'node:fs'
import https from 'node:https'
import path from 'node:path'
import { at, textAt } from '../json.ts'
import { noteCredential } from '../leaks.ts'
import type { Site } from './programs.ts'

/** The fields that identify an object. */
export type Ref = {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
}

/** An object to write; its other fields are validated by the API server. */
export type Written = Ref & {
  readonly metadata: Readonly<Record<string, unknown>>
  readonly [field: string]: unknown
}

export type Reply = { readonly status: number; readonly body: unknown }

type Call = {
  readonly method?: string
  readonly path: string
  readonly body?: unknown
  readonly contentType?: string
  readonly accept?: string
  /** By default the admin's. */
  readonly token?: string
}

export type ClusterClient = ReturnType<typeof clusterClient>

/** A client of a cluster's API server; rejects on every error status, except for `call`. */
export function clusterClient({ folder, apiPort, adminToken }: Site) {
  const agent = new https.Agent({
    keepAlive: true,
    ca: readFileSync(path.join(folder, 'ca.crt')),
  })
  const call = ({ token = adminToken, ...given }: Call) => send(agent, apiPort, { ...given, token })
  const must = async (given: Call): Promise<unknown> => {
    const { status, body } = await call(given)
    if (status < 300) return body
    const { method = 'GET', path: where } = given
    throw new Error(
      `${method} ${where}: ${status} ${textAt(body, 'reason')} ${messageOf(given, body)}`,
    )
  }
  const patch = (ref: Ref, body: unknown, subresource = '') =>
    must({ method: 'PATCH', path: pathOf(ref) + subresource, body, contentType: MERGE })

  return {
    call,
    get: (where: string) => must({ path: where }),
    create: (object: Written) => must({ method: 'POST', path: collectionOf(object), body: object }),
    /** Creates it, or applies it as written (server-side apply). */
    apply: (object: Written) =>
      must({
        method: 'PATCH',
        path: applied(object),
        body: object,
        contentType: APPLY,
      }),
    /** The same for YAML, which the API server parses itself. */
    applyText: (ref: Ref, yaml: string) =>
      must({ method: 'PATCH', path: applied(ref), body: yaml, contentType: APPLY }),
    /** Merges `change` into it; null removes a field. */
    patch: (ref: Ref, change: object) => patch(ref, change),
    applyStatus: (ref: Ref, status: object) => patch(ref, { status }, '/status'),
    delete: (ref: Ref) => must({ method: 'DELETE', path: `${pathOf(ref)}?gracePeriodSeconds=0` }),
    /** A token of a ServiceAccount (TokenRequest), valid for an hour. */
    tokenFor: async (
      namespace: string,
      name: string,
      spec: { readonly audiences?: readonly string[]; readonly boundObjectRef?: object } = {},
    ): Promise<string> => {
      const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace, name } }
      const answer = await must({
        method: 'POST',
        path: `${pathOf(account)}/token`,
        body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec },
      })
      const token = textAt(answer, 'status', 'token')
      noteCredential(token)
      return token
    },
    close: () => agent.destroy(),
  }
}

const JSON_TYPE = 'application/json'
const applied = (ref: Ref) => `${pathOf(ref)}?fieldManager=test&force=true`

const MERGE = 'application/merge-patch+json'
const APPLY = 'application/apply-patch+yaml'

/** For a Secret the API server could quote its content. */
const messageOf = ({ path: where }: Call, body: unknown): string =>
  where.includes('/secrets') ? '' : textAt(body, 'message')

const CLUSTER_WIDE: ReadonlySet<string> = new Set([
  'Namespace',
  'Node',
  'GatewayClass',
  'ClusterServingRuntime',
  'ClusterStorageContainer',
  'PriorityClass',
  'ClusterRole',
  'ClusterRoleBinding',
  'CustomResourceDefinition',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
  'ValidatingWebhookConfiguration',
])

export function collectionOf({ apiVersion, kind, metadata }: Ref): string {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  const where = CLUSTER_WIDE.has(kind) ? '' : `/namespaces/${metadata.namespace ?? 'default'}`
  return `${root}${where}/${kind
    .toLowerCase()
    .replace(/(?<=[^aeiou])y$/, 'ie')
    .replace(/s$/, 'se')}s`
}

export const pathOf = (ref: Ref): string => `${collectionOf(ref)}/${ref.metadata.name}`

const CALL_MS = 120_000

function send(
  agent: https.Agent,
  port: number,
  { method = 'GET', path: where, body, contentType = JSON_TYPE, accept = JSON_TYPE, token }: Call,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const request = https.request(
      {
        host: '127.0.0.1',
        port,
        path: where,
        method,
        agent,
        headers: {
          authorization: `Bearer ${token}`,
          accept,
          ...(body === undefined ? {} : { 'content-type': contentType }),
        },
        signal: AbortSignal.timeout(CALL_MS),
      },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, body: parsed(Buffer.concat(chunks)) }),
        )
      },
    )
    request.on('error', reject)
    request.end(typeof body === 'string' || body === undefined ? body : JSON.stringify(body))
  })
}

/** JSON, or the unchanged text. */
function parsed(bytes: Buffer): unknown {
  const text = bytes.toString('utf8')
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** The name that the API server generated or kept. */
export const uidOf = (object: unknown): string => String(at(object, 'metadata', 'uid'))
