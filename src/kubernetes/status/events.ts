// Writes events on objects.

import { isRecord } from '../../common/json.ts'
import { createRoundRobin } from '../../common/round-robin.ts'
import { createTokenBucket } from '../../common/token-bucket.ts'
import type { Fields } from '../../resources/object.ts'
import type { Problem } from '../../resources/problem.ts'
import { isForbidden, missingPermission } from '../client/api-problem.ts'
import type { ApiServer } from '../client/api-server.ts'

export type Events = {
  /** Creates an event on an object, by default a warning. Never throws, never waits. */
  readonly tell: (problem: Problem, object: Fields, type?: EventType) => void
  readonly close: () => void
}

type EventType = 'Normal' | 'Warning'

/** Events that wait, in total. */
export const MAX_EVENTS_WAITING = 200
/** A burst of events, then one per second. */
export const BURST = 25
const PERIOD_MS = 1_000
export const EVENT_CALL_MS = 5_000
export const MAX_EVENT_MESSAGE = 1_024

/** `failed` is called for each event that could not be written, `dropped` for each that was shed. */
export function createEvents(
  api: Pick<ApiServer, 'send'>,
  failed: (error: unknown) => void,
  dropped: () => void = () => {},
): Events {
  const waiting = createRoundRobin<Fields>(MAX_EVENTS_WAITING)
  const bucket = createTokenBucket({ burst: BURST, perSecond: 1 }, 0)
  /** Whole periods, so that each refills a whole token. */
  let now = 0
  const timer = setInterval(() => {
    now += PERIOD_MS
    flush()
  }, PERIOD_MS).unref()

  const flush = () => {
    while (bucket.left(now) >= 1) {
      const event = waiting.next()
      if (event === undefined) return
      bucket.take()
      void send(event).catch((error: unknown) => failed(describe(error)))
    }
  }
  const send = (event: Fields) =>
    api.send({
      method: 'POST',
      path: `/api/v1/namespaces/${namespaceOf(event)}/events`,
      body: event,
      signal: AbortSignal.timeout(EVENT_CALL_MS),
    })

  return {
    tell: (problem, object, type = 'Warning') => {
      const event = eventOf(problem, object, type, new Date())
      if (event === undefined) return
      if (waiting.add(namespaceOf(event), event) !== undefined) dropped()
      flush()
    },
    close: () => clearInterval(timer),
  }
}

const describe = (error: unknown): unknown =>
  isForbidden(error) ? new Error(missingPermission('create events')) : error

const namespaceOf = ({ metadata }: Fields): string =>
  isRecord(metadata) ? encodeURIComponent(String(metadata.namespace)) : 'default'

/** A core/v1 Event; `undefined`: the object cannot have one. */
function eventOf(
  { reason, message }: Problem,
  { apiVersion, kind, metadata }: Fields,
  type: EventType,
  time: Date,
): Fields | undefined {
  if (!isRecord(metadata)) return undefined
  const { namespace, name, uid } = metadata
  if (typeof namespace !== 'string' || typeof name !== 'string') return undefined
  const timestamp = time.toISOString().replace(/\.\d+Z$/, 'Z')
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { namespace, generateName: `${name.slice(0, 200).replace(/[-.]+$/, '')}.` },
    involvedObject: { apiVersion, kind, namespace, name, ...(uid === undefined ? {} : { uid }) },
    type,
    reason,
    message: message.slice(0, MAX_EVENT_MESSAGE),
    source: { component: 'kserve-authz' },
    reportingComponent: 'kserve-authz',
    firstTimestamp: timestamp,
    lastTimestamp: timestamp,
    count: 1,
  }
}
