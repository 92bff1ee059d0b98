import { type KubernetesObject, printable } from './object.ts'
import type { Raise } from './problem.ts'
import type { ReadSettings } from './settings.ts'

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
