// Reads the annotations by which owners protect or open a service.

import type { ProtectionCause, Service } from '../access/service.ts'
import { reportNearMisses } from './near-misses.ts'
import { type KubernetesObject, printable, type TextMap } from './object.ts'
import type { Raise } from './problem.ts'
import type { ReadSettings } from './read-settings.ts'

/** OpenDataHub's annotation; until 2025 also a label. */
export const ENABLE_AUTH = 'security.opendatahub.io/enable-auth'

/** OpenDataHub's annotation of 2023. */
export const LEGACY_ENABLE_AUTH = 'enable-auth'

const MODE = 'kserve-authz.io/mode'

const WITH_EFFECT = {
  annotations: new Set([ENABLE_AUTH, LEGACY_ENABLE_AUTH, MODE]),
  labels: new Set([ENABLE_AUTH]),
  enableAuth: ENABLE_AUTH,
  mode: MODE,
}

type Settings = Pick<ReadSettings, 'ownersMay'>

/** The owner's annotations of a service, as far as the installation allows them. */
export const readOwnerAnnotations = (
  object: KubernetesObject,
  protectedIfSilent: boolean,
  settings: Settings,
  raise: Raise,
): Pick<Service, 'protection' | 'protectedBy' | 'optedOut' | 'shadow'> => {
  const protection = readProtection(object, protectedIfSilent, settings, raise)
  const shadow = isShadow(object, settings, raise)
  reportNearMisses(object, WITH_EFFECT, raise)
  return { ...protection, optedOut: isOptedOut(object, settings), shadow }
}

/**
 * Reads whether a service is protected. A value that is neither true nor false protects, with a problem. The
 * label and the legacy annotation can only protect; `"false"` has no effect there.
 */
function readProtection(
  { annotations, labels }: KubernetesObject,
  protectedIfSilent: boolean,
  { ownersMay }: Settings,
  raise: Raise,
): Pick<Service, 'protection' | 'protectedBy'> {
  if (annotations.has(ENABLE_AUTH)) {
    const value = annotations.get(ENABLE_AUTH)
    if (readSwitch(value) !== 'false') {
      warnUnlessTrue(`annotation ${ENABLE_AUTH}`, value, raise)
      return protectedBy('annotation')
    }
    if (ownersMay.optOut) return OPEN
    raise(
      'OptOutNotAllowed',
      `annotation ${ENABLE_AUTH} cannot open a service: the installation does not allow it`,
    )
    return protectedBy('installation')
  }
  const places: readonly Legacy[] = [
    { cause: 'label', found: labels, key: ENABLE_AUTH },
    { cause: 'old annotation', found: annotations, key: LEGACY_ENABLE_AUTH },
  ]
  const legacy = places.filter(
    ({ found, key }) => found.has(key) && readSwitch(found.get(key)) !== 'false',
  )
  for (const { cause, found, key } of legacy) {
    warnUnlessTrue(`${cause === 'label' ? 'label' : 'annotation'} ${key}`, found.get(key), raise)
  }
  const [first] = legacy
  if (first !== undefined) return protectedBy(first.cause)
  return protectedIfSilent ? protectedBy('default') : OPEN
}

type Legacy = {
  readonly cause: 'label' | 'old annotation'
  readonly found: TextMap
  readonly key: string
}

const OPEN = { protection: 'open' } as const

const protectedBy = (cause: ProtectionCause) =>
  ({ protection: 'protected', protectedBy: cause }) as const

/** Whether the owner opened a service and is allowed to. */
const isOptedOut = ({ annotations }: KubernetesObject, { ownersMay }: Settings): boolean =>
  ownersMay.optOut && readSwitch(annotations.get(ENABLE_AUTH)) === 'false'

const readSwitch = (value: string | undefined) => value?.trim().toLowerCase()

function warnUnlessTrue(where: string, value: string | undefined, raise: Raise) {
  if (readSwitch(value) === 'true') return
  raise('UnknownEnableAuthValue', `${where} ${shown(value)}, neither "true" nor "false": protected`)
}

const shown = (value: string | undefined): string =>
  value === undefined ? 'is not text (quote it)' : `is "${printable(value)}"`

/** Whether a service is in shadow: its decisions are logged, not enforced. In doubt they are enforced. */
function isShadow(
  { annotations }: KubernetesObject,
  { ownersMay }: Settings,
  raise: Raise,
): boolean {
  if (!annotations.has(MODE)) return false
  const value = annotations.get(MODE)
  const mode = readSwitch(value)
  if (mode === 'shadow' && ownersMay.shadow) return true
  if (mode === 'shadow') {
    raise(
      'ShadowNotAllowed',
      `annotation ${MODE} cannot be "shadow": the installation does not allow it; enforced`,
    )
  } else if (mode !== 'enforce') {
    raise(
      'UnknownMode',
      `annotation ${MODE} ${shown(value)}, neither "enforce" nor "shadow": enforced`,
    )
  }
  return false
}
