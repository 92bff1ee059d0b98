// Decides about a caller that a command names, as if it had presented a credential.

import { known } from '../access/authentication.ts'
import type { Directory } from '../access/directory.ts'
import type { AuthenticateToken } from '../access/identify.ts'
import type { Assumed } from './fact-source.ts'

/** The credential with the digest of the assumed caller is that caller's; every other one is authenticated. */
export const assuming = (
  assumed: Assumed | undefined,
  authenticate: AuthenticateToken,
): AuthenticateToken =>
  assumed === undefined || !('caller' in assumed.as)
    ? authenticate
    : (credential, digest, asker, audiences) =>
        digest === assumed.digest && 'caller' in assumed.as
          ? known(assumed.as.caller)
          : authenticate(credential, digest, asker, audiences)

/** The credential with the digest of the assumed caller is the key in the named Secret. */
export function withAssumedKey(assumed: Assumed | undefined, directory: Directory): Directory {
  if (assumed === undefined || !('key' in assumed.as)) return directory
  const { digest } = assumed
  const { key } = assumed.as
  return {
    ...directory,
    keysWith: (namespace, asked) =>
      asked === digest
        ? keysNamed(directory, key).filter((each) => each.namespace === namespace)
        : directory.keysWith(namespace, asked),
  }
}

/** The keys of the Secret `namespace/name`. */
export const keysNamed = ({ keys }: Pick<Directory, 'keys'>, key: string) =>
  [...keys.values()].filter(({ namespace, name }) => `${namespace}/${name}` === key)
