// The model names of an LLMInferenceService.

import { isStopped } from './deployment-mode.ts'
import type { LlmConfig } from './llm-config.ts'
import { type KubernetesObject, listAt, textAt } from './object.ts'
import type { Raise } from './problem.ts'
import { pathRoute } from './routes.ts'
import { MAX_URLS } from './status-urls.ts'

/** Further model names of one service are ignored: requests for them are denied. */
export const MAX_MODELS = 512
/** Longest name, in characters: no path of the Gateway API has a longer one. */
export const MAX_MODEL_NAME = 1_024

/** The models of an LLMInferenceService, as paths and as values of the model header. */
export type Models = { readonly paths: readonly string[]; readonly names: readonly string[] }

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
  const listed = listedIn(content)
  const written = [
    ...new Set([
      ...[model, ...adapters].map((each) => `${own}${each}`),
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
  return { paths: readable, names: known }
}

const nameIn = (text: string, own: string): string =>
  text.startsWith(own) ? text.slice(own.length) : text

/** Further entries of all addresses are ignored: they repeat each other. */
export const MAX_LISTED = 4_096

function listedIn(content: unknown): readonly string[] {
  const names: string[] = []
  let seen = 0
  for (const address of listAt(content, 'status', 'addresses').slice(0, MAX_URLS)) {
    for (const entry of listAt(address, 'models')) {
      seen += 1
      if (seen > MAX_LISTED) return names
      const name = textAt(entry, 'name')
      if (name !== undefined && name !== '') names.push(name)
    }
  }
  return names
}
