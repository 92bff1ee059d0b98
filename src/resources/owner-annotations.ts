import type { Protection } from '../access/service.ts'
import { type KubernetesObject, printable } from './object.ts'
import type { Raise } from './problem.ts'
import type { ReadSettings } from './read-settings.ts'

/** OpenDataHub's switch; until 2025 also a label. */
export const ENABLE_AUTH = 'security.opendatahub.io/enable-auth'

/** OpenDataHub's switch of 2023. */
const LEGACY_ENABLE_AUTH = 'enable-auth'

/**
 * Reads whether a service is protected. What is neither true nor false protects, with a problem.
 *
 * The label and the legacy annotation can only protect: `"false"` there says nothing.
 */
export function readProtection(
  { annotations, labels }: KubernetesObject,
  protectedIfSilent: boolean,
  { ownersMay }: Pick<ReadSettings, 'ownersMay'>,
  raise: Raise,
): Protection {
  if (annotations.has(ENABLE_AUTH)) {
    const value = annotations.get(ENABLE_AUTH)
    if (readSwitch(value) !== 'false') {
      warnUnlessTrue(`annotation ${ENABLE_AUTH}`, value, raise)
      return 'protected'
    }
    if (ownersMay.optOut) return 'open'
    raise(
      'OptOutNotAllowed',
      `annotation ${ENABLE_AUTH} cannot open a service of this installation`,
    )
    return 'protected'
  }
  const legacy = [
    { where: `label ${ENABLE_AUTH}`, found: labels, key: ENABLE_AUTH },
    { where: `annotation ${LEGACY_ENABLE_AUTH}`, found: annotations, key: LEGACY_ENABLE_AUTH },
  ].filter(({ found, key }) => found.has(key) && readSwitch(found.get(key)) !== 'false')
  for (const { where, found, key } of legacy) warnUnlessTrue(where, found.get(key), raise)
  return legacy.length > 0 || protectedIfSilent ? 'protected' : 'open'
}

/** Whether the owner opened a service, and may. */
export const isOptedOut = (
  { annotations }: KubernetesObject,
  { ownersMay }: Pick<ReadSettings, 'ownersMay'>,
): boolean => ownersMay.optOut && readSwitch(annotations.get(ENABLE_AUTH)) === 'false'

const readSwitch = (value: string | undefined) => value?.trim().toLowerCase()

function warnUnlessTrue(where: string, value: string | undefined, raise: Raise) {
  if (readSwitch(value) === 'true') return
  const what = value === undefined ? 'is not text (quote it)' : `is "${printable(value)}"`
  raise('UnknownEnableAuthValue', `${where} ${what}, neither "true" nor "false": protected`)
}

const MODE = 'kserve-authz.io/mode'

/** Whether a service is only tried: decisions about it are told, and not enforced. In doubt they are enforced. */
export function readMode(
  { annotations }: KubernetesObject,
  { ownersMay }: Pick<ReadSettings, 'ownersMay'>,
  raise: Raise,
): { readonly shadow: boolean } {
  if (!annotations.has(MODE)) return { shadow: false }
  const value = annotations.get(MODE)
  const mode = value?.trim().toLowerCase()
  if (mode === 'shadow' && ownersMay.shadow) return { shadow: true }
  if (mode === 'shadow') {
    raise(
      'ShadowNotAllowed',
      `annotation ${MODE} cannot be "shadow" in this installation: enforced`,
    )
  } else if (mode !== 'enforce') {
    const what = value === undefined ? 'is not text (quote it)' : `is "${printable(value)}"`
    raise('UnknownMode', `annotation ${MODE} ${what}, neither "enforce" nor "shadow": enforced`)
  }
  return { shadow: false }
}
