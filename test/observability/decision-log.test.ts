import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { text as textOf } from 'node:stream/consumers'
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createDecisionLog, type LoggedCheck } from '../../src/observability/decision-log.ts'

const check: LoggedCheck = {
  time: Date.UTC(2026, 10, 21, 12, 0, 0, 7),
  requestId: '0b1c',
  namespace: 'team',
  name: 'iris',
  component: 'predictor',
  position: 'workload',
  method: 'POST',
  host: 'iris.example.com:8080',
  path: '/v1/models/iris:predict?token=sekret',
  source: { address: '10.0.0.2', port: 4711, principal: 'spiffe://cluster.local/ns/a/sa/b' },
  destination: { address: 'fd00:0:0:0:0:0:0:1', port: 8080, principal: undefined },
  decision: 'allow',
  reason: '',
  credentialKind: 'api-key',
  credential: 'alice-key',
  latencyUs: 87.4,
}
const denied: LoggedCheck = {
  ...check,
  decision: 'deny',
  reason: 'missing-credential',
  credentialKind: 'none',
  credential: undefined,
}

function recorder() {
  const chunks: string[] = []
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      chunks.push(chunk.toString())
      done()
    },
  })
  return { stream, text: () => chunks.join('') }
}

type Log = ReturnType<typeof createDecisionLog>

/** The lines for these checks. */
async function written(
  checks: readonly LoggedCheck[],
  decisions: 'all' | 'denied' | 'off' = 'all',
) {
  const { stream, text } = recorder()
  const log: Log = createDecisionLog({ decisions, dropped: expect.unreachable, open: () => stream })
  for (const each of checks) log.log(each)
  await log.close()
  return text()
}
const lineOf = async (over: Partial<LoggedCheck>) =>
  JSON.parse(await written([{ ...check, ...over }]))

afterEach(() => {
  vi.useRealTimers()
})

describe('the decision log', () => {
  it('has one line of JSON per decision', async () => {
    const text = await written([check, denied])
    expect(text).toMatch(/^\{.*\}\n\{.*\}\n$/)
    expect(JSON.parse(text.split('\n')[0] ?? '')).toEqual({
      time: '2026-11-21T12:00:00.007Z',
      requestId: '0b1c',
      namespace: 'team',
      name: 'iris',
      component: 'predictor',
      position: 'workload',
      method: 'POST',
      host: 'iris.example.com:8080',
      path: '/v1/models/iris:predict',
      source: '10.0.0.2:4711',
      principal: 'spiffe://cluster.local/ns/a/sa/b',
      destination: '[fd00:0:0:0:0:0:0:1]:8080',
      decision: 'allow',
      reason: '',
      credentialKind: 'api-key',
      credential: 'alice-key',
      latencyUs: 87,
    })
  })

  it('has the decision that enforcing everything in shadow would give', async () => {
    const shadow = { shadowDecision: 'deny', shadowReason: 'not-permitted' } as const
    expect(await lineOf(shadow)).toMatchObject({ decision: 'allow', ...shadow })
    expect(await lineOf({})).not.toHaveProperty('shadowDecision')
    expect(await lineOf({})).not.toHaveProperty('shadowReason')
  })

  it('with denials only includes those in shadow', async () => {
    const tried = { ...check, shadowDecision: 'deny', shadowReason: 'not-permitted' } as const
    expect(await written([{ ...check, shadowDecision: 'allow' }], 'denied')).toBe('')
    expect(await written([tried], 'denied')).toContain('"shadowDecision":"deny"')
  })

  it('has the same keys if nothing is known', async () => {
    const nothing = { requestId: undefined, namespace: undefined, name: undefined } as const
    const nobody = { address: undefined, port: undefined, principal: undefined }
    const unknown = { component: undefined, credential: undefined, host: '' } as const
    const peers = { source: nobody, destination: nobody }
    const line = await lineOf({ ...nothing, ...unknown, ...peers })
    expect(Object.keys(line)).toEqual(Object.keys(await lineOf({})))
    expect([line.requestId, line.name, line.component, line.credential]).toEqual(['', '', '', ''])
    expect([line.host, line.source, line.principal, line.destination]).toEqual(['', '', '', ''])
  })

  it.each([
    ['all', 2],
    ['denied', 1],
    ['off', 0],
  ] as const)('of %s decisions has %i of an allow and a denial', async (decisions, lines) => {
    expect((await written([check, denied], decisions)).split('\n')).toHaveLength(lines + 1)
  })

  it('truncates fields that a client can make long', async () => {
    const long = 'x'.repeat(10_000)
    const line = await lineOf({
      requestId: long,
      path: `/${long}`,
      method: long,
      credential: long,
      detail: long,
      decidedBy: long,
      host: long,
      source: { address: undefined, port: undefined, principal: long },
    })
    expect(line.requestId).toHaveLength(128)
    expect(line.path).toHaveLength(1_024)
    expect(line.method).toHaveLength(32)
    expect(line.credential).toHaveLength(512)
    expect(line.detail).toHaveLength(512)
    expect(line.decidedBy).toHaveLength(512)
    expect(line.host).toHaveLength(256)
    expect(line.principal).toHaveLength(256)
  })

  it('replaces unprintable characters in a request id', async () => {
    expect((await lineOf({ requestId: 'a\u0000b\u{1f600}c' })).requestId).toBe('a?b??c')
  })

  it('is one line of ASCII per decision, whatever a client sends', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'binary' }),
        fc.string({ unit: 'binary' }),
        async (path, other) => {
          const own = { requestId: other, credential: other, name: other, decidedBy: other }
          const source = { address: undefined, port: undefined, principal: other }
          const texts = { path, method: other, host: path, source, ...own }
          const text = await written([{ ...check, ...texts }])
          expect(text).toMatch(/^\{[\x20-\x7e]*\}\n$/)
          expect(JSON.parse(text).name).toBe(other)
        },
      ),
    )
    expect(await written([{ ...check, path: '/a\n\r\u001b[2J\u2028\u202e"}' }])).toContain(
      '"path":"/a\\n\\r\\u001b[2J\\u2028\\u202e\\"}"',
    )
  })

  it('is written within a second, also at a low rate', () => {
    vi.useFakeTimers()
    const { stream, text } = recorder()
    createDecisionLog({ decisions: 'all', dropped: expect.unreachable, open: () => stream }).log(
      check,
    )
    expect(text()).toBe('')
    vi.advanceTimersByTime(1_000)
    expect(text()).toContain('"requestId":"0b1c"')
  })
})

