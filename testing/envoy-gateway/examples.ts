import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { documentsIn, manifestsOf } from '../cluster/example.ts'
import { textAt } from '../json.ts'
import { type Example, listenerOf, type Row } from '../scenario/data.ts'
import { positionAt } from '../scenario/source.ts'
import { GRPC_PORT, routeOf, servicesOf } from './kserve-routes.ts'
import { aBackend, gatewayObjects, withBackends } from './objects.ts'

/** The HTTPRoutes that KServe makes for the InferenceServices of an example. */
export async function routesOf(example: string): Promise<readonly object[]> {
  const documents = await documentsIn(await manifestsOf(example))
  return documents.filter((each) => textAt(each, 'kind') === 'InferenceService').map(routeOf)
}

/** Adds routes to the manifests of a copied example, which the service reads. */
export const writeRoutes = (folder: string, routes: readonly object[]) =>
  writeFile(
    path.join(folder, 'manifests/routes.yaml'),
    routes.map((route) => JSON.stringify(route)).join('\n---\n'),
  )

type Ports = { readonly authz: number; readonly http: number; readonly grpc: number }

/** The objects that Envoy Gateway needs for these routes to one pod. */
export const objectsFor = async (routes: readonly object[], { authz, http, grpc }: Ports) => [
  ...(await gatewayObjects(authz)),
  ...routes.map(withBackends),
  ...servicesOf(routes).map(({ namespace, name, port }) =>
    port === GRPC_PORT
      ? aBackend(namespace, `${name}-${port}`, grpc, ['gateway.envoyproxy.io/h2c'])
      : aBackend(namespace, `${name}-${port}`, http),
  ),
]

/** The rows of an example, with only the steps at a gateway without mutual TLS. */
export function rowsAtGateway(example: Example): readonly Row[] {
  const isHere = (name: string) => {
    const { address, mtls } = listenerOf(example, name)
    return positionAt(address) === 'gateway' && mtls === undefined
  }
  const rows = example.rows.map((row): Row => {
    const steps = row.steps.flatMap((step): Row['steps'] => {
      if (!('send' in step)) return [step]
      const at = [step.at].flat().filter(isHere)
      const { meanwhile, ...rest } = step
      if (at.length === 0) return []
      return [meanwhile === undefined || isHere(meanwhile.at) ? { ...step, at } : { ...rest, at }]
    })
    return { ...row, steps }
  })
  return rows.filter(({ steps }) => steps.some((step) => 'send' in step))
}
