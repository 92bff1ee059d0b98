// Reads AccessPolicies.

import type { AcceptedCredentials, Policy, PolicyTarget, PolicyTerms } from '../access/policy.ts'
import { entriesOf, MAX_POLICY_WEIGHT } from '../access/policy-weight.ts'
import { SERVICE_KINDS } from '../access/service.ts'
import {
  hasMoreThan,
  isSubdomainName,
  type KubernetesObject,
  printable,
  valueAt,
} from './object.ts'
import { readPolicyExclusions, readPolicyHeaders } from './policy-extras.ts'
import { readRules } from './policy-rules.ts'
import {
  absentOr,
  fieldsOf,
  labelMap,
  listOf,
  PolicyFault,
  textOf,
  textsOf,
} from './policy-values.ts'
import type { Raise } from './problem.ts'
import type { ReadSettings } from './read-settings.ts'

const TOO_MUCH = `has more than ${MAX_POLICY_WEIGHT} entries`
/** Fields and elements, counted before anything is read. */
export const MAX_PARTS = 4 * MAX_POLICY_WEIGHT

/**
 * Reads an AccessPolicy. If any part cannot be read, or a field is unknown, the whole policy is unreadable,
 * with a problem that names the place. Unreadable targets count as the whole namespace.
 */
export function readAccessPolicy(
  { namespace, name, content }: KubernetesObject,
  settings: ReadSettings,
  raise: Raise,
): Policy {
  const { spec } = content
  const attempt = <T>(read: () => T): T | undefined => {
    try {
      return read()
    } catch (fault) {
      if (!(fault instanceof PolicyFault)) throw fault
      raise('PolicyInvalid', fault.message)
      return undefined
    }
  }
  const mode = attempt(() => readMode(valueAt(spec, 'mode'), settings, raise)) ?? 'enforce'
  const targets = attempt(() => ({ list: readTargets(valueAt(spec, 'targetRefs')) }))
  const terms = attempt(() => {
    fieldsOf('the policy', content, ['apiVersion', 'kind', 'metadata', 'spec', 'status'])
    if (hasMoreThan(MAX_PARTS, spec)) throw new PolicyFault('spec', TOO_MUCH)
    const terms = readTerms(spec, settings, raise)
    if (entriesOf(terms) > MAX_POLICY_WEIGHT) throw new PolicyFault('spec', TOO_MUCH)
    return terms
  })
  return {
    namespace,
    name,
    mode,
    targets: targets?.list,
    terms: targets === undefined ? undefined : terms,
  }
}

function readMode(value: unknown, { ownersMay }: ReadSettings, raise: Raise): Policy['mode'] {
  if (value === undefined || value === 'Enforce') return 'enforce'
  if (value === 'Shadow') {
    if (ownersMay.shadow) return 'shadow'
    raise(
      'ShadowNotAllowed',
      'spec.mode is Shadow, which the installation does not allow: the policy has no effect',
    )
    return 'none'
  }
  throw new PolicyFault('spec.mode', 'is neither Enforce nor Shadow: the policy is enforced')
}

const GROUP = 'serving.kserve.io'

function readTargets(value: unknown): readonly PolicyTarget[] | undefined {
  return absentOr(value, () =>
    listOf('spec.targetRefs', value).map((entry, index) => {
      const place = `spec.targetRefs[${index}]`
      const { group, kind, name } = fieldsOf(place, entry, ['group', 'kind', 'name'])
      const known = SERVICE_KINDS.find((each) => each === kind)
      if (group !== GROUP) throw new PolicyFault(`${place}.group`, `is not ${GROUP}`)
      if (known === undefined) throw new PolicyFault(`${place}.kind`, 'is not a kind of service')
      if (typeof name !== 'string' || !isSubdomainName(name)) {
        throw new PolicyFault(`${place}.name`, 'is not a valid service name')
      }
      return { kind: known, name }
    }),
  )
}

const PARTS = ['targetRefs', 'mode', 'authentication', 'deny', 'allow', 'exclusions', 'headers']