describe('without a reader', () => {
  it('lines wait up to a bound, and further ones are counted', async () => {
    let dropped = 0
    const chunks: number[] = []
    const stream = new Writable({ write: (chunk: Buffer) => chunks.push(chunk.length) })
    const log = createDecisionLog({
      decisions: 'all',
      dropped: () => (dropped += 1),
      open: () => stream,
    })
    for (let index = 0; index < 30_000; index += 1) log.log(check)
    expect(stream.writableLength).toBeLessThanOrEqual(4 << 20)
    expect(dropped).toBeGreaterThan(10_000)
    expect(30_000 - dropped).toBeGreaterThan(8_000)
    expect(chunks).toHaveLength(1)
    const start = performance.now()
    await log.close()
    expect(performance.now() - start).toBeLessThan(2_000)
  })

  it('lines are counted as lost once it has closed', async () => {
    let dropped = 0
    const stream = new Writable({
      write: (_chunk, _encoding, done) => done(Object.assign(new Error('gone'), { code: 'EPIPE' })),
    })
    const log = createDecisionLog({
      decisions: 'all',
      dropped: () => (dropped += 1),
      open: () => stream,
    })
    for (let index = 0; index < 50; index += 1) log.log(check)
    await new Promise((resolve) => stream.on('close', resolve))
    const before = dropped
    log.log(check)
    expect(dropped).toBe(before + 1)
    await log.close()
  })

  it('the program continues, without more memory, and exits', async () => {
    const module = new URL('../../src/observability/decision-log.ts', import.meta.url)
    const child = spawn(
      process.execPath,
      ['--expose-gc', '--input-type=module', '-e', PROGRAM, module.href, JSON.stringify(check)],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    )
    const report = JSON.parse(await textOf(child.stderr))
    expect(report.dropped).toBeGreaterThan(10_000)
    expect(report.grewMb).toBeLessThan(64)
    expect(report.longestGapMs).toBeLessThan(4_000)
    if (child.exitCode === null) await once(child, 'exit')
    expect(child.exitCode).toBe(0)
  })
})

