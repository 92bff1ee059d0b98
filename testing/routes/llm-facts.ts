import { ownRules } from './llm-own-route.ts'
import type { Backend, Gateway, Settings } from './model.ts'
import { backendOf, type Named } from './named.ts'
import type { Random } from './random.ts'

export type LlmPlaces = {
  readonly settings: Settings
  readonly random: Random
  /** Gateways of the Gateway API; the first is KServe's own. */
  readonly gateways: readonly [Gateway, ...Gateway[]]
  /** Hosts and paths of others, which a tenant may write into its own route. */
  readonly others: { readonly hosts: readonly string[]; readonly paths: readonly string[] }
}

/** The members of a group have the same model name and share its addresses. */
export type Llm = Named & { readonly group?: { readonly name: string; readonly stopped: boolean } }

export type Facts = {
  readonly llm: Llm
  readonly backend: Backend
  readonly model: string
  readonly fromBaseRef: boolean
  readonly adapters: readonly string[]
  readonly parents: readonly Gateway[]
  readonly hostnames: readonly string[]
  readonly own: ReturnType<typeof ownRules> | undefined
  readonly byReference: boolean
}

const MODELS = ['acme/opt-small', 'chat-8b', 'org/team/llama', 'qwen'] as const
const ADAPTERS = ['adapter-1', 'sql-lora', 'acme/lora'] as const

/** The properties of an LLMInferenceService; its objects, routes and requests follow from them. */
export function factsOf(llm: Llm, { random, gateways, others }: LlmPlaces): Facts {
  const inGroup = llm.group !== undefined
  const isOwn = !inGroup && random.chance(0.4)
  const fromBaseRef = !inGroup && random.chance(0.3)
  const named = random.chance(0.7) || fromBaseRef
  const parents = random.chance(0.25) ? gateways : [random.pick(gateways)]
  const hostile = random.chance(0.12) ? random.pick(others.hosts) : undefined
  const proper = `${llm.name}.${llm.namespace}.models.example.net`
  const hostnames = hostile !== undefined ? [hostile] : random.chance(0.25) ? [proper] : []
  const model = llm.group?.name ?? (named ? random.pick(MODELS) : llm.name)
  return {
    llm,
    backend: backendOf('LLMInferenceService', llm),
    model,
    fromBaseRef,
    adapters: inGroup ? [] : random.some(ADAPTERS, 0.35),
    parents,
    hostnames: inGroup ? [] : hostnames,
    own: isOwn ? ownRules(llm, random, others.paths) : undefined,
    byReference: isOwn && random.chance(0.2),
  }
}

export const publisher = ({ llm }: Facts, model: string) =>
  `publishers/${llm.namespace}/models/${model}`

/** The hosts in a status, each of a gateway. */
export const placesOf = ({ parents, hostnames }: Facts) =>
  parents.flatMap((gateway) => {
    const [listener = '*'] = gateway.hostnames
    // KServe reads the first listener only.
    const own = listener === '*' ? gateway.address : listener.replace('*', 'inference')
    return (hostnames.length > 0 ? hostnames : [own]).map((host) => ({ host, gateway }))
  })

export const hostsOf = (facts: Facts): readonly string[] => [
  ...new Set(placesOf(facts).map(({ host }) => host)),
]
