// Matches the header conditions and endings of routes with a request.

import { isCanonicalPath, pathOf } from '../common/path.ts'
import type { Directory } from './directory.ts'
import { valuesIn } from './header-values.ts'
import type { AccessRequest } from './request.ts'
import type { Route, Service } from './service.ts'

/** The routes of a host and path whose header conditions the request may meet. */
export const routesAt = (
  { routes }: Service,
  { host, pathPrefix }: Pick<Route, 'host' | 'pathPrefix'>,
  { headers, path }: Pick<AccessRequest, 'headers' | 'path'>,
): readonly Route[] =>
  routes.filter(
    (route) =>
      route.host === host &&
      route.pathPrefix === pathPrefix &&
      (route.ending === undefined || mayEnd(pathOf(path), route.ending)) &&
      mayFulfil(headers, route.headers),
  )

/** The proxy may normalize a path that is not canonical. */
const mayEnd = (path: string, ending: string): boolean =>
  path.endsWith(ending) || !isCanonicalPath(path)

/** The proxy may compare any of several values. */
const mayFulfil = (
  given: AccessRequest['headers'],
  conditions: NonNullable<Route['headers']> = [],
): boolean =>
  conditions.every(([name, value]) => {
    const found = given.get(name)
    return found === value || found?.includes(',') === true
  })

/**
 * The services whose routes may be selected by headers alone, as the directory's lists. `undefined`: such a
 * header has too many values.
 */
export function servicesByHeaders(
  request: Pick<AccessRequest, 'headers'>,
  directory: Pick<Directory, 'routesByHeader' | 'servicesByHeader'>,
): readonly (readonly Service[])[] | undefined {
  if (!directory.routesByHeader()) return []
  const found: (readonly Service[])[] = []
  for (const [name, value] of request.headers) {
    if (!directory.routesByHeader(name)) continue
    const values = valuesIn(value)
    if (values === undefined) return undefined
    for (const each of values) found.push(directory.servicesByHeader(name, each))
  }
  return found
}
