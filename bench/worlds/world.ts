import { hash } from 'node:crypto'

/** The objects that the service reads, and its configuration. */
export type World = {
  readonly name: string
  readonly services: number
  /** API keys, each of one service. */
  readonly keys: number
  /** Rules that allow, in an AccessPolicy of the protected model; 0: there is none and RBAC decides. */
  readonly rules: number
  readonly decisionLog: 'all' | 'off'
  /** Where the service reads its objects: files, or a real API server. */
  readonly source: 'folder' | 'cluster'
}

/** A model of a world; the first one is open, all others are protected. */
export type Model = {
  readonly index: number
  readonly namespace: string
  readonly name: string
}

/** The port on which models listen. */
export const PORT = 8080

const PER_NAMESPACE = 50

export const modelAt = (index: number): Model => ({
  index,
  namespace: `bench-${Math.floor(index / PER_NAMESPACE)}`,
  name: `sklearn-iris-${index}`,
})

export const OPEN_MODEL = modelAt(0)

/** The protected model that requests go to: neither the first nor the last. */
export const protectedModel = ({ services }: World): Model => modelAt(Math.ceil(services / 2))

/** The address of a model's pod. */
export const addressOf = ({ index }: Model): string => `10.244.${index >> 8}.${index & 0xff}`

/** The text of a key; keys are dealt to the protected models in turn. */
export const keyAt = (index: number): string => hash('sha256', `key ${index}`, 'base64url')

export const modelOfKey = (index: number, { services }: Pick<World, 'services'>): Model =>
  modelAt(1 + (index % (services - 1)))

/** The number of a key of this model that is neither among the first nor among the last. */
export function keyNumberOf(model: Model, { services, keys }: World): number {
  const period = services - 1
  const turns = Math.max(1, Math.floor(keys / period))
  return Math.floor(turns / 2) * period + model.index - 1
}
