/** Makes identical calls that overlap one call. At most `limit` different ones at a time; `undefined` beyond. */
export function createSharedCalls<T>(limit: number) {
  const underWay = new Map<string, Promise<T>>()

  return (key: string, call: () => Promise<T>): Promise<T> | undefined => {
    const known = underWay.get(key)
    if (known !== undefined) return known
    if (underWay.size >= limit) return undefined
    const begun = call().finally(() => underWay.delete(key))
    underWay.set(key, begun)
    return begun
  }
}
