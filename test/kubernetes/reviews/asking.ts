import type { CallLimits, Observer } from '../../../src/common/dependency-calls.ts'
import type { ApiRequest } from '../../../src/kubernetes/client/api-server.ts'
import type { ReviewParts } from '../../../src/kubernetes/reviews/review-client.ts'

type Answer = (request: ApiRequest) => unknown

/** An API server with scripted answers, and its received requests. */
export function fakeApi(answer: Answer, limits: Partial<CallLimits> = {}) {
  const requests: ApiRequest[] = []
  const asked: Parameters<Observer['asked']>[0][] = []
  const sheds: string[] = []
  const problems: string[] = []
  let current = answer
  const observer: Observer = {
    asked: (one) => void asked.push(one),
    shed: (cause) => void sheds.push(cause),
  }
  const parts: ReviewParts = {
    api: {
      send: async (request) => {
        requests.push(request)
        return unlessAborted(request.signal, current(request))
      },
    },
    observer,
    failed: (problem) => void problems.push(problem),
    limits,
  }
  return {
    parts,
    observer,
    requests,
    asked,
    sheds,
    problems,
    /** From now on. */
    answer: (next: Answer) => {
      current = next
    },
  }
}

/** As a connection ends after an abort. */
function unlessAborted(signal: AbortSignal, answer: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('aborted')))
    Promise.resolve(answer).then(resolve, reject)
  })
}

/** Answers wait until the returned function is called with each. */
export function held() {
  const waiting: ((answer: unknown) => void)[] = []
  return {
    answer: () => new Promise<unknown>((resolve) => waiting.push(resolve)),
    release: (answer: unknown) => {
      for (const resolve of waiting.splice(0)) resolve(answer)
    },
  }
}

export const never = () => new Promise<never>(() => {})
