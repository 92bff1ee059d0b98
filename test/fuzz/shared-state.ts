/** What every other object of its kind inherits from. */
const SHARED = [
  Object.prototype,
  Array.prototype,
  String.prototype,
  Function.prototype,
  Map.prototype,
]

const KNOWN = SHARED.map((each) => new Set(Reflect.ownKeys(each)))

/** Takes away what was added to such an object; says whether anything was. */
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
