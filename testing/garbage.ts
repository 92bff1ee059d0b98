import { memoryUsage } from 'node:process'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
/** Collects garbage: all of it, or that of the new generation. */
export const collect: (options?: { readonly type: 'minor' }) => void = runInNewContext('gc')

/** The bytes of all array buffers that are still in use. */
export async function arrayBuffersInUse(): Promise<number> {
  for (let turn = 0; turn < 3; turn += 1) {
    collect()
    await new Promise(setImmediate)
  }
  return memoryUsage().arrayBuffers
}
