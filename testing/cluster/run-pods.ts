import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { listAt, textAt } from '../json.ts'
import type { Written } from './client.ts'
import type { Cluster } from './cluster.ts'
import { writtenOf } from './installation.ts'
import { bindPod, unboundPods } from './nodes.ts'

type Running = {
  /** Of the commands. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** By container, the file with the output of its command. */
  readonly logs: Readonly<Record<string, string>>
}

const TURN_MS = 200
const DEADLINE_MS = 20_000

/**
 * Binds each new pod to the node. A pod whose container has a log here does not stay there: its command runs on this
 * machine, and it ends with its exit code.
 */
export function startRunningPods(cluster: Cluster, { env, logs }: Running) {
  const stopping = new AbortController()
  const runOne = async (pod: unknown) => {
    const log = logs[textAt(pod, 'spec', 'containers', 0, 'name')]
    if (log === undefined) return bindPod(cluster, pod)
    const { code, output } = await commandOf(pod, env)
    await writeFile(log, asLog(output))
    const written = writtenOf({ apiVersion: 'v1', kind: 'Pod', ...Object(pod) })
    // kwok leaves a pod with an address as it is.
    await cluster.applyStatus(written, { phase: 'Pending', podIP: '127.0.0.1' })
    await bindPod(cluster, pod)
    await cluster.applyStatus(written, endedWith(code, written))
  }
  const running = (async () => {
    while (!stopping.signal.aborted) {
      for (const pod of await unboundPods(cluster).catch(() => []))
        await runOne(pod).catch(() => {})
      await sleep(TURN_MS, undefined, { signal: stopping.signal }).catch(() => {})
    }
  })()
  return {
    stop: async () => {
      stopping.abort()
      await running
    },
  }
}

const commandOf = (pod: unknown, env: Running['env']) =>
  new Promise<{ readonly code: number; readonly output: string }>((resolve) => {
    const [program = '', ...args] = ['command', 'args'].flatMap((part) =>
      listAt(pod, 'spec', 'containers', 0, part).map(String),
    )
    const options = { env, timeout: DEADLINE_MS }
    execFile(program, args, options, (error, stdout, stderr) => {
      const code = typeof error?.code === 'number' ? error.code : 1
      resolve({ code: error === null ? 0 : code, output: stdout + stderr })
    })
  })

/** In the format of a container runtime. */
export const asLog = (text: string): string =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => `${new Date().toISOString()} stdout F ${line}\n`)
    .join('')

const endedWith = (exitCode: number, { spec }: Written) => ({
  phase: exitCode === 0 ? 'Succeeded' : 'Failed',
  containerStatuses: listAt(spec, 'containers').map((container) => ({
    name: textAt(container, 'name'),
    image: textAt(container, 'image'),
    imageID: '',
    ready: false,
    restartCount: 0,
    state: { terminated: { exitCode } },
  })),
})