function readTerms(spec: unknown, settings: ReadSettings, raise: Raise): PolicyTerms {
  const parts = fieldsOf('spec', spec, PARTS)
  return {
    accepted: absentOr(parts.authentication, () =>
      readAccepted(parts.authentication, settings, raise),
    ),
    deny: absentOr(parts.deny, () => readRules('spec.deny', parts.deny)) ?? [],
    allow: absentOr(parts.allow, () => readRules('spec.allow', parts.allow)),
    exclusions:
      absentOr(parts.exclusions, () => readPolicyExclusions(parts.exclusions, settings, raise)) ??
      [],
    headers: absentOr(parts.headers, () => readPolicyHeaders(parts.headers, settings)) ?? {},
  }
}

const PLACE = 'spec.authentication'

type Reader<T> = (place: string, value: unknown, settings: ReadSettings, raise: Raise) => T

/** Reads each kind of credential; `undefined`: not named. A kind without an entry does not compile. */
const CREDENTIALS: { readonly [K in keyof AcceptedCredentials]: Reader<AcceptedCredentials[K]> } = {
  kubernetes: (place, value) =>
    absentOr(value, () => {
      const { audiences } = fieldsOf(place, value, ['audiences'])
      return { audiences: absentOr(audiences, () => textsOf(`${place}.audiences`, audiences)) }
    }),
  apiKeys: (_place, value) => absentOr(value, () => readKeySelector(value)),
  jwt: (_place, value, settings, raise) =>
    absentOr(value, () => readProviders(value, settings, raise)) ?? [],
  mesh: isNamed,
  anonymous: (place, value, { ownersMay }, raise) => {
    const named = isNamed(place, value)
    if (named && !ownersMay.anonymous) {
      raise('AnonymousNotAllowed', `${place} has no effect in this installation`)
    }
    return named && ownersMay.anonymous
  },
}

function readAccepted(value: unknown, settings: ReadSettings, raise: Raise): AcceptedCredentials {
  const fields = fieldsOf(PLACE, value, Object.keys(CREDENTIALS))
  const read = <K extends keyof AcceptedCredentials>(kind: K): AcceptedCredentials[K] =>
    CREDENTIALS[kind](`${PLACE}.${kind}`, fields[kind], settings, raise)
  return {
    kubernetes: read('kubernetes'),
    apiKeys: read('apiKeys'),
    jwt: read('jwt'),
    mesh: read('mesh'),
    anonymous: read('anonymous'),
  }
}

/** Reads a kind without fields. */
function isNamed(place: string, value: unknown): boolean {
  if (value !== undefined) fieldsOf(place, value, [])
  return value !== undefined
}

function readKeySelector(value: unknown): AcceptedCredentials['apiKeys'] {
  const place = `${PLACE}.apiKeys`
  const { selector } = fieldsOf(place, value, ['selector'])
  if (selector === undefined) return { labels: new Map() }
  const { matchLabels = {} } = fieldsOf(`${place}.selector`, selector, ['matchLabels'])
  return { labels: labelMap(`${place}.selector.matchLabels`, matchLabels) }
}

/** A policy whose metadata cannot be read: it closes its namespace. */
export const unreadablePolicy = (namespace: string, name: string): Policy => ({
  namespace,
  name,
  mode: 'enforce',
  targets: undefined,
  terms: undefined,
})

/** An unknown provider is reported; it can admit nobody. */
function readProviders(value: unknown, settings: ReadSettings, raise: Raise) {
  return listOf(`${PLACE}.jwt`, value).map((entry, index) => {
    const place = `${PLACE}.jwt[${index}]`
    const { provider, audiences } = fieldsOf(place, entry, ['provider', 'audiences'])
    const name = textOf(`${place}.provider`, provider)
    const isConfigured = settings.providers.includes(name)
    if (!isConfigured) {
      raise('UnknownProvider', `${place}: the installation has no provider "${printable(name)}"`)
    }
    return {
      provider: name,
      ...(isConfigured ? {} : { unconfigured: printable(name) }),
      audiences: absentOr(audiences, () => textsOf(`${place}.audiences`, audiences)),
    }
  })
}
