import { type Facts, type LlmPlaces, publisher } from './llm-facts.ts'
import { EXACT, type Match, PREFIX, type Route, type Settings, type Trait } from './model.ts'

const traitsOf = ({ hostnames, llm }: Facts): readonly Trait[] => [
  ...(hostnames.length === 0 ? (['no hostnames'] as const) : []),
  ...(hostnames.length > 0 && !hostnames[0]?.endsWith('.models.example.net')
    ? (['hostile host'] as const)
    : []),
  ...(llm.group === undefined ? [] : (['group'] as const)),
]

const PATHS = ['/v1/completions', '/v1/chat/completions', '/v1/responses', '/v1/messages'] as const

export function routesOf(facts: Facts, { settings }: LlmPlaces): readonly Route[] {
  const { llm, backend, parents, hostnames, own, byReference, fromBaseRef } = facts
  const common = {
    source: 'HTTPRoute',
    gateways: parents.map(({ id }) => id),
    hostnames,
    backends: [backend],
  } as const
  const traits = traitsOf(facts)
  if (llm.group?.stopped === true) return []
  if (own !== undefined) {
    const kind = byReference ? 'route by reference' : 'own route'
    return own.map(({ matches, hostile }) => ({
      ...common,
      kind,
      matches,
      traits: hostile ? [...traits, 'hostile path'] : traits,
    }))
  }
  const root = `/${llm.namespace}/${llm.name}`
  const named: readonly Trait[] = fromBaseRef ? [...traits, 'baseRef'] : traits
  const byPath = [...PATHS.map((path) => PREFIX(root + path)), PREFIX(root)]
  const main = publisher(facts, facts.model)
  const byPublisher = [...PATHS.map((path) => PREFIX(`/${main}${path}`)), PREFIX(`/${main}`)]
  return [
    { ...common, kind: 'path of an LLM', matches: byPath, traits },
    { ...common, kind: "publisher's path", matches: byPublisher, traits: named },
    { ...common, kind: 'model header', matches: headerMatches(facts, settings, []), traits: named },
    ...(facts.adapters.length === 0
      ? []
      : [
          {
            ...common,
            kind: 'model header' as const,
            matches: headerMatches(facts, settings, facts.adapters),
            traits: [...named, 'adapter' as const],
          },
        ]),
  ]
}

/** Headers of the model itself, or of its adapters: one each, or one pattern for all. */
function headerMatches(facts: Facts, settings: Settings, adapters: readonly string[]): Match[] {
  const names = (adapters.length === 0 ? [facts.model] : adapters).map((name) =>
    publisher(facts, name),
  )
  const values =
    settings.loraStrategy === 'regex' && adapters.length > 0
      ? [{ type: 'RegularExpression', value: `^(${names.join('|')})$` } as const]
      : names.map((value) => ({ type: 'Exact', value }) as const)
  return values.flatMap((value) => {
    const headers = [{ name: settings.modelHeader, ...value }]
    return [
      ...PATHS.flatMap((path) => [
        { ...EXACT(path), headers },
        { ...EXACT(`${path}/`), headers },
      ]),
      { ...PREFIX('/'), headers },
    ]
  })
}
