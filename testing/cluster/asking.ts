import type { DenyReason } from '../../src/access/decision.ts'
import { DENIALS } from '../../src/envoy/denials.ts'
import { aCheck, type CheckClient, denialIn, isAllowed } from '../envoy/check-client.ts'
import { at, listAt, textAt } from '../json.ts'
import type { ClusterClient } from './client.ts'
import { CLUSTER_ISSUER } from './programs.ts'

export type Asked = {
  readonly token?: string
  /** By default `iris.team.svc`. */
  readonly host?: string
  readonly method?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  /** The address of the pod whose sidecar sends the check. */
  readonly pod?: string | undefined
  /** In the format of gRPC's header, such as `200m`. */
  readonly timeout?: string
}

export type Verdict = 'allow' | DenyReason

const REASONS = new Map(
  Object.entries(DENIALS).map(([reason, { phrase }]) => [phrase, reason] as const),
)

/** The outcome of one request: allowed, or the reason. */
export async function verdictOf(
  { check }: Pick<CheckClient, 'check'>,
  { token, host = 'iris.team.svc', headers = {}, pod, timeout, ...http }: Asked,
): Promise<Verdict> {
  const shown = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const address = { socket_address: { address: pod ?? '', port_value: 8080 } }
  const answer = await check(
    aCheck(
      { host, headers: { ...shown, ...headers }, ...http },
      pod === undefined ? {} : { destination: { address } },
    ),
    timeout,
  )
  if (isAllowed(answer)) return 'allow'
  const phrase = denialIn(answer).headers['x-ext-auth-reason'] ?? ''
  const reason = REASONS.get(phrase)
  if (!isReason(reason)) throw new Error(`no reason has the phrase ${phrase}`)
  return reason
}

const isReason = (text: string | undefined): text is DenyReason =>
  text !== undefined && Object.hasOwn(DENIALS, text)

/** The HTTP status of the client's answer. */
export const statusOf = (verdict: Verdict): number =>
  verdict === 'allow' ? 200 : DENIALS[verdict].httpStatus

/** Milliseconds until an answer has this status: at most ten seconds. */
export async function msUntil(status: number, ask: () => Promise<Verdict>): Promise<number> {
  const begun = performance.now()
  for (;;) {
    const verdict = await ask()
    const waited = performance.now() - begun
    if (statusOf(verdict) === status) return waited
    if (waited > 10_000) throw new Error(`still ${verdict}, not ${status}`)
  }
}

type Service = { readonly namespace: string; readonly name: string }

/** The same by our own reviews: the user of the token, and whether it may get the service. */
export async function statusByReview(
  cluster: Pick<ClusterClient, 'call'>,
  token: string,
  { namespace, name }: Service,
  audiences: readonly string[] = [CLUSTER_ISSUER],
): Promise<number> {
  const review = await ask(cluster, 'authentication.k8s.io', 'TokenReview', { token, audiences })
  if (at(review, 'authenticated') !== true) return 401
  const permission = await ask(cluster, 'authorization.k8s.io', 'SubjectAccessReview', {
    user: textAt(review, 'user', 'username'),
    groups: listAt(review, 'user', 'groups'),
    uid: textAt(review, 'user', 'uid'),
    resourceAttributes: {
      verb: 'get',
      group: 'serving.kserve.io',
      resource: 'inferenceservices',
      namespace,
      name,
    },
  })
  return at(permission, 'allowed') === true ? 200 : 403
}

async function ask(
  { call }: Pick<ClusterClient, 'call'>,
  group: string,
  kind: string,
  spec: object,
): Promise<unknown> {
  const { status, body } = await call({
    method: 'POST',
    path: `/apis/${group}/v1/${kind.toLowerCase()}s`,
    body: { apiVersion: `${group}/v1`, kind, spec },
  })
  if (status !== 201) throw new Error(`${kind}: ${status}`)
  return at(body, 'status')
}

type Calls = { readonly tokenReviews: number; readonly accessReviews: number }

/** The number of the API server's requests since its start, from its own metrics. */
async function callsTo({ call }: Pick<ClusterClient, 'call'>): Promise<Calls> {
  const { body } = await call({ path: '/metrics' })
  const lines = String(body)
    .split('\n')
    .filter((line) => line.startsWith('apiserver_request_total{'))
  const of = (resource: string) =>
    lines
      .filter((line) => line.includes(`resource="${resource}"`) && line.includes('verb="POST"'))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
  return { tokenReviews: of('tokenreviews'), accessReviews: of('subjectaccessreviews') }
}

/** The number of calls that an action causes. */
export async function callsDuring(
  cluster: Pick<ClusterClient, 'call'>,
  work: () => Promise<unknown>,
): Promise<Calls> {
  const before = await callsTo(cluster)
  await work()
  const after = await callsTo(cluster)
  return {
    tokenReviews: after.tokenReviews - before.tokenReviews,
    accessReviews: after.accessReviews - before.accessReviews,
  }
}
