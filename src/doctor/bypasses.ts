// What lets requests to a pod bypass its sidecar.

import { type KubernetesObject, listAt, textAt, valueAt } from '../resources/object.ts'

const TRAFFIC = 'traffic.sidecar.istio.io/'
const INCLUDED = `${TRAFFIC}includeInboundPorts`
const EXCLUDED = `${TRAFFIC}excludeInboundPorts`
const STATUS_PORT = 'status.sidecar.istio.io/port'
const MODE = 'sidecar.istio.io/interceptionMode'

/** Annotations that no pod of a model needs: any value changes what the sidecar sees. */
const INTERFACES = [
  `${TRAFFIC}excludeInterfaces`,
  `${TRAFFIC}kubevirtInterfaces`,
  'istio.io/reroute-virtual-interfaces',
]

/** Ports of the sidecar itself, and none. */
const OF_SIDECAR: ReadonlySet<string> = new Set(['15020', '15021', '15090', '0'])
const REDIRECTING: ReadonlySet<string> = new Set(['REDIRECT', 'TPROXY'])
const ISTIO = /^istio-/

/** Sentences about a pod, one for each cause. */
export function bypassesOf(pod: KubernetesObject): readonly string[] {
  const { annotations } = pod
  const ports = portsOf(pod)
  const byAnnotation = (key: string, described: (value: string) => string | undefined) => {
    const value = annotations.get(key)
    const what = value === undefined ? undefined : described(value)
    return what === undefined ? [] : [`${what}, by the annotation ${key}`]
  }
  const init = argumentsOf(pod)
  const byArgument = (flag: string, described: (value: string) => string | undefined) => {
    const value = init.get(flag)
    const what = value === undefined ? undefined : described(value)
    return what === undefined ? [] : [`${what}, by the argument ${flag} of istio-init`]
  }
  const excluded = (value: string) => listed(value, ports)
  const included = (value: string) => others(value, ports)
  const found = [
    ...byAnnotation(EXCLUDED, excluded),
    ...byAnnotation(INCLUDED, included),
    ...byAnnotation(STATUS_PORT, excluded),
    ...byAnnotation(MODE, (mode) => (REDIRECTING.has(mode.trim()) ? undefined : EVERY)),
    ...INTERFACES.flatMap((key) => byAnnotation(key, () => 'has connections that bypass it')),
  ]
  // Istio makes the arguments of annotations, and of the settings of the whole mesh.
  return found.length > 0
    ? found
    : [
        ...byArgument('-d', excluded),
        ...byArgument('-b', included),
        ...byArgument('-m', (mode) => (REDIRECTING.has(mode) ? undefined : EVERY)),
      ]
}

const EVERY = 'has no port that is redirected to the sidecar'

/** The ports that containers declare, with their names. */
const portsOf = ({ content }: KubernetesObject): ReadonlyMap<string, string> =>
  new Map(
    listAt(content, 'spec', 'containers')
      .filter((container) => !ISTIO.test(textAt(container, 'name') ?? ''))
      .flatMap((container) =>
        listAt(container, 'ports').map(
          (each) =>
            [String(valueAt(each, 'containerPort')), textAt(container, 'name') ?? ''] as const,
        ),
      ),
  )

const inWords = (port: string, ports: ReadonlyMap<string, string>) => {
  const owner = ports.get(port)
  return owner === undefined ? port.slice(0, 5) : `${port} of ${owner}`
}

const partsOf = (list: string): readonly string[] =>
  list
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')

/** Ports of a list that are excluded. */
function listed(list: string, ports: ReadonlyMap<string, string>): string | undefined {
  const open = partsOf(list).filter((port) => !OF_SIDECAR.has(port))
  if (open.length === 0) return undefined
  return `has the port ${open.map((port) => inWords(port, ports)).join(', ')} excluded from the sidecar`
}

/** Ports that are not in a list of those to redirect. */
function others(list: string, ports: ReadonlyMap<string, string>): string | undefined {
  const parts = partsOf(list)
  if (parts.includes('*')) return undefined
  const open = [...ports.keys()].filter((port) => !parts.includes(port))
  const named = open.map((port) => inWords(port, ports)).join(', ')
  const but = parts.length === 0 ? '' : ` but ${parts.join(', ')}`
  return `has every port${but} excluded from the sidecar${named === '' ? '' : `, such as ${named}`}`
}

/** The arguments of the container that redirects connections. */
function argumentsOf({ content }: KubernetesObject): ReadonlyMap<string, string> {
  const init = listAt(content, 'spec', 'initContainers').find(
    (container) => textAt(container, 'name') === 'istio-init',
  )
  const words = [...listAt(init, 'command'), ...listAt(init, 'args')].map(String)
  return new Map(
    words.flatMap((word, index) => {
      const next = words[index + 1]
      return word.startsWith('-') && next !== undefined ? [[word, next] as const] : []
    }),
  )
}

/** Annotations by which another program, control plane or configuration is the sidecar. */
const PROGRAM = [
  'proxy.istio.io/overrides',
  'sidecar.istio.io/bootstrapOverride',
  'sidecar.istio.io/discoveryAddress',
  'sidecar.istio.io/proxyImage',
  'sidecar.istio.io/userVolume',
  'sidecar.istio.io/userVolumeMount',
]
const CONFIG = 'proxy.istio.io/config'
/** Of ProxyConfig. */
const OTHER_PROGRAM =
  /\b(?:discoveryAddress|binaryPath|customConfigFile|proxyBootstrapTemplatePath|interceptionMode|image)\b/

/** The annotations of a pod that may make its sidecar another program, or one with other settings. */
export const changesOfSidecar = ({ annotations }: KubernetesObject): readonly string[] => [
  ...PROGRAM.filter((key) => annotations.has(key)),
  ...(OTHER_PROGRAM.test(annotations.get(CONFIG) ?? '') ? [CONFIG] : []),
]
