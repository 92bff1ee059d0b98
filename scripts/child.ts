import { type SpawnOptions, spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'

export type Child = {
  readonly pid: number | undefined
  /** Resolves with a sentence that describes how the child ended. Never rejects. */
  readonly ended: Promise<string>
  /** Sends the child SIGTERM, SIGKILL after five seconds, and resolves once it has exited. */
  readonly stop: () => Promise<void>
}

const STOP_GRACE_MS = 5_000
const POLL_MS = 25

/**
 * Starts a program in its own process group: Ctrl-C in the terminal then reaches only the parent,
 * which stops its children in order, together with their own children.
 */
export function startChild(
  title: string,
  [command, ...args]: readonly [string, ...string[]],
  options: Pick<SpawnOptions, 'cwd' | 'env' | 'stdio'>,
) {
  const child = spawn(command, args, { ...options, detached: true })
  let gone = false
  const ended = new Promise<string>((resolve) => {
    child.once('error', ({ message }) => resolve(`${title} could not be started: ${message}`))
    child.once('exit', (code, signal) => {
      resolve(`${title} ended ${signal === null ? `with exit code ${code}` : `by ${signal}`}`)
    })
  })

  const signalGroup = (signal: NodeJS.Signals) => {
    if (child.pid === undefined || gone) return
    try {
      process.kill(-child.pid, signal)
    } catch {
      // Already exited; `ended` resolves soon.
    }
  }
  const killGroup = () => signalGroup('SIGKILL')
  const releaseGroup = bindToThisProcess(child.pid)
  const spareGroup = onExit(killGroup)
  void ended.then(() => {
    gone = true
    releaseGroup()
    spareGroup()
  })

  const stop = async () => {
    signalGroup('SIGTERM')
    const insist = setTimeout(killGroup, STOP_GRACE_MS)
    await ended
    clearTimeout(insist)
  }
  return { pid: child.pid, ended, stop, stdout: child.stdout, stderr: child.stderr }
}

const atExit = new Set<() => void>()
const exit = () => {
  for (const action of atExit) action()
}

/** One listener for all children: Node warns about more than ten. Returns a function that cancels the action. */
function onExit(action: () => void) {
  if (atExit.size === 0) process.on('exit', exit)
  atExit.add(action)
  return () => {
    atExit.delete(action)
    if (atExit.size === 0) process.off('exit', exit)
  }
}

/**
 * Stops a process group when this process exits, even by SIGKILL: a shell waits for the end of the
 * pipe that this process holds. Returns a function that cancels this.
 */
function bindToThisProcess(group: number | undefined) {
  if (group === undefined) return () => {}
  const shell = spawn('sh', ['-c', `read -r _; kill -s TERM -- -${group}`], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  shell.on('error', () => {})
  shell.unref()
  return () => void shell.kill('SIGKILL')
}

/** The abort reason of the signal of `createStopping`. */
export const STOPPED = new Error('stopped')

/** Aborted once the user or the system asks this program to stop. Repeated requests have no effect. */
export function createStopping(): AbortController {
  const stopping = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => stopping.abort(STOPPED))
  }
  return stopping
}

/** `signal`, also aborted with an error of this text after the timeout. */
export function withDeadline(ms: number, complaint: string, signal?: AbortSignal): AbortSignal {
  const late = new AbortController()
  setTimeout(() => late.abort(new Error(complaint)), ms).unref()
  return signal === undefined ? late.signal : AbortSignal.any([signal, late.signal])
}

type Patience = { readonly signal?: AbortSignal | undefined; readonly deadlineMs?: number }

/** Polls until there is an answer. Rejects at the deadline, or with the signal's reason. */
export async function until<T>(
  awaited: string,
  attempt: () => Promise<T | undefined>,
  { signal, deadlineMs = 60_000 }: Patience = {},
): Promise<T> {
  const deadline = performance.now() + deadlineMs
  for (;;) {
    signal?.throwIfAborted()
    const answer = await attempt().catch(() => undefined)
    if (answer !== undefined) return answer
    signal?.throwIfAborted()
    if (performance.now() > deadline) {
      throw new Error(`${awaited}: still waiting after ${deadlineMs / 1_000} s`)
    }
    await sleep(POLL_MS)
  }
}

/** One GET of a local address, at most a second long: status and text. */
export async function get(url: string) {
  const response = await fetch(url, { signal: AbortSignal.timeout(1_000) })
  return { status: response.status, text: await response.text() }
}
