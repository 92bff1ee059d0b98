// One instance of something per list of audiences.

/**
 * One instance per list of audiences of a policy, garbage-collected with the list. `undefined` is the
 * installation's list. An instance must not hold a growing state of its own.
 */
export function perAudiences<T>(
  installation: readonly string[],
  create: (audiences: readonly string[]) => T,
): (audiences: readonly string[] | undefined) => T {
  const usual = create(installation)
  const own = new WeakMap<readonly string[], T>()

  return (audiences) => {
    if (audiences === undefined) return usual
    const found = own.get(audiences) ?? create(audiences)
    own.set(audiences, found)
    return found
  }
}

/** Equal for lists that are equal in any order. */
export const nameOfAudiences = (audiences: readonly string[]): string =>
  JSON.stringify([...new Set(audiences)].sort())
