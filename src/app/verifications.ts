import type { Verifications } from '../access/queue-key.ts'
import { createFairQueue, type QueueLimits } from '../kubernetes/reviews/fair-queue.ts'
import type { FactSourceParts } from './fact-source.ts'

/**
 * A verification costs this thread some 50 microseconds, and another one as much again: what runs at a time
 * is what the checks of known credentials wait for at most.
 */
export const VERIFICATIONS: QueueLimits = {
  running: 16,
  waiting: 1_024,
  waitingPerKey: 512,
  // With the verification it must end before the answer is due, which is after 400 ms.
  patienceMs: 250,
}

/** Signatures of all tokens, in turn of the namespaces whose services are asked for. */
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
