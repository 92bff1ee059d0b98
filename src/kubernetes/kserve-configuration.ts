import { type Ingress, readIngress } from '../resources/ingress.ts'
import { textAt } from '../resources/object.ts'
import type { Problem } from '../resources/problem.ts'
import type { Keeper } from './known.ts'

export type KserveConfiguration = {
  readonly keeper: Keeper
  readonly ingress: () => Ingress | undefined
}

type ConfigurationParts = {
  readonly report: (problem: Problem) => void
  /** What it says now is not what it said before. */
  readonly changed: () => void
}

/** What KServe's own ConfigMap says of hosts; nothing where there is none. */
export function createKserveConfiguration({
  report,
  changed,
}: ConfigurationParts): KserveConfiguration {
  let text: string | undefined
  let ingress: Ingress | undefined

  const set = (next: string | undefined, content: unknown) => {
    if (next === text) return
    text = next
    const reading = readIngress(content)
    ingress = reading.ingress
    reading.problems.forEach(report)
    changed()
  }
  return {
    keeper: {
      put: ({ content }) => set(textAt(content, 'data', 'ingress'), content),
      remove: () => set(undefined, undefined),
    },
    ingress: () => ingress,
  }
}
