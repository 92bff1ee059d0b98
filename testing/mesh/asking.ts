import { type Incoming, sendHttp1, sendHttp2 } from '../scenario/http.ts'
import type { Received } from '../scenario/pod.ts'
import { INGRESS_PORT, LOCAL_PORT, MUTUAL_PORT } from './gateways.ts'
import type { Identities } from './identities.ts'
import { HTTP_PORT, type MeshPod } from './pods.ts'
import type { Certificate } from './secrets.ts'
import type { Workload } from './workload.ts'

type Where = {
  /** `gateway`, `local gateway`, `mutual gateway` (its other listeners), or the name of a pod. */
  readonly to: string
  /** A port of the pod; by default that of its model over HTTP. */
  readonly port?: number
  /** `namespace/ServiceAccount` of the certificate presented to a pod, or to the mutual gateway. */
  readonly as?: string | undefined
  /** The calling pod, with its address and identity. */
  readonly from?: string | undefined
  /** Without a client certificate. */
  readonly plain?: boolean | undefined
}

export type Asked = Where & {
  readonly host: string
  readonly method?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer | undefined
  readonly http?: 1 | 2
}

/** The request as it reached a pod. */
export type Reached = Received & { readonly pod: string }

type Answer = Incoming & {
  /** In the order of the pods; empty if nothing was allowed. */
  readonly reached: readonly Reached[]
}

/** The destination of a connection. */
export type Entry = {
  readonly address: string
  readonly port: number
  readonly tls?: Certificate
  readonly localAddress?: string
}

type Asking = {
  readonly gateway: Workload
  readonly pods: readonly MeshPod[]
  readonly identities: Identities
}

const TRACE = 'x-test-request'

const STRANGER = 'team/stranger'

/** Clients of the gateway and of the sidecars. */
export function asking({ gateway, pods, identities }: Asking) {
  const podNamed = (name: string): MeshPod => {
    const pod = pods.find((each) => each.name === name)
    if (pod === undefined) throw new Error(`there is no pod ${name}`)
    return pod
  }
  const entryOf = async ({ plain = false, ...where }: Where): Promise<Entry> => {
    const { tls, ...entry } = await entryWithTls(where)
    return plain || tls === undefined ? entry : { ...entry, tls }
  }
  const entryWithTls = async ({ to, port = HTTP_PORT, as, from }: Where): Promise<Entry> => {
    if (to === 'gateway') return { address: gateway.address, port: INGRESS_PORT }
    if (to === 'local gateway') return { address: gateway.address, port: LOCAL_PORT }
    if (to === 'mutual gateway') {
      const tls = await identities.issue(as ?? STRANGER)
      return { address: gateway.address, port: MUTUAL_PORT, tls }
    }
    const { address } = podNamed(to)
    if (from === undefined) return { address, port, tls: await identities.issue(as ?? STRANGER) }
    const caller = podNamed(from)
    const account = as ?? `${caller.namespace}/${caller.serviceAccount}`
    return {
      address,
      port,
      tls: await identities.issue(account),
      localAddress: caller.address,
    }
  }
  let sent = 0
  return {
    podNamed,
    /** For clients of another kind. */
    entryOf,
    /** Sends one request. */
    ask: async (asked: Asked): Promise<Answer> => {
      const { host, method = 'GET', path = '/v1/models/m' } = asked
      sent += 1
      const trace = String(sent)
      const { body, headers = {}, http = 1 } = asked
      const send = http === 1 ? sendHttp1 : sendHttp2
      const answer = await send({
        ...(await entryOf(asked)),
        method,
        path,
        headers: { host, ...headers, [TRACE]: trace },
        body: body === undefined ? undefined : Buffer.from(body),
      })
      return { ...answer, reached: reachedBy(trace, pods) }
    },
  }
}

const reachedBy = (trace: string, pods: readonly MeshPod[]): readonly Reached[] =>
  pods.flatMap(({ name, model }) =>
    model
      .received()
      .filter(({ headers }) => headers[TRACE] === trace)
      .map((received) => ({ ...received, pod: name })),
  )
