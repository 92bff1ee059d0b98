import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { callsDuring, statusOf, type Verdict, verdictOf } from '../../../testing/cluster/asking.ts'
import { newTokens, type TokenCluster } from '../../../testing/cluster/token-cluster.ts'
import { boundClaims, signed } from '../../../testing/cluster/tokens.ts'
import { quantiles, row, tally } from './table.ts'

const SECONDS = 10
/** The rate of garbage: four times the limit of its service. */
const PER_SECOND = 200

/**
 * Callers with cached and with new tokens: alone, during a flood of mistyped keys, and during a flood of forged
 * tokens.
 */
export async function garbageBesideCallers(cluster: TokenCluster): Promise<boolean> {
  const service = await cluster.serve()
  const newToken = await newTokens(cluster)
  const known = newToken()
  const ask = (token: string) => verdictOf(service.gateway, { token })
  await ask(known)
  let good = true
  row(
    'beside',
    'their verdicts',
    'their TokenReviews',
    'callers with',
    'verdicts',
    'p50 ms',
    'p99 ms',
  )
  for (const [beside, make] of FLOODS) {
    const garbage = make === undefined ? [] : Array.from({ length: SECONDS * PER_SECOND }, make)
    const running = runningFor(SECONDS * 1_000)
    const callers = [
      caller('a cached token', ask, () => known, running),
      caller('new tokens', ask, newToken, running),
    ] as const
    let answers: readonly Verdict[] = []
    const { tokenReviews } = await callsDuring(cluster, async () => {
      const work = callers.map(({ run }) => run())
      answers = await flood(garbage, ask)
      await Promise.all(work)
    })
    const others = tokenReviews - callers[1].verdicts.length
    for (const { kind, verdicts, waits } of callers) {
      const [p50, p99] = quantiles(waits)
      const times = [p50, p99].map((ms) => ms.toFixed(2))
      row(beside, tally(answers), others, kind, tally(verdicts), ...times)
      good &&= verdicts.every((verdict) => ![401, 403].includes(statusOf(verdict)))
    }
  }
  return good
}

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const text = () => randomBytes(16).toString('hex')

/** A token with the right form, issuer, audience and time, signed with an unknown key. */
const nobodys = () =>
  signed({ alg: 'ES256', kid: text() }, boundClaims('team', 'reader', 'no-uid'), privateKey)

const FLOODS: readonly (readonly [title: string, make: (() => string) | undefined])[] = [
  ['nobody', undefined],
  [`${PER_SECOND} mistyped keys a second`, text],
  [`${PER_SECOND} forged tokens a second`, nobodys],
]

const runningFor = (ms: number) => {
  const end = performance.now() + ms
  return () => performance.now() < end
}

/** At a constant rate, whether answers arrive or not. */
async function flood(
  tokens: readonly string[],
  ask: (token: string) => Promise<Verdict>,
): Promise<readonly Verdict[]> {
  const begun = performance.now()
  const asked: Promise<Verdict>[] = []
  for (const token of tokens) {
    const due = begun + (asked.length * 1_000) / PER_SECOND
    await pause(Math.max(0, due - performance.now()))
    asked.push(ask(token))
  }
  return Promise.all(asked)
}

/** Asks at most a hundred times a second. */
function caller(
  kind: string,
  ask: (token: string) => Promise<Verdict>,
  token: () => string,
  running: () => boolean,
) {
  const verdicts: Verdict[] = []
  const waits: number[] = []
  const run = async () => {
    while (running()) {
      const begun = performance.now()
      verdicts.push(await ask(token()))
      waits.push(performance.now() - begun)
      await pause(10)
    }
  }
  return { kind, verdicts, waits, run }
}
