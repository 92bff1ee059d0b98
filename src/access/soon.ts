/** A value that is known already, or will be: what is known is passed on without waiting a turn. */
export type Soon<T> = T | Promise<T>

export const whenKnown = <A, B>(value: Soon<A>, next: (value: A) => Soon<B>): Soon<B> =>
  value instanceof Promise ? value.then(next) : next(value)
