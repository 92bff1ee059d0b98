// Lowers the priority of other threads beside the event loop.

import { readdir, readFile } from 'node:fs/promises'
import { constants, getPriority, setPriority } from 'node:os'
import path from 'node:path'

const THREADS = '/proc/self/task'
/**
 * How much nicer each kind of thread is than the event loop: setpriority(2). libuv's verify signatures and read files.
 * V8's compile, mark and sweep. Beside a busy event loop a thread that is nicer by 2 has two fifths of a core, so that
 * code is still optimized and garbage is still freed.
 */
const NICER: ReadonlyMap<string, number> = new Map([
  ['libuv-worker', 10],
  ['V8Worker', 2],
])

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
    const nicer = NICER.get(name.trim())
    if (nicer !== undefined) {
      setPriority(Number(id), Math.min(getPriority() + nicer, constants.priority.PRIORITY_LOW))
    }
  } catch {
    // It has ended, or this program may not change it.
  }
}
