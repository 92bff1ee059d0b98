// The shared queue of signature verifications.

import type { Verifications } from '../access/queue-key.ts'
import { createFairQueue, type QueueLimits } from '../common/fair-queue.ts'
import type { FactSourceParts } from './fact-source.ts'

/**
 * A verification costs this thread about 50 microseconds, and another thread as much. Checks with cached
 * credentials wait for at most the verifications that run at a time.
 */
export const VERIFICATIONS: QueueLimits = {
  running: 16,
  waiting: 1_024,
  waitingPerKey: 512,
  // Wait and verification must end before the answer is due, after 400 ms.
  patienceMs: 250,
}

/** Verifies the signatures of all tokens, with the called services' namespaces taking turns. */
export function createVerifications({ observeShed }: FactSourceParts): Verifications {
  const { run } = createFairQueue(VERIFICATIONS)
  const shed = () => observeShed?.('jwt-queue')
  return {
    shed,
    inTurn: async (queueKey, verify) => {
      const verified = await run(queueKey, verify)
      if (verified === undefined) shed()
      return verified
    },
  }
}
