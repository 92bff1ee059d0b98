// A ServiceAccount as a caller.

import { userOfServiceAccount } from '../common/service-account-name.ts'
import type { Caller } from './caller.ts'

/** A ServiceAccount as a caller, with the groups that Kubernetes gives every ServiceAccount. */
export const serviceAccountCaller = (
  namespace: string,
  name: string,
  uid: string | undefined,
): Caller => ({
  kind: 'kubernetes',
  user: userOfServiceAccount({ namespace, name }),
  groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
  uid,
  extra: {},
  inRbac: true,
  reference: `${namespace}/${name}`,
})
