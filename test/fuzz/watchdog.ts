import { Worker } from 'node:worker_threads'
import type { Target } from './target.ts'

/** The memory that the two threads share. */
export type Watched = {
  readonly target: Pick<Target, 'name'>
  /** The number of inputs that started and ended, and the length of the last. */
  readonly state: Int32Array<SharedArrayBuffer>
  readonly bytes: Uint8Array<SharedArrayBuffer>
}

export type Watchdog = ReturnType<typeof startWatchdog>

const MAX_BYTES = 2 * 1024 * 1024

/** Ends the program with the input as a finding if one input runs for half a minute. */
export function startWatchdog({ name }: Target) {
  const state = new Int32Array(new SharedArrayBuffer(8))
  const bytes = new Uint8Array(new SharedArrayBuffer(MAX_BYTES))
  const workerData: Watched = { target: { name }, state, bytes }
  const worker = new Worker(new URL('./watch-inputs.ts', import.meta.url), { workerData })
  worker.unref()
  return {
    begin: (input: Buffer) => {
      bytes.set(input.subarray(0, MAX_BYTES))
      state[1] = Math.min(MAX_BYTES, input.length)
      Atomics.add(state, 0, 1)
    },
    end: () => void Atomics.add(state, 0, 1),
    stop: () => worker.terminate(),
  }
}
