// Authenticates a credential, and looks up the permission of its caller.

import { andThen, type MaybePromise } from '../common/maybe-promise.ts'
import type { Holders } from '../common/rate-limits.ts'
import type { Note } from './answer.ts'
import { type ApiKey, opens } from './api-key.ts'
import { type Audiences, type Authentication, known, rejected } from './authentication.ts'
import { type Caller, isNamedCaller, isVouchedFor, type NamedCaller } from './caller.ts'
import type { Presented } from './credential.ts'
import { type Permission, REFUSES } from './decide.ts'
import { describePermission, describeScope } from './describe.ts'
import type { Directory } from './directory.ts'
import { bothOf, createKeyCallers, referenceOf } from './key-callers.ts'
import {
  createPermissionsFor,
  type Permissions,
  permissionsWith,
  type ResourceAttributes,
} from './permissions.ts'
import { idOf, type ServiceRef } from './service.ts'

/** On whose behalf something is looked up. Rate limits apply per asker. */
export type Asker = {
  readonly service: ServiceRef
  /** The address of the proxy that asks; `undefined`: there is none. */
  readonly proxy: (() => string) | undefined
}

export const holdersOf = ({ service, proxy }: Asker): Holders => ({
  service: idOf(service),
  tenant: service.namespace,
  proxy: proxy?.() ?? '',
})

/** The digest is `sha256` of the credential's value. */
export type AuthenticateToken = (
  credential: Presented,
  digest: string,
  asker: Asker,
  audiences: Audiences,
) => MaybePromise<Authentication | undefined>

export type IdentitySources = {
  readonly directory: Pick<Directory, 'keysWith'>
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Lower-case hex. */
  readonly sha256: (text: string) => string
  /** `undefined`: not a token of a known issuer. */
  readonly authenticateToken: AuthenticateToken
  /** Whether Kubernetes' RBAC grants the caller this permission, on behalf of a service. */
  readonly permits: (
    caller: NamedCaller,
    service: ServiceRef,
    attributes: ResourceAttributes,
  ) => MaybePromise<Permission>
  /** Whether it is known, without a question, that RBAC grants it; absent: never. */
  readonly grants?:
    | ((caller: NamedCaller, service: ServiceRef, attributes: ResourceAttributes) => boolean)
    | undefined
}

/** Authenticates credentials, and looks up permissions. */
export function createIdentify(
  sources: IdentitySources,
  permissions: Permissions = permissionsWith({}),
) {
  const permissionsFor = createPermissionsFor(permissions)
  const callerOf = createKeyCallers()

  return { authenticate, permissionOf, holds }

  /** A key is valid in its Secret's namespace only. A key in two Secrets is not accepted. */
  function authenticate(
    credential: Presented,
    service: ServiceRef,
    proxy: Asker['proxy'],
    lists: readonly Audiences[] = [undefined],
  ): MaybePromise<Authentication> {
    const digest = sources.sha256(credential.value)
    const { namespace } = service
    const keys = credential.asApiKey ? sources.directory.keysWith(namespace, digest) : []
    const [key] = keys
    if (keys.length > 1) return rejected('unknown-api-key', { reference: bothOf(keys) })
    if (key !== undefined) return authenticateKey(key)
    return andThen(
      authenticateFor(credential, digest, { service, proxy }, lists),
      (authentication) => authentication ?? rejected('unknown-api-key'),
    )
  }

  /** A token must be valid for each list of audiences. */
  function authenticateFor(
    credential: Presented,
    digest: string,
    asker: Asker,
    lists: readonly Audiences[],
    index = 0,
  ): MaybePromise<Authentication | undefined> {
    const audiences = lists[index]
    // For an API server an empty list means its own audiences; here it means none.
    const none = audiences?.length === 0
    const asked = none ? undefined : audiences
    return andThen(
      sources.authenticateToken(credential, digest, asker, asked),
      (authentication) => {
        if (authentication?.kind !== 'known') return authentication
        if (none && isVouchedFor(authentication.caller)) return rejected('wrong-audience')
        return index + 1 >= lists.length
          ? authentication
          : authenticateFor(credential, digest, asker, lists, index + 1)
      },
    )
  }

  function authenticateKey(key: ApiKey): Authentication {
    if (key.expiresAt !== undefined && key.expiresAt <= sources.now()) {
      return rejected('expired-api-key', { reference: referenceOf(key) })
    }
    return known(callerOf(key))
  }

  function permits(
    caller: Caller,
    service: ServiceRef,
    attributes: ResourceAttributes,
  ): MaybePromise<Permission> {
    return isNamedCaller(caller) ? sources.permits(caller, service, attributes) : 'no-user'
  }

  function grants(caller: Caller, service: ServiceRef, attributes: ResourceAttributes): boolean {
    return isNamedCaller(caller) && sources.grants?.(caller, service, attributes) === true
  }

  /** Whether it is known, without a question, that the caller has permission. */
  function holds(caller: Caller, service: ServiceRef, models: () => readonly string[]): boolean {
    const scope = scopeOf(caller, service)
    if (scope !== undefined) return scope === 'yes'
    return permissionsFor(service, models).some((each) => grants(caller, service, each))
  }

  /** One of the service's permissions is enough. `models`: those whose permission counts. */
  function permissionOf(
    caller: Caller,
    service: ServiceRef,
    models: () => readonly string[] = () => [],
    note?: Note,
  ): MaybePromise<Permission> {
    const scope = scopeOf(caller, service)
    if (scope !== undefined) {
      note?.(describeScope(caller, scope))
      return scope
    }
    const all = permissionsFor(service, models)
    // A refused one is forgotten earlier, and must not be asked for again while another is known.
    const known = all.length < 2 ? undefined : all.find((each) => grants(caller, service, each))
    const asked = known === undefined ? all : [known]
    if (asked.length === 0) note?.('RBAC: the request names no model of the service')
    return anyOf(asked, (attributes) =>
      andThen(permits(caller, service, attributes), (permission) => {
        note?.(describePermission(attributes, permission))
        return permission
      }),
    )
  }
}

/** What is known without RBAC. */
function scopeOf(caller: Caller, service: ServiceRef): Permission | undefined {
  if (caller.apiKey !== undefined) return opens(caller.apiKey, service) ? 'yes' : 'foreign'
  return caller.inRbac ? undefined : 'no'
}

/** Asks in order until one is granted. A permission that could not be looked up outweighs a refusal. */
function anyOf(
  all: readonly ResourceAttributes[],
  ask: (attributes: ResourceAttributes) => MaybePromise<Permission>,
  index = 0,
): MaybePromise<Permission> {
  const attributes = all[index]
  if (attributes === undefined) return 'no'
  return andThen(ask(attributes), (permission) => {
    if (permission === 'yes' || index + 1 >= all.length) return permission
    return andThen(anyOf(all, ask, index + 1), (other) => (REFUSES[other] ? permission : other))
  })
}
