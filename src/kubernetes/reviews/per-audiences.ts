/**
 * One of its kind for each list of audiences of a policy, made once and gone with the list. `undefined` is the
 * installation's list. What is made keeps nothing of its own that grows.
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

/** The same for equal lists in any order, and for no others. */
export const nameOfAudiences = (audiences: readonly string[]): string =>
  JSON.stringify([...new Set(audiences)].sort())
