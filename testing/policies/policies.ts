import type { Policy } from '../../src/access/policy.ts'
import type { ReadSettings } from '../../src/resources/read-settings.ts'
import { readResource } from '../../src/resources/resource.ts'
import { SETTINGS } from '../objects.ts'

export type Spec = Readonly<Record<string, unknown>>

/** An AccessPolicy of the namespace team, as parsed YAML. */
export const anAccessPolicy = (spec: unknown, name = 'policy', namespace = 'team') => ({
  apiVersion: 'kserve-authz.io/v1alpha1',
  kind: 'AccessPolicy',
  metadata: { name, namespace },
  spec,
})

/** The same after reading; throws if there is no policy. */
export function policyOf(
  spec: unknown,
  name = 'policy',
  { namespace = 'team', ...settings }: Partial<ReadSettings> & { namespace?: string } = {},
): Policy {
  const object = anAccessPolicy(spec, name, namespace)
  const { resource } = readResource(object, { ...SETTINGS, ...settings })
  if (resource.kind !== 'policy') throw new Error(`a policy, not ${resource.kind}`)
  return resource.policy
}
