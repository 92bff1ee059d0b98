import { writeSync } from 'node:fs'
import { workerData } from 'node:worker_threads'
import { openCorpus } from './corpus.ts'
import type { Watched } from './watchdog.ts'

/** Runs in a separate thread: the thread of an input that does not end cannot report anything. */
const LOOK_MS = 1_000
const LOOKS = 30

function watch({ target, state, bytes }: Watched) {
  let last = 0
  let looks = 0
  setInterval(() => {
    const now = Atomics.load(state, 0)
    looks = now === last && now % 2 === 1 ? looks + 1 : 0
    last = now
    if (looks < LOOKS) return
    const file = openCorpus(target).keep('hang', bytes.slice(0, state[1]))
    writeSync(2, `${target.name}: does not end: ${file}\n`)
    process.kill(process.pid, 'SIGKILL')
  }, LOOK_MS)
}

watch(workerData)
