import type { Look, Reviewed, Reviews } from '../measure/reviews.ts'
import { spread } from '../measure/statistics.ts'
import { reach } from './markdown.ts'
import { reachedOf, titleOf } from './reviewed.ts'

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
export const reviewsRows = (
  { rows }: Reviews,
  goalsOf: (title: string) => string = () => '',
): readonly (readonly string[])[] => rows.map((row) => rowOf(row, goalsOf(titleOf(row))))

function rowOf(reviewed: Reviewed, goals: string): readonly string[] {
  const { alone, service } = reviewed
  const of = (looks: readonly Look[], read: (look: Look) => number) => spread(looks.map(read))
  const speed = (looks: readonly Look[]) =>
    reach(
      of(looks, (look) => look.checksPerSecond),
      0,
    )
  const cpu = (looks: readonly Look[]) => mean(looks.map((look) => look.cpuMicroseconds))
  const waits = [(look: Look) => look.p50Ms, (look: Look) => look.p99Ms].flatMap((read) =>
    [service, alone].map((looks) => of(looks, read).median.toFixed(3)),
  )
  return [
    titleOf(reviewed),
    `**${(cpu(service) / cpu(alone)).toFixed(2)}**`,
    cpu(service).toFixed(1),
    cpu(alone).toFixed(1),
    reach(reachedOf(reviewed), 2),
    speed(service),
    speed(alone),
    ...waits,
    '',
    '',
    goals,
  ]
}

/** /proc counts in hundredths of a second, which is too coarse for one slice. */
const mean = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / values.length
