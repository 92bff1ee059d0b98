import { setTimeout as pause } from 'node:timers/promises'
import { type Verdict, verdictOf } from '../../../testing/cluster/asking.ts'
import { newTokens, type TokenCluster } from '../../../testing/cluster/token-cluster.ts'
import { quantiles, row, tally } from './table.ts'

const SECONDS = 5
const CLIENTS = 48
const TIMES = 5
/** Fraction of the peak. */
const LEAST_GOODPUT = 0.8
/** The timeout of a proxy. */
const TIMEOUT = '500m'
const TICK_MS = 5

type Answer = { readonly verdict: Verdict | 'no answer'; readonly waited: number }

/** New tokens at the rate of their answers, and then at five times this rate. */
export async function newTokensAtFiveTimes(cluster: TokenCluster): Promise<boolean> {
  const service = await cluster.serve()
  const newToken = await newTokens(cluster)
  const ask = async (token: string): Promise<Answer> => {
    const begun = performance.now()
    const asked = verdictOf(service.gateway, { token, timeout: TIMEOUT })
    const verdict = await asked.catch(() => 'no answer' as const)
    return { verdict, waited: performance.now() - begun }
  }
  await atTheirPace(newToken, ask)
  const peak = goodputOf(await atTheirPace(newToken, ask))
  const rate = TIMES * peak
  const tokens = Array.from({ length: Math.round(rate * SECONDS) }, newToken)
  const answers = await atRate(tokens, rate, ask)
  const goodput = goodputOf(answers)
  const waits = answers.filter(({ verdict }) => verdict === 'allow').map(({ waited }) => waited)
  const [p50, p99] = quantiles(waits)
  row(
    'new tokens /s',
    'peak of allowed /s',
    'allowed /s',
    'verdicts',
    'p50 ms',
    'p99 ms of allowed',
  )
  const verdicts = tally(answers.map(({ verdict }) => verdict))
  row(
    Math.round(rate),
    Math.round(peak),
    Math.round(goodput),
    verdicts,
    p50.toFixed(1),
    p99.toFixed(1),
  )
  return goodput >= LEAST_GOODPUT * peak
}

const goodputOf = (answers: readonly Answer[]): number =>
  answers.filter(({ verdict }) => verdict === 'allow').length / SECONDS

async function atTheirPace(newToken: () => string, ask: (token: string) => Promise<Answer>) {
  const answers: Answer[] = []
  const end = performance.now() + SECONDS * 1_000
  const client = async () => {
    while (performance.now() < end) answers.push(await ask(newToken()))
  }
  await Promise.all(Array.from({ length: CLIENTS }, client))
  return answers
}

async function atRate(
  tokens: readonly string[],
  perSecond: number,
  ask: (token: string) => Promise<Answer>,
): Promise<readonly Answer[]> {
  const begun = performance.now()
  const asked: Promise<Answer>[] = []
  while (asked.length < tokens.length) {
    const due = ((performance.now() - begun) / 1_000) * perSecond
    while (asked.length < Math.min(due, tokens.length)) asked.push(ask(tokens[asked.length] ?? ''))
    await pause(TICK_MS)
  }
  return Promise.all(asked)
}
