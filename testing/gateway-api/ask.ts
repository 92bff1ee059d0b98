import type { Random } from '../routes/random.ts'
import { spelledPath } from '../routes/spellings.ts'
import type { Asked, BackendRef, HttpRoute, Service } from './model.ts'
import { HEADERS, HOSTS, METHODS, NAMESPACES, PATHS, type World } from './world.ts'

/** A request that matches some route of the world, or nearly does. */
export function aRequestFor({ routes, services }: World, random: Random): Asked {
  const aim = random.pick(routes)
  const rule = random.pick(aim?.spec.rules ?? [])
  const match = random.pick(rule?.matches ?? [])
  const cover = random.pick(services)
  const host = random.chance(0.6)
    ? hostIn(aim, random)
    : `${cover?.name}-${cover?.namespace}.example.com`
  const path = match?.path?.value.replace(/[\^$()?*.[\]+-].*/, '') || random.pick(PATHS)
  const below = random.chance(0.4) ? `${path === '/' ? '' : path}/v1/models` : path
  const spelled = random.chance(0.1) ? spelledPath(below, random) : below
  const forged = random.chance(0.15) ? [random.pick(HEADERS)] : []
  const asked = (match?.headers ?? []).map(
    ({ name, value }) => [name.toLowerCase(), value.replace('.+', 'any')] as const,
  )
  return {
    host,
    method: match?.method ?? random.pick(METHODS),
    path: random.chance(0.1) ? `${spelled}?a=b` : spelled,
    headers: Object.fromEntries([
      ...(random.chance(0.85) ? asked : []),
      ...forged.map(([name, value]) => [name, random.chance(0.2) ? `${value},other` : value]),
    ]),
    caller: random.chance(0.4) ? undefined : random.pick(NAMESPACES),
  }
}

function hostIn(route: HttpRoute | undefined, random: Random): string {
  const hostname = random.pick(route?.spec.hostnames ?? []) ?? random.pick(HOSTS)
  return hostname.replace('*', random.pick(['a', 'deep.b', 'zzz']))
}

/** The service behind a backend, as in Kubernetes; `undefined`: there is none. */
export function serviceBehind(
  { group = '', kind = 'Service', namespace, name }: BackendRef,
  { metadata }: HttpRoute,
  services: readonly Service[],
): Service | undefined {
  const where = namespace ?? metadata.namespace
  return services.find((service) => {
    if (service.namespace !== where) return false
    const own =
      service.kind === 'InferenceService'
        ? [
            ['', 'Service', `${service.name}-predictor`],
            ['', 'Service', service.name],
          ]
        : [
            ['', 'Service', `${service.name}-kserve-workload-svc`],
            ['inference.networking.k8s.io', 'InferencePool', `${service.name}-inference-pool`],
          ]
    return own.some(
      ([itsGroup, itsKind, itsName]) => group === itsGroup && kind === itsKind && name === itsName,
    )
  })
}
