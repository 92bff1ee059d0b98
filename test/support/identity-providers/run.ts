import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, vi } from 'vitest'
import { envoyBootstrap } from '../../../scripts/envoy-bootstrap.ts'
import { startEnvoy } from '../../../scripts/start-envoy.ts'
import { sendHttp1 } from '../scenario/http.ts'
import { createIdentities } from '../scenario/identities.ts'
import { startPod } from '../scenario/pod.ts'
import { startService } from '../scenario/service.ts'
import { authzPortAt, type RunningService } from '../scenario/source.ts'
import type { Row, readExample, Send } from './data.ts'
import { MARKER, startIssuers } from './issuers.ts'

type Start = {
  readonly envoy: string
  readonly folder: string
  readonly example: ReturnType<typeof readExample>
  readonly unreachable: readonly string[]
  /** On the folder itself if absent. */
  readonly serve?: (folder: string, config: string) => Promise<RunningService>
}

export type Run = Awaited<ReturnType<typeof startRun>>

/** Starts the issuers, the service on a copy of the example, Envoy in front of the pod, and the pod. */
export async function startRun({ envoy, folder, example, unreachable, ...how }: Start) {
  const { serve = startService } = how
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
    const pod = await startPod()
    stops.push(pod.close)
    const service = await serve(copy, 'config.yaml')
    stops.push(service.stop)
    const { caller } = example
    const identities = await createIdentities(path.join(copy, 'certificates'), [
      caller,
      ...Object.values(example.listeners).map(({ mtls }) => mtls),
    ])
    const listeners = Object.entries(example.listeners).map(([name, { address, mtls }]) => ({
      name,
      host: address,
      port: 0,
      authzPort: authzPortAt(service, address),
      httpUpstreamPort: pod.httpPort,
      ...(mtls === undefined ? {} : { tls: identities.serverOf(mtls) }),
    }))
    const proxy = await startEnvoy({
      envoy,
      bootstrap: envoyBootstrap({ listeners }),
      folder: copy,
    })
    stops.push(proxy.stop)
    const tls = identities.clientOf(caller)
    return { example, issuers, pod, service, portOf: proxy.portOf, tls, stop }
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

async function expectAnswer(run: Run, step: Send, at: string) {
  const { status, headers, model } = step.expect
  const barred = model === 'untouched' ? [] : model.lacks
  const wanted = {
    status,
    headers,
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

let count = 0

async function sent({ example, issuers, pod, portOf, tls }: Run, step: Send, at: string) {
  const listener = example.listeners[at]
  const request = example.requests[step.send]
  if (listener === undefined || request === undefined) {
    throw new Error(`there is no listener ${at}, or no request ${step.send}`)
  }
  count += 1
  const id = `request-${count}`
  const filled = Object.entries(step.headers).map(([name, value]) => [name, issuers.fill(value)])
  const answer = await sendHttp1({
    address: listener.address,
    port: portOf(at),
    tls: listener.mtls === undefined ? undefined : tls,
    method: request.method,
    path: request.path,
    headers: { host: listener.host, 'x-request-id': id, ...Object.fromEntries(filled) },
    body: request.body === undefined ? undefined : Buffer.from(JSON.stringify(request.body)),
  })
  return { ...answer, received: pod.receivedWith(id) }
}

/** No token that was shown, and no claim but the subject, in what the service printed or counts. */
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
