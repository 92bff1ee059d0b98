// Runs one reflector per collection, and tracks their states.

import { setTimeout as delay } from 'node:timers/promises'
import { isForbidden, isLasting } from '../client/api-problem.ts'
import type { ApiServer } from '../client/api-server.ts'
import { Silence } from '../client/json-lines.ts'
import { coalescing } from './coalescing.ts'
import { describeProblem } from './problem-text.ts'
import { type ReflectorPeriods, runReflector } from './reflector.ts'
import { createVersionedStore, type Handler } from './store.ts'
import type { WatchedKind } from './watched-kinds.ts'

/** A collection, and the handler of its objects. */
export type InformerSpec = {
  readonly collection: WatchedKind
  readonly handler: Handler
  /** Called whenever all objects have been read. */
  readonly read?: () => void
}

export type InformerOptions = {
  readonly api: ApiServer
  readonly followed: readonly InformerSpec[]
  /** KServe's configuration, on which the meaning of other objects depends. */
  readonly configuration?: InformerSpec | undefined
  /** Those objects; read after the configuration. */
  readonly configured?: readonly InformerSpec[]
  /** Called for each failed attempt, with a fixed sentence. `lasting`: another attempt would fail in the same way. */
  readonly failed: (resource: string, message: string, lasting: boolean) => void
  readonly periods?: Partial<ReflectorPeriods>
}

export type Informers = {
  /** Whether every collection has been read at least once. */
  readonly synced: () => boolean
  readonly states: () => readonly InformerState[]
  /** Reads all configured objects again, after a change of the configuration. */
  readonly reread: () => void
  readonly close: () => Promise<void>
}

export type InformerState = {
  readonly resource: string
  readonly synced: boolean
  /** Whether the cluster has this kind. */
  readonly present: boolean
  /** Whether it is optional and its permission is missing. */
  readonly withheld: boolean
  /** Whether the data follows the cluster: a watch is open, or there is nothing to watch. */
  readonly following: boolean
  readonly restarts: number
  /** Why it cannot be read now; `''`: no problem is known. */
  readonly problem: string
  /** When the API server last confirmed the data, as `performance.now()`; `undefined`: never. */
  readonly heardAt: number | undefined
}

/** Watches the objects of a cluster until closed. The last known objects stay during outages. */
export function startInformers(options: InformerOptions): Informers {
  const { followed, configuration, configured = [] } = options
  const stop = new AbortController()
  const runOf = (each: InformerSpec) => createRun(each, options, stop.signal)
  const first = configuration === undefined ? undefined : runOf(configuration)
  const rest = followed.map(runOf)
  const later = configured.map(runOf)
  const all = [...(first === undefined ? [] : [first]), ...rest, ...later]
  let synced = false

  const runLater = async () => {
    await first?.synced
    await Promise.all(later.map((each) => each.run()))
  }
  const running = Promise.all([first?.run(), ...rest.map((each) => each.run()), runLater()])
  return {
    synced: () => {
      synced ||= all.every(({ state }) => state.synced)
      return synced
    },
    states: () => all.map(({ state }) => state),
    reread: () => {
      for (const each of later) each.again()
    },
    close: async () => {
      stop.abort()
      await running
    },
  }
}

/** A starting API server may not know permissions yet, and may omit a bookmark. */
const mayPass = (error: unknown) => error instanceof Silence || isForbidden(error)

/** From an unexpected exception to the next attempt, in milliseconds. */
const BUG_MS = 1_000

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }

function createRun(
  { collection, handler, read }: InformerSpec,
  { api, failed, periods }: InformerOptions,
  stop: AbortSignal,
) {
  const state: Mutable<InformerState> = {
    resource: collection.resource,
    synced: false,
    present: true,
    withheld: false,
    following: false,
    restarts: 0,
    problem: 'not read yet',
    heardAt: undefined,
  }
  let last = ''
  const report = (error: unknown) => {
    state.restarts += 1
    state.problem = describeProblem(error, collection)
    const early = mayPass(error) && state.synced && last !== state.problem
    last = state.problem
    if (!early) failed(collection.resource, state.problem, isLasting(error))
  }
  const known = createVersionedStore(handler, report)
  const { close, ...taken } = coalescing(known)
  const end = Promise.withResolvers<void>()
  const ended = () => {
    close()
    end.resolve()
  }
  stop.addEventListener('abort', ended, { once: true })
  let round = new AbortController()

  const follower = {
    ...known,
    ...taken,
    synced: (present: boolean) => {
      Object.assign(state, { synced: true, present, following: !present, problem: '' })
      state.withheld = false
      read?.()
      end.resolve()
    },
    withheld: (error: unknown) => {
      const problem = describeProblem(error, collection)
      Object.assign(state, { synced: true, withheld: true, following: true, problem })
      failed(collection.resource, problem, false)
      end.resolve()
    },
    heard: () => {
      state.heardAt = performance.now()
      last = ''
    },
    connected: () => Object.assign(state, { following: true, problem: '' }),
    disconnected: () => {
      state.following = false
    },
    failed: report,
  }
  /** After an unexpected exception everything is read again: without a watch the data would stay as it is forever. */
  const brokenOff = async () => {
    const problem = 'bug: the watch failed; everything is read again'
    Object.assign(state, { following: false, problem })
    failed(collection.resource, problem, false)
    await delay(BUG_MS, undefined, { signal: stop }).catch(() => {})
  }
  return {
    state,
    /** Resolves once it has been read, or when closed. */
    synced: end.promise,
    run: async () => {
      while (!stop.aborted) {
        round = new AbortController()
        const endRound = () => round.abort()
        stop.addEventListener('abort', endRound)
        await runReflector(api, collection, follower, round.signal, periods).catch(brokenOff)
        stop.removeEventListener('abort', endRound)
      }
    },
    again: () => {
      known.doubt()
      round.abort()
    },
  }
}
