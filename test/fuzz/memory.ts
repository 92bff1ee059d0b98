import { setImmediate } from 'node:timers/promises'
import { getHeapStatistics } from 'node:v8'

const EVERY_MS = 5_000
/** More than the stored inputs that reach new code. */
const MAX_GROWTH_BYTES = 128 * 1024 * 1024

/** Reports whether memory use has grown much since the start; without `--expose-gc` it never does. */
export async function createMemoryCheck() {
  const held = async (): Promise<number> => {
    globalThis.gc?.()
    // Memory outside the heap is released one turn later.
    await setImmediate()
    const { used_heap_size: heap, external_memory: external } = getHeapStatistics()
    return heap + external
  }
  const first = await held()
  let last = performance.now()
  return {
    grew: async (): Promise<boolean> => {
      if (globalThis.gc === undefined || performance.now() - last < EVERY_MS) return false
      last = performance.now()
      for (let left = 5; left > 0; left -= 1) {
        if ((await held()) - first < MAX_GROWTH_BYTES) return false
      }
      return true
    },
  }
}
