// The model names of an LLMInferenceService.

import type { ModelRoutes } from '../access/service.ts'
import { isStopped } from './deployment-mode.ts'
import type { LlmConfig } from './llm-config.ts'
import { type KubernetesObject, listAt, textAt } from './object.ts'
import type { Raise } from './problem.ts'
import { pathRoute } from './routes.ts'
import { isModelRouting, MAX_URLS } from './status-urls.ts'

/** Further model names of one service are ignored: requests for them are denied. */
export const MAX_MODELS = 512
/** Longest name, in characters: no path of the Gateway API has a longer one. */
export const MAX_MODEL_NAME = 1_024

/** The models of an LLMInferenceService, as paths and as values of the model header. */
export type Models = {
  readonly paths: readonly string[]
  readonly names: readonly string[]
  readonly routes?: ModelRoutes
}

const NONE: Models = { paths: [], names: [] }

/**
 * Reads the model names that KServe publishes for a service: the model (default: the service's name), its
 * LoRA adapters, and those in its status. A stopped service has no such route; other members of its routing
 * group have.
 */
export function readModels(
  object: KubernetesObject,
  { model = object.name, adapters }: LlmConfig,
  raise: Raise,
): Models {
  if (isStopped(object)) return NONE
  const { namespace, content } = object
  const own = `publishers/${namespace}/models/`
  const { names: listed, byHeader } = listedIn(content)
  const configured = [model, ...adapters].map((each) => `${own}${each}`)
  const written = [
    ...new Set([
      ...configured,
      ...listed.filter((each) => !each.startsWith('publishers/') || each.startsWith(own)),
    ]),
  ]
  const names = written.filter((each) => nameIn(each, own).length <= MAX_MODEL_NAME)
  if (names.length < written.length) {
    raise(
      'UnreadableModelName',
      `a model name is longer than ${MAX_MODEL_NAME} characters: requests for it are denied`,
    )
  }
  if (names.length > MAX_MODELS) {
    raise('TooManyModels', `it has too many models: only ${MAX_MODELS} of their names are known`)
  }
  const known = names.slice(0, MAX_MODELS)
  const paths = known.filter((each) => each.startsWith(own)).map((each) => `/${each}`)
  const readable = paths.filter((path) => pathRoute(path) !== undefined)
  if (readable.length < paths.length) {
    raise(
      'UnreadableModelName',
      'a model name cannot be part of a path: it is not served under /publishers/',
    )
  }
  return { paths: readable, names: known, ...routesOf(configured, byHeader) }
}

/**
 * The routes by model header that the status shows: it has an address for them. Since KServe 0.20 this address lists
 * their models; before, they are those of the service.
 */
function routesOf(
  configured: readonly string[],
  byHeader: ReadonlySet<string> | undefined,
): Pick<Models, 'routes'> {
  if (byHeader === undefined) return {}
  const messages = byHeader.size > 0
  const models = messages ? configured.filter((each) => byHeader.has(each)) : configured
  return { routes: { models: new Set(models), messages } }
}

const nameIn = (text: string, own: string): string =>
  text.startsWith(own) ? text.slice(own.length) : text

/** Further entries of all addresses are ignored: they repeat each other. */
export const MAX_LISTED = 4_096

type Listed = {
  /** The models of all addresses. */
  readonly names: readonly string[]
  /** The models of the addresses for routing by model header; `undefined`: there is no such address. */
  readonly byHeader: ReadonlySet<string> | undefined
}

function listedIn(content: unknown): Listed {
  const names: string[] = []
  let byHeader: Set<string> | undefined
  let seen = 0
  for (const address of listAt(content, 'status', 'addresses').slice(0, MAX_URLS)) {
    const isByHeader = isModelRouting(textAt(address, 'name'))
    if (isByHeader) byHeader ??= new Set()
    for (const entry of listAt(address, 'models')) {
      seen += 1
      if (seen > MAX_LISTED) return { names, byHeader }
      const name = textAt(entry, 'name')
      if (name === undefined || name === '') continue
      names.push(name)
      if (isByHeader) byHeader?.add(name)
    }
  }
  return { names, byHeader }
}
