// Lowers the priority of the threads beside the event loop.

import { readdir, readFile } from 'node:fs/promises'
import { constants, getPriority, setPriority } from 'node:os'
import path from 'node:path'

const THREADS = '/proc/self/task'
/** V8's threads compile and collect garbage, libuv's verify signatures and read files. */
const BACKGROUND = /^(?:V8Worker|libuv-worker)$/
const { PRIORITY_BELOW_NORMAL, PRIORITY_LOW } = constants.priority

/**
 * Where there are fewer cores than threads, the event loop goes first. Linux only, which has a priority for each
 * thread: proc(5), setpriority(2). A thread that cannot be read or changed keeps its priority.
 */
export async function yieldToEventLoop(): Promise<void> {
  if (process.platform !== 'linux') return
  const ids = await readdir(THREADS).catch(() => [])
  await Promise.all(ids.map(lower))
}

async function lower(id: string): Promise<void> {
  try {
    const name = await readFile(path.join(THREADS, id, 'comm'), 'utf8')
    if (BACKGROUND.test(name.trim())) {
      setPriority(Number(id), Math.min(getPriority() + PRIORITY_BELOW_NORMAL, PRIORITY_LOW))
    }
  } catch {
    // It has ended, or this program may not change it.
  }
}
