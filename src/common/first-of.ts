// Finds a value among those of an iterable.

export function firstOf<T>(all: Iterable<T>, wanted: (one: T) => boolean): T | undefined {
  for (const one of all) if (wanted(one)) return one
  return undefined
}
