// A map whose entries come and go all the time.

const BUCKETS = 256
/** The last characters of a key that choose its bucket. */
const HASHED = 8

type Entry<T> = { readonly key: string; readonly value: T }

/**
 * A map for a few thousand entries at a time. It refers to nothing that was deleted: a `Map` would keep deleted
 * entries alive, as docs/http2.md explains.
 */
export function createShortLived<T>() {
  const buckets: Entry<T>[][] = Array.from({ length: BUCKETS }, () => [])
  const bucketOf = (key: string) => buckets[bucketNumber(key)] ?? []
  const placeOf = (bucket: readonly Entry<T>[], key: string) =>
    bucket.findIndex((entry) => entry.key === key)

  return {
    get: (key: string): T | undefined => {
      const bucket = bucketOf(key)
      return bucket[placeOf(bucket, key)]?.value
    },
    set: (key: string, value: T) => {
      const bucket = bucketOf(key)
      const at = placeOf(bucket, key)
      bucket[at === -1 ? bucket.length : at] = { key, value }
    },
    delete: (key: string) => {
      const bucket = bucketOf(key)
      const at = placeOf(bucket, key)
      if (at !== -1) bucket.splice(at, 1)
    },
  }
}

function bucketNumber(key: string): number {
  let sum = key.length
  for (let at = Math.max(0, key.length - HASHED); at < key.length; at += 1)
    sum = (Math.imul(sum, 31) + key.charCodeAt(at)) | 0
  return (sum >>> 0) % BUCKETS
}
