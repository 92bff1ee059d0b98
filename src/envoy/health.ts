// Serves gRPC's health: grpc.health.v1, as the package grpc-health-check defines it.

import { service as HEALTH } from 'grpc-health-check'
import { isRecord } from '../common/json.ts'
import type { Arrival, Method } from './arrival.ts'
import { errorHead, frameOfMessage, HEAD, respond } from './grpc-response.ts'
import { status } from './grpc-status.ts'

/** Longest message of a health check. */
export const MAX_HEALTH_BYTES = 4_096

export type Serving = 'SERVING' | 'NOT_SERVING'

const UNREADABLE = errorHead(status.INTERNAL, 'the request cannot be read')
const NOT_FOUND = errorHead(status.NOT_FOUND, 'this service is not known')

/** The health of these services, which change together. */
export function createHealth(names: readonly string[]) {
  const { Check, Watch, List } = HEALTH
  if (Check === undefined || Watch === undefined || List === undefined)
    throw new Error('grpc-health-check lacks a method')
  let state: Serving = 'NOT_SERVING'
  const watches = new Set<Arrival>()

  const fail = ({ http2, stream }: Arrival, head: Buffer) => http2.sendHead(stream, head, true)
  const tell = ({ http2, stream }: Arrival, said: string) => {
    const message = Watch.responseSerialize({ status: said })
    http2.sendData(stream, frameOfMessage(message))
  }

  const check = (message: Buffer, arrival: Arrival) => {
    const name = nameIn(message)
    if (name === undefined) fail(arrival, UNREADABLE)
    else if (names.includes(name)) respond(arrival, Check.responseSerialize({ status: state }))
    else fail(arrival, NOT_FOUND)
  }
  const list = (_message: Buffer, arrival: Arrival) => {
    const statuses = Object.fromEntries(names.map((name) => [name, { status: state }]))
    respond(arrival, List.responseSerialize({ statuses }))
  }
  const watch = (message: Buffer, arrival: Arrival) => {
    const name = nameIn(message)
    if (name === undefined) return fail(arrival, UNREADABLE)
    arrival.http2.sendHead(arrival.stream, HEAD, false)
    if (!names.includes(name)) return tell(arrival, 'SERVICE_UNKNOWN')
    watches.add(arrival)
    arrival.ended = () => watches.delete(arrival)
    tell(arrival, state)
  }

  const methods: readonly Method[] = [
    { path: Check.path, maxBytes: MAX_HEALTH_BYTES, isWatch: false, answer: check },
    { path: List.path, maxBytes: MAX_HEALTH_BYTES, isWatch: false, answer: list },
    { path: Watch.path, maxBytes: MAX_HEALTH_BYTES, isWatch: true, answer: watch },
  ]
  return {
    methods,
    set: (next: Serving) => {
      if (next === state) return
      state = next
      for (const each of watches) tell(each, state)
    },
  }

  function nameIn(message: Buffer): string | undefined {
    try {
      const request: unknown = Check?.requestDeserialize(message)
      const name = isRecord(request) ? request.service : undefined
      return typeof name === 'string' ? name : ''
    } catch {
      return undefined
    }
  }
}
