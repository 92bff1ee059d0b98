/** The prototypes from which other objects inherit. */
const SHARED = [
  Object.prototype,
  Array.prototype,
  String.prototype,
  Function.prototype,
  Map.prototype,
]

const KNOWN = SHARED.map((each) => new Set(Reflect.ownKeys(each)))

/** Removes additions to such an object; returns whether there were any. */
export function restoreShared(): boolean {
  let changed = false
  for (const [index, each] of SHARED.entries()) {
    for (const key of Reflect.ownKeys(each)) {
      if (KNOWN[index]?.has(key) === true) continue
      changed = true
      Reflect.deleteProperty(each, key)
    }
  }
  return changed
}
