// Decides about callers that a command names, as if they had presented a credential.

import { known } from '../access/authentication.ts'
import type { Directory } from '../access/directory.ts'
import type { AuthenticateToken } from '../access/identify.ts'
import type { Assumed } from './fact-source.ts'

/** A credential with the digest of an assumed caller is that caller's; every other one is authenticated. */
export function assuming(
  assumed: readonly Assumed[],
  authenticate: AuthenticateToken,
): AuthenticateToken {
  if (assumed.length === 0) return authenticate
  return (credential, digest, asker, audiences) => {
    const as = assumed.find((each) => each.digest === digest)?.as
    return as !== undefined && 'caller' in as
      ? known(as.caller)
      : authenticate(credential, digest, asker, audiences)
  }
}

/** A credential with the digest of an assumed key is the key in the named Secret. */
export function withAssumedKeys(assumed: readonly Assumed[], directory: Directory): Directory {
  if (assumed.length === 0) return directory
  return {
    ...directory,
    keysWith: (namespace, digest) => {
      const as = assumed.find((each) => each.digest === digest)?.as
      return as !== undefined && 'key' in as
        ? keysNamed(directory, as.key).filter((each) => each.namespace === namespace)
        : directory.keysWith(namespace, digest)
    },
  }
}

/** The keys of the Secret `namespace/name`. */
export const keysNamed = ({ keys }: Pick<Directory, 'keys'>, key: string) =>
  [...keys.values()].filter(({ namespace, name }) => `${namespace}/${name}` === key)
