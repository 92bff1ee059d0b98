import path from 'node:path'
import { startChild, until } from '../scripts/child.ts'

const ROOT = path.join(import.meta.dirname, '..')

/** Starts a command that goes on until a signal; `printed` waits for a text on stdout. */
export function watching(env: Readonly<Record<string, string>>, ...args: readonly string[]) {
  const main = path.join(ROOT, 'src/main.ts')
  const child = startChild('the watch', [process.execPath, main, ...args], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const text = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    child[name]?.setEncoding('utf8').on('data', (chunk: string) => {
      text[name] += chunk
    })
  const printed = (wanted: RegExp, from: 'stdout' | 'stderr' = 'stdout') =>
    until(`${wanted} on ${from}`, async () => wanted.exec(text[from])?.[0], { deadlineMs: 180_000 })
  return { text, printed, ended: child.ended, stop: child.stop }
}
