import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, vi } from 'vitest'
import type { Incoming } from '../../scenario/http.ts'
import type { Received } from '../../scenario/pod.ts'
import type { RunningService } from '../../scenario/source.ts'
import type { Row, readExample, Send } from './data.ts'
import { MARKER, startIssuers } from './issuers.ts'

type Request = {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer | undefined
}

/** The service, and everything between it and the callers of models. */
export type Site = {
  readonly service: RunningService
  /** `at`: a listener of the example. */
  readonly send: (
    at: string,
    request: Request,
  ) => Promise<Incoming & { readonly received: readonly Received[] }>
  readonly stop: () => Promise<void>
}

type Start = {
  readonly folder: string
  readonly example: ReturnType<typeof readExample>
  readonly unreachable: readonly string[]
  /** On a copy of the folder. */
  readonly open: (copy: string, config: string) => Promise<Site>
}

export type Run = Awaited<ReturnType<typeof startRun>>

/** Starts the issuers, and then everything that uses them. */
export async function startRun({ folder, example, unreachable, open }: Start) {
  const copy = await mkdtemp(path.join(tmpdir(), 'identity-providers-'))
  const stops = [() => rm(copy, { recursive: true })]
  const stop = async () => {
    for (const each of stops.splice(0).toReversed()) await each()
  }
  try {
    await cp(folder, copy, { recursive: true })
    const issuers = await startIssuers(example.providers, example.tokens, unreachable)
    stops.push(issuers.stop)
    const config = path.join(copy, 'config.yaml')
    const told = issuers.place(await readFile(config, 'utf8'))
    await writeFile(config, `${told}logLevel: debug\n`)
    const site = await open(copy, 'config.yaml')
    stops.push(site.stop)
    return { example, issuers, ...site, stop }
  } catch (fault) {
    await stop()
    throw fault
  }
}

export async function takeSteps(run: Run, { steps }: Row) {
  for (const step of steps) {
    if ('issuer' in step) await run.issuers.change(step)
    else for (const at of step.at) await expectAnswer(run, step, at)
  }
}

/** The delay of a refusal is random. */
const expectedOf = ([name, value]: readonly [string, string]) => [
  name,
  value === '1 to 3' ? expect.stringMatching(/^[123]$/) : value,
]

async function expectAnswer(run: Run, step: Send, at: string) {
  const { status, headers, model } = step.expect
  const barred = model === 'untouched' ? [] : model.lacks
  const wanted = {
    status,
    headers: Object.fromEntries(Object.entries(headers).map(expectedOf)),
    model: model === 'untouched' ? [] : [{ headers: model.headers, lacks: [] }],
  }
  const attempt = async () => {
    const { received, ...answer } = await sent(run, step, at)
    const reached = received.map((one) => ({
      ...one,
      lacks: barred.filter((name) => name in one.headers),
    }))
    expect({ ...answer, model: reached }, `${step.send} at ${at}`).toMatchObject(wanted)
  }
  if (step.withinMs === undefined) return attempt()
  return vi.waitFor(attempt, { timeout: step.withinMs, interval: 25 })
}

async function sent({ example, issuers, send }: Run, step: Send, at: string) {
  const listener = example.listeners[at]
  const request = example.requests[step.send]
  if (listener === undefined || request === undefined) {
    throw new Error(`there is no listener ${at}, or no request ${step.send}`)
  }
  const filled = Object.entries(step.headers).map(([name, value]) => [name, issuers.fill(value)])
  return send(at, {
    method: request.method,
    path: request.path,
    headers: { host: listener.host, ...Object.fromEntries(filled) },
    body: request.body === undefined ? undefined : Buffer.from(JSON.stringify(request.body)),
  })
}

/** No token of a request, and no claim except the subject, in the output or metrics of the service. */
export async function expectNoSecrets(run: Run) {
  const metrics = await run.service.metrics()
  expect(metrics).toContain('kserve_authz_checks_total')
  const told = run.service.printed() + metrics
  const shown = run.issuers.minted()
  const parts = shown.flatMap((token) => token.split('.').slice(1))
  const secrets = [MARKER, '@example.com', ...shown, ...parts.filter((part) => part !== '')]

  expect(shown.length).toBeGreaterThan(0)
  expect(secrets.filter((secret) => told.includes(secret))).toEqual([])
}
