import { expect, vi } from 'vitest'
import { type Example, type Expectation, listenerOf, type Row, type Send } from './data.ts'
import type { Outcome, Scenario } from './scenario.ts'
import { positionAt } from './source.ts'

const DEADLINE = { timeout: 60_000, interval: 20 }

/** One request, and the expected outcome. */
type Sending = {
  readonly label: string
  readonly request: Parameters<Scenario['send']>[0]
  readonly expected: Expectation
}

/** The expected log for a request: one of the lines that its checks wrote. */
type Promised = {
  readonly label: string
  readonly lines: readonly [from: number, to: number]
  readonly line: Readonly<Record<string, unknown>>
}

/** Takes the steps of a row, one after another. */
export async function takeSteps(scenario: Scenario, example: Example, { steps }: Row) {
  const promised: Promised[] = []
  const credentials = new Set<string>()
  let changedAt = performance.now()

  for (const step of steps) {
    if ('can' in step) {
      const question = `can ${step.can.as} get ${step.can.get}`
      // An API server's caches see its own changes a moment later.
      await expect
        .poll(() => scenario.can(step), { ...DEADLINE, message: question })
        .toBe(step.answer)
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
    const { label, request, expected } = sending
    const from = await scenario.checks()
    const { authorization, requestId = expect.any(String) } = await expectOutcome(scenario, sending)
    if (authorization !== undefined) credentials.add(authorization.replace('Bearer ', ''))
    if (expected.log === undefined) return
    const position = positionAt(listenerOf(example, request.at).address)
    const line = { requestId, position, ...expected.log }
    promised.push({ label, lines: [from, await scenario.checks()], line })
  }

  /** The time from the last change to the expected answer. */
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

/** Every listener and path of a step. */
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

async function expectOutcome(
  scenario: Scenario,
  { label, request, expected: said }: Sending,
): Promise<Outcome> {
  const expected = scenario.podsAskToo ? atLast(said) : said
  const before = expected.checks === undefined ? 0 : await scenario.checks()
  const outcome = await scenario.send(request)
  const checks = expected.checks === undefined ? 0 : (await scenario.checks()) - before
  expect({ ...shown(outcome, expected), checks }, label).toMatchObject(wanted(expected))
  return outcome
}

/** Headers that the second check removes do not reach the model. */
const atLast = ({ model, ...expected }: Expectation): Expectation => ({
  ...expected,
  model:
    model === 'untouched'
      ? model
      : { ...model, lacks: [...model.lacks, ...Object.keys(model.passedOn)], passedOn: {} },
})

const wanted = ({ status, headers, body, model, checks = 0 }: Expectation) => ({
  status,
  headers,
  lacks: [],
  ...(body === undefined ? {} : { body }),
  model: model === 'untouched' ? [] : [reaching(model)],
  checks,
})

const reaching = ({ passedOn, ...model }: Exclude<Expectation['model'], string>) => ({
  ...model,
  headers: { ...model.headers, ...passedOn },
  lacks: [],
})

/** `lacks`: those of its headers that are present nevertheless. */
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
  for (const { label, lines, line } of promised) {
    const own = scenario.decisions().slice(...lines)
    expect(new Set(own.map(({ requestId }) => requestId)).size, label).toBe(1)
    const ofPlace = own.filter(({ position }) => position === line.position)
    expect(ofPlace, label).toMatchObject([line])
  }
  for (const credential of credentials) expect(scenario.printed()).not.toContain(credential)
}
