import type { Written } from '../../testing/cluster/client.ts'

type Row = readonly [title: string, object: Written]

const llm = (http: object, kind = 'LLMInferenceService'): Written => ({
  apiVersion: 'serving.kserve.io/v1alpha2',
  kind,
  metadata: { namespace: 'team', name: 'tried' },
  spec: { model: { uri: 'hf://acme/any' }, router: { route: { http } } },
})

const backendRefs = [{ name: 'any', port: 8000 }]
const rules = (...paths: readonly object[]) => [
  { backendRefs, matches: paths.map((path) => ({ path })) },
]
const prefix = (value: string) => ({ type: 'PathPrefix', value })

export const REFUSED_LLMS = {
  'llm-routes.kserve-authz.io': [
    ...['/', '/v1', '/v1/completions', '/openai/v1', '/tokenize'].map(
      (path): Row => [path, llm({ spec: { rules: rules(prefix(path)) } })],
    ),
    ['a rule for every path', llm({ spec: { rules: [{ backendRefs }] } })],
    [
      'a path of its own and another',
      llm({ spec: { rules: rules(prefix('/own'), prefix('/v1')) } }),
    ],
    [
      'a regular expression',
      llm({ spec: { rules: rules({ type: 'RegularExpression', value: '/own/.*' }) } }),
    ],
    [
      'a configuration for services',
      llm({ spec: { rules: rules(prefix('/')) } }, 'LLMInferenceServiceConfig'),
    ],
  ] satisfies readonly Row[],
}

export const TAKEN_LLMS: readonly Row[] = [
  ['LLM with its own path', llm({ spec: { rules: rules(prefix('/team/own')) } })],
  ['LLM with a similar path', llm({ spec: { rules: rules(prefix('/v1-of-team')) } })],
  [
    'LLM with hostnames',
    llm({ spec: { hostnames: ['llm.example.org'], rules: rules(prefix('/')) } }),
  ],
  ['LLM without its own route', llm({})],
  ['LLM with routes by reference', llm({ refs: [{ name: 'mine' }] })],
]
