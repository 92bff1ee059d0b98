import type { Target } from './target.ts'

const MAX_TRIES = 400

/** A smaller input with the same property, found by leaving out parts. */
export async function smaller(
  { form }: Pick<Target, 'form'>,
  input: Buffer,
  holds: (input: Buffer) => Promise<boolean>,
): Promise<Buffer> {
  let best = input
  let tries = 0
  const attempt = async (less: Buffer): Promise<boolean> => {
    tries += 1
    if (tries > MAX_TRIES || less.length >= best.length || !(await holds(less))) return false
    best = less
    return true
  }
  if (form === 'json') await withoutEntries(input, attempt)
  for (let size = Math.ceil(best.length / 2); size >= 1 && tries < MAX_TRIES; size = half(size)) {
    for (let start = 0; start < best.length && tries < MAX_TRIES; ) {
      const less = Buffer.concat([best.subarray(0, start), best.subarray(start + size)])
      if (!(await attempt(less))) start += size
    }
  }
  return best
}

const half = (size: number): number => (size === 1 ? 0 : Math.ceil(size / 2))

/** Leaves out single entries of objects and lists, the outer ones first. */
async function withoutEntries(input: Buffer, attempt: (less: Buffer) => Promise<boolean>) {
  let text = input.toString()
  for (let index = 0; index < MAX_TRIES / 2; ) {
    const less = withoutEntry(text, index)
    if (less === undefined) return
    if (await attempt(Buffer.from(less))) text = less
    else index += 1
  }
}

function withoutEntry(text: string, index: number): string | undefined {
  try {
    const root: unknown = JSON.parse(text)
    const rest = [root]
    for (let left = index; rest.length > 0; ) {
      const holder = rest.shift()
      if (typeof holder !== 'object' || holder === null) continue
      for (const [key, value] of Object.entries(holder)) {
        if (left === 0) {
          if (Array.isArray(holder)) holder.splice(Number(key), 1)
          else Reflect.deleteProperty(holder, key)
          return JSON.stringify(root)
        }
        left -= 1
        rest.push(value)
      }
    }
    return undefined
  } catch {
    return undefined
  }
}
