import { at, listAt, textAt } from '../json.ts'
import type { Asking } from './answers.ts'
import { reachedBy } from './reached.ts'
import type { Asked } from './requests.ts'
import type { Row } from './rows.ts'
import { idOf, type Snapshot } from './snapshot.ts'

/**
 * What is wrong with the answer to a request. Every service it reaches must be a target. If a route or a status
 * promises it, it must be allowed, and no service of another row may be a target.
 */
export async function disagreement(
  snapshot: Snapshot,
  { objects }: Row,
  asked: Asked,
  { ask }: Pick<Asking, 'ask'>,
): Promise<object | undefined> {
  const reached = reachedBy(snapshot, asked)
  const { answer, targets } = await ask(asked)
  const own = new Set(objects.map(idOf))
  const foreign = new Set(snapshot.llmInferenceServices.filter(mayTakeAny).map(idOf))
  const told = (what: string) => ({ what, asked, reached, answer, targets })
  if (answer === 'allow') {
    if (!reached.every((id) => targets.includes(id))) return told('reached without being a target')
    const others = targets.filter((id) => !reached.includes(id) && !own.has(id) && !foreign.has(id))
    return asked.origin === 'odd' || others.length === 0 || asked.host === SHARED
      ? undefined
      : told('a target that is not reached')
  }
  if (asked.origin === 'odd' || reached.length === 0 || isUnpromised(asked)) return undefined
  return told('reached, but denied')
}

/**
 * Whether it may be a target of any request: the service does not read the matches of a referenced HTTPRoute, and the
 * asking gateway is not known here.
 */
function mayTakeAny(service: unknown): boolean {
  const route = at(service, 'spec', 'router', 'route', 'http')
  const takesEveryPath = listAt(route, 'spec', 'rules').some((rule) =>
    listAt(rule, 'matches').some((match) => textAt(match, 'path', 'value') === '/'),
  )
  const isNamed = listAt(route, 'spec', 'hostnames').length > 0
  return listAt(route, 'refs').length > 0 || (takesEveryPath && !isNamed)
}

/**
 * With a `pathTemplate` and the Gateway API each InferenceService gets a route with every path of the ingress
 * domain, and the oldest of them wins (kserve/kserve#5384): all are targets.
 */
const SHARED = 'example.com'

/** By a model header alone only the root and the paths of model APIs are allowed. */
const isUnpromised = ({ path }: Asked): boolean => path === '/some/path'
