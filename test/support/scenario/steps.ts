import { expect, vi } from 'vitest'
import type { Outcome, Scenario } from '../scenario.ts'
import type { Example, Expectation, Row, Send } from './data.ts'

const DEADLINE = { timeout: 10_000, interval: 20 }

/** One request, and what must come of it. */
type Sending = {
  readonly label: string
  readonly request: Parameters<Scenario['send']>[0]
  readonly expected: Expectation
}

/** What the log must say of a request that was sent. */
type Promised = { readonly requestId: string; readonly line: Expectation['log'] }

/** Takes the steps of a row, one after the other. */
export async function takeSteps(scenario: Scenario, example: Example, { steps }: Row) {
  const promised: Promised[] = []
  const credentials = new Set<string>()
  let changedAt = performance.now()

  for (const step of steps) {
    if ('can' in step) {
      expect(await scenario.can(step), `can ${step.can.as} get ${step.can.get}`).toBe(step.answer)
    } else if ('send' in step) {
      for (const sending of sendingsOf(example, step)) await take(step, sending)
    } else {
      await scenario.change(step)
      changedAt = performance.now()
    }
  }
  if (promised.length > 0) await expectLog(scenario, promised, credentials)

  async function take(step: Send, sending: Sending) {
    const { withinMs, meanwhile } = step
    if (withinMs !== undefined) {
      const [other] = meanwhile === undefined ? [] : sendingsOf(example, meanwhile)
      const elapsedMs = await waitFor(sending, other)
      expect(elapsedMs, sending.label).toBeLessThan(withinMs)
    }
    const requestId = await expectOutcome(scenario, sending)
    const { authorization } = sending.request.headers
    if (authorization !== undefined) credentials.add(authorization.replace('Bearer ', ''))
    const { log } = sending.expected
    if (log !== undefined) promised.push({ requestId, line: log })
  }

  /** How long after the last change it came true. */
  async function waitFor(sending: Sending, other: Sending | undefined): Promise<number> {
    const gaps: unknown[] = []
    await vi.waitFor(async () => {
      if (other !== undefined) {
        await expectOutcome(scenario, other).catch((gap: unknown) => gaps.push(gap))
      }
      await expectOutcome(scenario, sending)
    }, DEADLINE)
    const elapsedMs = performance.now() - changedAt
    expect(gaps).toEqual([])
    return elapsedMs
  }
}

/** Every place and path of a step. */
function sendingsOf(example: Example, step: Send | NonNullable<Send['meanwhile']>): Sending[] {
  const template = example.requests[step.send]
  if (template === undefined) throw new Error(`there is no request ${step.send}`)
  const { method, http, body, bodyBase64 } = template
  return [step.at].flat().flatMap((at) =>
    (step.path ?? [template.path]).map((path) => ({
      label: `${method} ${path} at ${at}`,
      request: {
        at,
        method,
        path,
        http: step.http ?? http,
        headers: { ...template.headers, ...step.headers },
        body: bytesOf(body, bodyBase64),
        as: step.as,
        from: step.from,
      },
      expected: step.expect,
    })),
  )
}

function bytesOf(body: unknown, base64: string | undefined): Buffer | undefined {
  if (base64 !== undefined) return Buffer.from(base64, 'base64')
  return body === undefined ? undefined : Buffer.from(JSON.stringify(body))
}

/** Sends it, and resolves with its id. */
async function expectOutcome(scenario: Scenario, { label, request, expected }: Sending) {
  const before = expected.checks === undefined ? 0 : await scenario.checks()
  const outcome = await scenario.send(request)
  const checks = expected.checks === undefined ? 0 : (await scenario.checks()) - before
  expect({ ...shown(outcome, expected), checks }, label).toMatchObject(wanted(expected))
  return outcome.requestId
}

const wanted = ({ status, headers, body, model, checks = 0 }: Expectation) => ({
  status,
  headers,
  lacks: [],
  ...(body === undefined ? {} : { body }),
  model: model === 'untouched' ? [] : [{ ...model, lacks: [] }],
  checks,
})

/** `lacks`: what of it is there all the same. */
function shown({ status, headers, body, received }: Outcome, { lacks, ...expected }: Expectation) {
  const barred = expected.model === 'untouched' ? [] : expected.model.lacks
  return {
    status,
    headers,
    lacks: lacks.filter((name) => name in headers),
    body: typeof expected.body === 'object' ? parsed(body) : body,
    model: received.map((one) => ({
      ...one,
      lacks: barred.filter((name) => name in one.headers),
    })),
  }
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return body
  }
}

/** One line for each check, each with the id of its request, and no credential anywhere. */
async function expectLog(
  scenario: Scenario,
  promised: readonly Promised[],
  credentials: ReadonlySet<string>,
) {
  const checks = await scenario.checks()
  await vi.waitFor(() => expect(scenario.decisions()).toHaveLength(checks), DEADLINE)
  for (const { requestId, line } of promised) {
    const lines = scenario.decisions().filter((each) => each.requestId === requestId)
    expect(lines, requestId).toMatchObject([{ ...line }])
  }
  for (const credential of credentials) expect(scenario.printed()).not.toContain(credential)
}
