// Compares clocks: of this machine, and of the nodes of replicas, with that of the API server.

import type { ApiRequest } from '../kubernetes/client/api-server.ts'
import { isSubdomainName, listAt, textAt } from '../resources/object.ts'
import type { DoctorFinding } from './finding.ts'
import { type Objects, ownObjects } from './objects.ts'

/** A larger difference of this machine is a finding, in milliseconds. */
const LARGEST_MS = 30_000
/** Of the header `Date`, and of times in metadata, in milliseconds. */
const SECOND_MS = 1_000
/** Less cannot be told, in seconds. */
const LEAST_SECONDS = 3

/** The part of an answer that counts. */
type Answer = {
  readonly headers: { readonly date?: string | undefined }
  readonly resume: () => unknown
}

/** Compares the clock of this machine. Rejects if the API server cannot be reached. */
export async function inspectOwnClock(
  api: { readonly open: (request: ApiRequest) => Promise<Answer> },
  signal: AbortSignal,
  now: () => number = Date.now,
): Promise<readonly DoctorFinding[]> {
  const before = now()
  const answer = await api.open({ method: 'GET', path: '/version', signal })
  const after = now()
  answer.resume()
  const server = Date.parse(answer.headers.date ?? '')
  const object = 'the clock of this machine'
  if (Number.isNaN(server))
    return [
      {
        code: 'not-read',
        object,
        message: 'the API server does not tell the time',
        remedy: 'Compare the clocks by hand: date -u',
      },
    ]
  // The header leaves out fractions, and the answer took some time.
  const ahead = before > server + SECOND_MS ? before - server - SECOND_MS : 0
  const behind = after < server ? server - after : 0
  if (Math.max(ahead, behind) <= LARGEST_MS) return []
  return [
    {
      code: 'own-clock-differs',
      object,
      message: `it is ${inWords(ahead - behind)} that of the API server`,
      remedy: 'chronyc makestep, on this machine',
    },
  ]
}

/** The names of the nodes on which replicas run. */
export const nodesOf = (objects: Objects): readonly string[] => [
  ...new Set(
    ownObjects(objects, 'Pod')
      .flatMap(({ content }) => textAt(content, 'spec', 'nodeName') ?? [])
      .filter(isSubdomainName),
  ),
]

/**
 * Compares the clocks of the replicas' nodes; `tolerated`: the difference in seconds that JWTs may have. Each
 * kubelet writes the time of its own clock into a Lease, and the API server writes that of its clock into the
 * metadata of this change.
 */
export const inspectNodeClocks = (objects: Objects, tolerated: number): readonly DoctorFinding[] =>
  nodesOf(objects).flatMap((node): readonly DoctorFinding[] => {
    const lease = objects.of('Lease').find(({ name }) => name === node)
    const renewed = Date.parse(textAt(lease?.content, 'spec', 'renewTime') ?? '')
    const written = Math.max(
      ...listAt(lease?.content, 'metadata', 'managedFields').map((entry) =>
        Date.parse(textAt(entry, 'time') ?? ''),
      ),
    )
    const difference = renewed - written
    const largest = Math.max(tolerated, LEAST_SECONDS) * SECOND_MS
    // Not finite: a folder usually has no Leases, and an export leaves out `managedFields`.
    if (!Number.isFinite(difference) || Math.abs(difference) <= largest) return []
    return [
      {
        code: 'clock-differs',
        object: `Node ${node}`,
        message: `its clock is ${inWords(difference)} that of the API server, and a replica runs there`,
        remedy: `kubectl debug node/${node} -it --image=busybox -- date -u, then repair NTP of the node.`,
      },
    ]
  })

const inWords = (ms: number): string =>
  `${Math.round(Math.abs(ms) / SECOND_MS)} s ${ms > 0 ? 'ahead of' : 'behind'}`