describe('a full file system', () => {
  it('loses lines and counts them, and takes the next once there is space', async () => {
    vi.useFakeTimers()
    const { stream, text } = recorder()
    const full = new Writable({
      write: (_chunk, _encoding, done) =>
        done(Object.assign(new Error('full'), { code: 'ENOSPC' })),
    })
    const streams = [full, stream]
    let dropped = 0
    let opened = 0
    const log = createDecisionLog({
      decisions: 'all',
      dropped: () => (dropped += 1),
      open: () => streams[Math.min(opened++, 1)] ?? stream,
    })
    log.log(check)
    log.log(check)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(dropped).toBe(2)
    log.log(check)
    expect([dropped, opened]).toEqual([3, 1])
    await vi.advanceTimersByTimeAsync(1_000)
    log.log({ ...check, requestId: 'later' })
    await vi.advanceTimersByTimeAsync(1_000)
    expect([dropped, opened]).toEqual([3, 2])
    expect(text()).toMatch(/^\{.*"requestId":"later".*\}\n$/)
  })

  it('continues on a new line once there is space', async () => {
    const module = new URL('../../src/observability/decision-log.ts', import.meta.url)
    const folder = await mkdtemp(path.join(tmpdir(), 'log-'))
    const file = path.join(folder, 'decisions')
    // The file is limited to 64 KiB: writing beyond it fails as on a full disk.
    const command = `trap '' XFSZ; ulimit -f 128; exec "$0" --input-type=module -e "$1" "$2" "$3" >> "$4"`
    const args = [process.execPath, LOGGING, module.href, JSON.stringify(check), file]
    const child = spawn('sh', ['-c', command, ...args], { stdio: ['pipe', 'ignore', 'pipe'] })
    const told = createInterface({ input: child.stderr })[Symbol.asyncIterator]()
    expect((await told.next()).value).toBe('full')
    const before = await readFile(file, 'utf8')
    const [whole = ''] = before.split('\n')
    await truncate(file, 1_000)
    child.stdin.end()
    expect((await told.next()).value).toBe('written')
    const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '')
    expect(lines.length).toBeGreaterThan(60)
    // Except for the truncated one above.
    const others = lines.filter((line) => line.length !== whole.length)
    expect(others).toEqual([whole.slice(0, 1_000 % (whole.length + 1))])
    if (child.exitCode === null) await once(child, 'exit')
    await rm(folder, { recursive: true })
  })
})

/** Logs until lines are lost, waits, and logs until none is. */
const LOGGING = `
  const { createDecisionLog } = await import(process.argv[1])
  const check = JSON.parse(process.argv[2])
  let dropped = 0
  const log = createDecisionLog({ decisions: 'all', dropped: () => { dropped += 1 } })
  const burst = async () => {
    const before = dropped
    for (let index = 0; index < 60; index += 1) log.log(check)
    await new Promise((resolve) => setTimeout(resolve, 100))
    return dropped - before
  }
  while ((await burst()) === 0);
  process.stderr.write('full\\n')
  process.stdin.resume()
  await new Promise((resolve) => process.stdin.once('end', resolve))
  while ((await burst()) > 0);
  await log.close()
  process.stderr.write('written\\n')
`

/** Logs to a stdout without a reader, and reports the result on stderr. */
const PROGRAM = `
  const { createDecisionLog } = await import(process.argv[1])
  const check = JSON.parse(process.argv[2])
  let dropped = 0, longestGapMs = 0, last = performance.now()
  const log = createDecisionLog({ decisions: 'all', dropped: () => { dropped += 1 } })
  globalThis.gc()
  const before = process.memoryUsage.rss()
  for (let turn = 0; turn < 60; turn += 1) {
    for (let index = 0; index < 1_000; index += 1) log.log(check)
    await new Promise((resolve) => setTimeout(resolve, 5))
    longestGapMs = Math.max(longestGapMs, performance.now() - last)
    last = performance.now()
  }
  // What is kept, not what a busy machine has not collected yet.
  globalThis.gc()
  const grewMb = (process.memoryUsage.rss() - before) / 2 ** 20
  await log.close()
  process.stderr.write(JSON.stringify({ dropped, longestGapMs, grewMb }))
  process.exit(0)
`
