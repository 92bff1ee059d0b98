import type { Written } from '../cluster/client.ts'
import { llm } from './llm.ts'
import { GATEWAY, metadata, PATHS_ONLY, type Row } from './rows.ts'

const ownRoute = (name: string, spec: object): Written =>
  llm(name, {
    router: { gateway: {}, route: { http: { spec: { parentRefs: [parent(GATEWAY)], ...spec } } } },
  })

const parent = (gateway: { readonly name: string; readonly namespace: string }) => ({
  group: 'gateway.networking.k8s.io',
  kind: 'Gateway',
  ...gateway,
})

const ownRule = (name: string, match: object) => ({
  matches: [match],
  backendRefs: [{ kind: 'Service', name: `${name}-kserve-workload-svc`, port: 8000 }],
})

/** LLMInferenceServices whose routes are not, or not only, those that KServe would create. */
export const WITH_OWN_ROUTE: readonly Row[] = [
  {
    title: 'with its own route with hostnames',
    objects: [
      ownRoute('hosted', {
        hostnames: ['hosted.example.net'],
        rules: [ownRule('hosted', { path: { type: 'PathPrefix', value: '/' } })],
      }),
    ],
  },
  {
    title: 'with its own route without hostnames',
    byStatusAlone: true,
    objects: [
      ownRoute('pathed', {
        rules: [
          ownRule('pathed', { path: { type: 'PathPrefix', value: '/my-tenant/pathed' } }),
          ownRule('pathed', {
            path: { type: 'Exact', value: '/v1/chat/completions' },
            headers: [{ type: 'Exact', name: 'x-my-model', value: 'pathed' }],
          }),
        ],
      }),
    ],
  },
  {
    title: "with hostnames in front of KServe's routes",
    objects: [ownRoute('named', { hostnames: ['named.example.net'] })],
  },
  {
    title: 'with a referenced route',
    byStatusAlone: true,
    objects: [
      {
        apiVersion: 'gateway.networking.k8s.io/v1',
        kind: 'HTTPRoute',
        metadata: metadata('team', 'foreign-route'),
        spec: {
          parentRefs: [parent(GATEWAY)],
          rules: [ownRule('referring', { path: { type: 'PathPrefix', value: '/by-reference' } })],
        },
      },
      llm('referring', { router: { route: { http: { refs: [{ name: 'foreign-route' }] } } } }),
    ],
  },
  {
    title: 'with its own route for every path',
    takesEveryPath: true,
    objects: [
      ownRoute('taker', {
        parentRefs: [parent(PATHS_ONLY)],
        rules: [ownRule('taker', { path: { type: 'PathPrefix', value: '/' } })],
      }),
    ],
  },
]
