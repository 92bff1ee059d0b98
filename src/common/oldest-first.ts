// A queue whose members can leave at any place.

/** A member of at most one queue at a time. */
export type Member<T> = {
  queue: object | undefined
  before: T | undefined
  after: T | undefined
}

export const NOT_QUEUED = { queue: undefined, before: undefined, after: undefined } as const

/**
 * Holds its members in the order in which they were added. A member that has left refers to no other. A `Set`
 * would keep members that have left alive, as docs/http2.md explains.
 */
export function createOldestFirst<T extends Member<T>>() {
  const queue = {}
  let first: T | undefined
  let last: T | undefined
  return {
    /** A member of another queue leaves it first: call its `delete`. */
    add: (member: T) => {
      if (member.queue !== undefined) throw new Error('a member of two queues')
      member.queue = queue
      member.before = last
      if (last === undefined) first = member
      else last.after = member
      last = member
    },
    /** `false`: it is not a member. */
    delete: (member: T): boolean => {
      if (member.queue !== queue) return false
      const { before, after } = member
      if (before === undefined) first = after
      else before.after = after
      if (after === undefined) last = before
      else after.before = before
      Object.assign(member, NOT_QUEUED)
      return true
    },
    first: (): T | undefined => first,
  }
}
