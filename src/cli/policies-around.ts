// Finds what the status of the policies of a namespace depends on.

import { setImmediate } from 'node:timers/promises'
import { type NamespacePolicies, namespacePoliciesOf } from '../access/namespace-policies.ts'
import type { Engine } from '../app/engine.ts'
import { inSlices } from '../common/slices.ts'

/** In slices: a namespace may have thousands of services and policies. */
export const policiesAround = (
  namespace: string,
  { servicesIn, policiesIn }: Pick<Engine['directory'], 'servicesIn' | 'policiesIn'>,
): Promise<NamespacePolicies> =>
  inSlices(namespacePoliciesOf(servicesIn(namespace), policiesIn(namespace)), () => setImmediate())
