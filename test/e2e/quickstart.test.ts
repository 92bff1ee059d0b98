import { execFile, spawn } from 'node:child_process'
import { createServer } from 'node:net'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import {
  descendantsOf,
  isLoopback,
  isRunning,
  listeningAddresses,
} from '../../testing/processes.ts'

const ROOT = path.join(import.meta.dirname, '../..')
const SCRIPT = path.join(ROOT, 'scripts/run.ts')

/** Long enough to install Envoy once, on a machine without it. */
const PATIENCE_MS = 180_000

function start(args: readonly string[], env: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, [SCRIPT, ...args], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: PATIENCE_MS - 5_000,
  })
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  return { child, ended }
}

/** Runs the script until it exits. */
async function run(args: readonly string[], env: Readonly<Record<string, string>>) {
  const { child, ended } = start(args, env)
  const [code, out, complaints] = await Promise.all([ended, text(child.stdout), text(child.stderr)])
  return { code, out, complaints }
}

/** Runs the script as a user does, and sends the signal after `use` has used its output. */
async function runUntil(
  signal: NodeJS.Signals,
  use: (out: string, pid: number) => Promise<unknown>,
  env: Readonly<Record<string, string>> = {},
) {
  const { child, ended } = start([], { PORT: '0', ...env })
  let out = ''
  const invited = new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString()
      if (/^The decision log/m.test(out)) resolve()
    })
  })
  let complaints = ''
  child.stderr.on('data', (chunk: Buffer) => {
    complaints += chunk.toString()
  })
  const early = ended.then((code) => {
    throw new Error(`ended early with ${code}: ${out}${complaints}`)
  })
  await Promise.race([invited, early])
  await use(out, child.pid ?? 0).finally(() => child.kill(signal))
  return { code: await ended, out }
}

/** The printed commands, run as a user pastes them, each with the status that curl shows. */
async function pasteAll(out: string) {
  const shown: number[] = []
  for (const [command] of out.matchAll(/(?<=^ {5})curl .*$/gm)) {
    const { stdout } = await promisify(execFile)('sh', ['-c', `${command} -s -m 10`])
    shown.push(Number(stdout.split(' ')[1]))
  }
  return shown
}

/** The status of each answer that the script reports. */
const statuses = (out: string) =>
  [...out.matchAll(/^(\d+) {2}/gm)].map(([, status]) => Number(status))

const PROMISED = [200, 401, 200, 403, 200, 401, 200, 200, 403]

describe('make run', () => {
  it.each([
    ['a real Envoy', ''],
    ['a real Envoy Gateway', 'envoy-gateway'],
  ])(
    'gets every promised answer, through %s',
    { timeout: PATIENCE_MS },
    async (_title, GATEWAY) => {
      const { code, out, complaints } = await run(['--once'], { PORT: '0', GATEWAY })

      expect(complaints).toBe('')
      expect(statuses(out)).toEqual(PROMISED)
      expect(out.match(/^ {5}curl -i .*$/gm)).toHaveLength(9)
      expect(code).toBe(0)
    },
  )

  it('prints commands that give the promised answers, until Ctrl-C stops everything', {
    timeout: PATIENCE_MS,
  }, async () => {
    let pasted: readonly number[] = []
    const { code, out } = await runUntil('SIGINT', async (printed) => {
      pasted = await pasteAll(printed)
    })

    expect(pasted).toEqual(PROMISED)
    expect(out.match(/^\{.*\/v1\/models\/fraud:predict.*\}$/gm)?.length).toBe(14)
    expect(code).toBe(0)
    const [address = ''] = out.match(/http:\/\/127\.0\.0\.1:\d+/) ?? []
    await expect(fetch(address)).rejects.toThrow()
  })

  it('listens on loopback only with Envoy Gateway, until Ctrl-C stops every program', {
    timeout: PATIENCE_MS,
  }, async () => {
    let pasted: readonly number[] = []
    let started: readonly number[] = []
    let addresses: readonly string[] = []
    const { code } = await runUntil(
      'SIGINT',
      async (printed, pid) => {
        pasted = await pasteAll(printed)
        started = await descendantsOf(pid)
        addresses = await listeningAddresses([pid, ...started])
      },
      { GATEWAY: 'envoy-gateway' },
    )

    expect(pasted).toEqual(PROMISED)
    expect(addresses.length).toBeGreaterThan(5)
    expect(addresses.filter((address) => !isLoopback(address))).toEqual([])
    expect(code).toBe(0)
    await expect.poll(() => started.filter(isRunning)).toEqual([])
  })

  it('says which gateways it knows', async () => {
    const { code, complaints } = await run(['--once'], { PORT: '0', GATEWAY: 'traefik' })

    expect(complaints).toBe('GATEWAY can only be envoy-gateway\n')
    expect(code).toBe(2)
  })

  it('stops everything on SIGTERM', { timeout: PATIENCE_MS }, async () => {
    const { code } = await runUntil('SIGTERM', async () => {})

    expect(code).toBe(0)
  })

  it('reports a port that is in use in one sentence', async () => {
    const squatter = createServer()
    const port = await new Promise<string>((resolve) => {
      squatter.listen(0, '127.0.0.1', () => {
        const address = squatter.address()
        resolve(typeof address === 'object' && address !== null ? `${address.port}` : '')
      })
    })
    const { code, out, complaints } = await run(['--once'], { PORT: port }).finally(() =>
      squatter.close(),
    )

    expect(complaints).toBe(
      `port ${port} of 127.0.0.1 is in use: stop the program that listens on it, or choose another, as in \`PORT=8081 make run\`\n`,
    )
    expect(out).toBe('')
    expect(code).toBe(1)
  })

  it.each(['80000', 'http', '-1'])(
    'reports in one sentence that %s is not a port',
    async (port) => {
      const { code, complaints } = await run(['--once'], { PORT: port })

      expect(complaints).toBe(`PORT must be a number from 0 to 65535, not "${port}"\n`)
      expect(code).toBe(1)
    },
  )

  it('runs the service even without Envoy, and shows how to send checks', async () => {
    const { code, out } = await run(['--once'], { PORT: '0', ENVOY: '/nowhere/envoy' })

    expect(out).toContain('ENVOY names /nowhere/envoy, which does not exist\n')
    expect(out.match(/^ {5}grpcurl .* envoy.service.auth.v3.Authorization\/Check$/gm)).toHaveLength(
      9,
    )
    expect(code).toBe(1)
  })
})
