// h2spec is a program that checks servers against the RFCs of HTTP/2 and HPACK.

import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { run } from '../../scripts/go/run.ts'
import { findH2spec } from '../../scripts/h2spec.ts'
import { frameOfMessage, HEAD, OK_TRAILERS } from '../../src/envoy/grpc-response.ts'
import { serveChecks } from '../../src/envoy/server.ts'
import { aCheckParts } from '../../testing/envoy/check-parts.ts'
import { http2Server } from '../../testing/http2/raw-client.ts'

const CHECK = '/envoy.service.auth.v3.Authorization/Check'
const SECTIONS = ['http2', 'generic', 'hpack']
/** Of these sections, in h2spec's version. */
const CASES = 147
/** For a machine that is busy; a case that fails takes as long. */
const TIMEOUT_SECONDS = 5

let h2spec = ''
let folder = ''

beforeAll(async () => {
  h2spec = await findH2spec((line) => void process.stderr.write(`${line}\n`))
  folder = await mkdtemp(path.join(tmpdir(), 'h2spec-'))
})
afterAll(() => rm(folder, { recursive: true }))

type Case = { readonly name: string; readonly result: 'passed' | 'skipped' | 'failed' }

/** All cases, also the strict ones: those of a SHOULD. */
async function casesAt(port: number, signal: AbortSignal): Promise<readonly Case[]> {
  const report = path.join(folder, `${port}.xml`)
  const target = ['--host', '127.0.0.1', '--port', String(port), '--path', CHECK]
  const options = ['--strict', '--timeout', String(TIMEOUT_SECONDS), '--junit-report', report]
  const command = [h2spec, ...target, ...options, ...SECTIONS] as const
  await run(command, { cwd: folder, signal })
  const cases = /<testcase package="(.*?)" classname="(.*?)" time=".*?">(.*?)<\/testcase>/gs
  return [...(await readFile(report, 'utf8')).matchAll(cases)].map(
    ([, section = '', title = '', outcome = '']) => ({
      name: `${section}: ${title.replaceAll('&#34;', '"')}`,
      result: outcome === '' ? 'passed' : /^\s*<skipped>/.test(outcome) ? 'skipped' : 'failed',
    }),
  )
}

const namesOf = (cases: readonly Case[], wanted: Case['result']) =>
  cases.flatMap(({ name, result }) => (result === wanted ? [name] : [])).toSorted()

async function servingChecks() {
  const server = await serveChecks({ position: 'gateway', address: '127.0.0.1:0' }, aCheckParts())
  onTestFinished(() => server.close(0))
  return server
}

/** Answers every whole request with a message of ten bytes. */
async function servingMessages(): Promise<number> {
  const { port, close } = await http2Server((stream, http2) =>
    http2.answer(stream, HEAD, frameOfMessage(Buffer.alloc(10)), OK_TRAILERS),
  )
  onTestFinished(close)
  return port
}

/** The requests of h2spec are no calls of gRPC: the answers to them have a status and no data. */
const NEED_DATA = {
  failed: [
    'generic/2: Sends a PRIORITY frame on half-closed (remote) stream',
    'generic/2: Sends a WINDOW_UPDATE frame on half-closed (remote) stream',
    // Such requests end at once, so there are never too many.
    'http2/5.1.2: Sends HEADERS frames that causes their advertised concurrent stream limit to be exceeded',
  ],
  skipped: [
    'http2/6.5.3: Sends multiple values of SETTINGS_INITIAL_WINDOW_SIZE',
    'http2/6.9.1: Sends SETTINGS frame to set the initial window size to 1 and sends HEADERS frame',
    'http2/6.9.2: Changes SETTINGS_INITIAL_WINDOW_SIZE after sending HEADERS frame',
    'http2/6.9.2: Sends a SETTINGS frame for window size to be negative',
  ],
}

describe('HTTP/2 as h2spec checks it', () => {
  it('is followed by the service, except where an answer without data cannot show it', async ({
    signal,
  }) => {
    const { port, held } = await servingChecks()
    const cases = await casesAt(port, signal)

    expect(cases).toHaveLength(CASES)
    expect(namesOf(cases, 'failed')).toEqual(NEED_DATA.failed)
    expect(namesOf(cases, 'skipped')).toEqual(NEED_DATA.skipped)
    await expect.poll(held).toEqual({ connections: 0, streams: 0, bytes: 0 })
  })

  it('is followed in answers with data', async ({ signal }) => {
    const cases = await casesAt(await servingMessages(), signal)

    expect(cases).toHaveLength(CASES)
    expect(namesOf(cases, 'failed')).toEqual([])
    expect(namesOf(cases, 'skipped')).toEqual([])
  })
})
