import type { Look, Reviewed, Reviews } from '../measure/reviews.ts'
import { ratios, spread } from '../measure/statistics.ts'

/** How tokens that are new were looked up, and what stands for the null server in these rows. */
export const reviewsText = ({
  otherwise,
  tokenReviewsPerCheck,
  accessReviewsPerCheck,
}: Reviews): string =>
  `New ServiceAccount tokens: with an etcd and a kube-apiserver on the core of the load. In place of the null server, a client on the servers'
core asks for both reviews and does nothing else. A check of the service: ${tokenReviewsPerCheck.toFixed(2)} TokenReviews and ${accessReviewsPerCheck.toFixed(2)} SubjectAccessReviews, as
the API server counts them. Answers that did not let them through: ${otherwise || 'none'}.`

/** Rows of the table of results. */
export const reviewsRows = ({ rows }: Reviews): readonly (readonly string[])[] => rows.map(rowOf)

function rowOf({ load, alone, service }: Reviewed): readonly string[] {
  const speed = (look: Look) => look.checksPerSecond
  const [own, floor] = [service.map(speed), alone.map(speed)]
  const cpu = (looks: readonly Look[]) => mean(looks.map((look) => look.cpuMicroseconds))
  const median = (looks: readonly Look[], read: (look: Look) => number) =>
    spread(looks.map(read)).median.toFixed(3)
  const [p50, p99] = [(look: Look) => look.p50Ms, (look: Look) => look.p99Ms]
  return [
    `new ServiceAccount token, ${load.connections * load.streams} under way, latency as well`,
    reach(ratios(own, floor), 2, '**'),
    reach(own, 0),
    reach(floor, 0),
    cpu(service).toFixed(1),
    cpu(alone).toFixed(1),
    (cpu(service) / cpu(alone)).toFixed(2),
    median(service, p50),
    median(alone, p50),
    median(service, p99),
    median(alone, p99),
    '',
    '',
    '',
  ]
}

function reach(values: readonly number[], digits: number, mark = ''): string {
  const { median, min, max } = spread(values)
  return `${mark}${median.toFixed(digits)}${mark} [${min.toFixed(digits)}-${max.toFixed(digits)}]`
}

/** /proc counts in hundredths of a second, which is too coarse for one slice. */
const mean = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / values.length
