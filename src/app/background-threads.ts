// Lowers the priority of libuv's threads beside the event loop.

import { readdir, readFile } from 'node:fs/promises'
import { constants, getPriority, setPriority } from 'node:os'
import path from 'node:path'

const THREADS = '/proc/self/task'
/**
 * They verify signatures and read files. V8's threads keep their priority: a busy event loop would leave them no
 * time, so its code would stay unoptimized, and its garbage would stay in memory.
 */
const BACKGROUND = 'libuv-worker'
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
    if (name.trim() === BACKGROUND) {
      setPriority(Number(id), Math.min(getPriority() + PRIORITY_BELOW_NORMAL, PRIORITY_LOW))
    }
  } catch {
    // It has ended, or this program may not change it.
  }
}
