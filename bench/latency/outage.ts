import { setTimeout as delay } from 'node:timers/promises'
import { verdictOf } from '../../testing/cluster/asking.ts'
import { keySecret } from '../../testing/cluster/objects.ts'
import type { World } from './changes.ts'
import { percentile } from './table.ts'

const AWAY_MS = 30_000
const KEY = 'a-key-through-the-outage'

/** The API server is unavailable for half a minute, under load. */
export async function measureOutage({ cluster, service }: World) {
  await cluster.create(keySecret('team', 'reader', KEY))
  const ask = (token: string) => verdictOf(service.gateway, { token })
  while ((await ask(KEY)) !== 'allow') await delay(10)
  const load = startLoad(ask)
  await cluster.stopApiServer()
  await delay(AWAY_MS)
  await cluster.startApiServer()
  await cluster.create(keySecret('team', 'later', `${KEY}-later`))
  const back = performance.now()
  while ((await ask(`${KEY}-later`)) !== 'allow') await delay(5)
  const recovered = performance.now() - back
  const { waits, wrong } = await load.stop()
  const facts = [
    ['checks during 30 s without API server', String(waits.length)],
    ['wrong answers', String(wrong)],
    [
      'p50, p99, max of these checks in ms',
      [0.5, 0.99, 1].map((part) => percentile(waits, part).toFixed(2)).join(', '),
    ],
    ['first change after the outage took effect after, in ms', recovered.toFixed(0)],
  ] as const
  return { facts, good: wrong === 0 && waits.length > 0 }
}

/** Alternates between a request that must be allowed and one that must be denied. */
function startLoad(ask: (token: string) => Promise<string>) {
  const waits: number[] = []
  let wrong = 0
  let stopped = false
  const run = async (token: string, verdict: string) => {
    while (!stopped) {
      const begun = performance.now()
      if ((await ask(token)) !== verdict) wrong += 1
      waits.push(performance.now() - begun)
    }
  }
  const running = Promise.all([run(KEY, 'allow'), run(`${KEY}-other`, 'unknown-api-key')])
  return {
    stop: async () => {
      stopped = true
      await running
      return { waits, wrong }
    },
  }
}
