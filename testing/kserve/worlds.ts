import { GENERATIVE } from './generative.ts'
import { PREDICTIVE } from './predictive.ts'
import type { KserveSettings } from './programs.ts'
import type { Row } from './rows.ts'

type Setup = {
  readonly title: string
  readonly settings: KserveSettings
  readonly rows: readonly Row[]
  /** Whether a folder with its export is asked as well. */
  readonly dumped?: boolean
}

const STANDARD = { defaultDeploymentMode: 'Standard' }
const INGRESS = { disableIstioVirtualHost: true, ingressClassName: 'example' }

/** How KServe is configured, and the services of each configuration. */
export const WORLDS: readonly Setup[] = [
  {
    title: 'with the Gateway API',
    settings: {
      deploy: STANDARD,
      ingress: { ...INGRESS, enableGatewayApi: true, additionalIngressDomains: ['example.org'] },
    },
    rows: [...PREDICTIVE, ...GENERATIVE],
    dumped: true,
  },
  {
    title: 'with the Gateway API, paths in place of hosts, and a model header of its own',
    settings: {
      deploy: STANDARD,
      ingress: {
        ...INGRESS,
        enableGatewayApi: true,
        pathTemplate: '/serving/{{ .Namespace }}/{{ .Name }}',
        modelBasedRoutingHeaderName: 'x-ai-eg-model',
      },
    },
    rows: [...PREDICTIVE, ...GENERATIVE.slice(0, 8)],
  },
  {
    title: 'with Ingress',
    settings: {
      deploy: STANDARD,
      ingress: { ...INGRESS, enableGatewayApi: false, additionalIngressDomains: ['example.org'] },
    },
    rows: PREDICTIVE,
  },
]
