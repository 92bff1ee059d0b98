import type { Look, Reviewed, Reviews } from '../measure/reviews.ts'
import { ratios, spread } from '../measure/statistics.ts'
import { table } from './table.ts'

const HEAD = ['under way', 'who asks', 'checks/s', 'p50 ms', 'p99 ms', 'CPU us']

/** The cost of checks with tokens that are not cached, compared with the two reviews that each needs. */
export function reviewsReport(reviews: Reviews): string {
  const { otherwise, tokenReviewsPerCheck, accessReviewsPerCheck } = reviews
  return `ServiceAccount tokens that are new, with an etcd and a kube-apiserver on the core of the load. A check of the service: ${tokenReviewsPerCheck.toFixed(2)} TokenReviews
and ${accessReviewsPerCheck.toFixed(2)} SubjectAccessReviews, as the API server counts them.
Answers that did not let them through: ${otherwise || 'none'}. Alone: a client on the servers' core that asks for both and does nothing else.

${table([HEAD, ...reviews.rows.flatMap(rowsOf)])}`
}

function rowsOf({ load, alone, service }: Reviewed): readonly (readonly string[])[] {
  const underWay = String(load.connections * load.streams)
  const speed = (look: Look) => look.checksPerSecond
  const ratio = spread(ratios(service.map(speed), alone.map(speed))).median
  return [
    [underWay, 'both reviews alone', ...cellsOf(alone)],
    [underWay, `kserve-authz (${ratio.toFixed(2)} of that)`, ...cellsOf(service)],
  ]
}

function cellsOf(looks: readonly Look[]): readonly string[] {
  const { median, min, max } = spread(looks.map((look) => look.checksPerSecond))
  return [
    `${median.toFixed(0)} [${min.toFixed(0)}-${max.toFixed(0)}]`,
    spread(looks.map((look) => look.p50Ms)).median.toFixed(2),
    spread(looks.map((look) => look.p99Ms)).median.toFixed(2),
    mean(looks.map((look) => look.cpuMicroseconds)).toFixed(0),
  ]
}

/** /proc counts hundredths of a second, which is too coarse for one slice. */
const mean = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / values.length
