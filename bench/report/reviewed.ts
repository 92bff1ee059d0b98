import type { Reviewed } from '../measure/reviews.ts'
import { ratios, type Spread, spread } from '../measure/statistics.ts'

export const titleOf = ({ load }: Reviewed): string =>
  `new ServiceAccount token, ${load.connections * load.streams} in flight, latency as well`

/** The checks per second of the service, relative to those of the client that only asks. */
export const reachedOf = ({ service, alone }: Reviewed): Spread =>
  spread(
    ratios(
      service.map(({ checksPerSecond }) => checksPerSecond),
      alone.map(({ checksPerSecond }) => checksPerSecond),
    ),
  )
