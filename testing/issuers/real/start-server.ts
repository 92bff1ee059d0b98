import { startChild } from '../../../scripts/child.ts'

/** Starts a server; resolves once it says that it listens. */
export async function startServer(
  title: string,
  command: readonly [string, ...string[]],
  env: Readonly<Record<string, string>>,
  isListening = (said: string) => said.includes('listening'),
) {
  const child = startChild(title, command, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said: string[] = []
  const listening = new Promise<void>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (bytes: Buffer) => {
        said.push(String(bytes))
        if (isListening(said.join(''))) resolve()
      })
    }
  })
  const ended = child.ended.then((how) => {
    throw new Error(`${how}: ${said.join('')}`)
  })
  await Promise.race([listening, ended])
  ended.catch(() => {})
  return { stop: child.stop, said }
}
