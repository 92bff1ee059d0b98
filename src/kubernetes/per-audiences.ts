/** Most lists of audiences at a time, the installation's among them. */
const MAX_LISTS = 32

/**
 * One of its kind for each list of audiences, so that what is remembered of a token for one list says
 * nothing for another. `undefined` is the installation's list. Beyond a number the one goes that was not
 * asked for for longest.
 */
export function perAudiences<T>(
  installation: readonly string[],
  create: (audiences: readonly string[]) => T,
): (audiences: readonly string[] | undefined) => T {
  const usual = create(installation)
  const own = new Map<string, T>()

  return (audiences) => {
    if (audiences === undefined) return usual
    const key = JSON.stringify([...new Set(audiences)].sort())
    const found = own.get(key) ?? create(audiences)
    own.delete(key)
    own.set(key, found)
    const [oldest] = own.keys()
    if (own.size >= MAX_LISTS && oldest !== undefined) own.delete(oldest)
    return found
  }
}
