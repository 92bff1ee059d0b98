// Finds options of `check` that change nothing.

import type { Position } from '../access/request.ts'
import type { CheckFlags } from './flags.ts'

type Flags = Pick<CheckFlags, 'source' | 'principal' | 'destination' | 'request'>

/** A line for each option without effect, and for each that is missing. */
export function withoutEffect(
  { source, principal, destination, request }: Flags,
  position: Position,
): readonly string[] {
  if (request !== undefined) return []
  if (position === 'gateway') {
    return [
      ...(source === undefined ? [] : [`--source: has no effect ${AT_A_GATEWAY}`]),
      ...(principal === undefined ? [] : [`--principal: has no effect ${AT_A_GATEWAY}`]),
    ]
  }
  return [
    ...(destination === undefined
      ? ['--position workload: needs --destination IP:PORT, the address of the called pod']
      : []),
    ...(source !== undefined && principal === undefined
      ? ['--source: has no effect without --principal']
      : []),
  ]
}

const AT_A_GATEWAY = 'at a gateway; give --destination IP:PORT to ask as the sidecar of a pod'
