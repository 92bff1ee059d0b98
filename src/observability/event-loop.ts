// The metric of the event loop's delay.

import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Gauge, type Registry } from 'prom-client'

/** Sampling interval of the event loop, in milliseconds. */
const LOOK_MS = 10
/** The metric covers the last one to two windows, so that scrapers do not reset it for each other. */
const WINDOW_MS = 60_000

type Looks = ReturnType<typeof monitorEventLoopDelay>

/** Measures how late the event loop runs. */
export function measureEventLoop(registry: Registry) {
  let [older, newer] = [watch(), watch()]
  setInterval(() => {
    older.reset()
    ;[older, newer] = [newer, older]
  }, WINDOW_MS).unref()

  const delay: Gauge<'quantile'> = new Gauge({
    name: 'kserve_authz_event_loop_delay_seconds',
    help: 'Delay of the event loop during the last one to two minutes.',
    labelNames: ['quantile'],
    registers: [registry],
    collect: () => {
      delay.set({ quantile: '0.5' }, late(older, older.percentile(50)))
      delay.set({ quantile: '0.99' }, late(older, older.percentile(99)))
      delay.set({ quantile: 'max' }, late(older, older.max))
    },
  })
}

function watch(): Looks {
  const looks = monitorEventLoopDelay({ resolution: LOOK_MS })
  looks.enable()
  return looks
}

/** Node records the time between two samples, not the delay. */
const late = ({ count }: Looks, nanoseconds: number): number =>
  count === 0 ? 0 : Math.max(0, nanoseconds / 1e9 - LOOK_MS / 1e3)
