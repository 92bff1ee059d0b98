/** A value that is known already, or will be: what is known is passed on without waiting a turn. */
export type MaybePromise<T> = T | Promise<T>

export const andThen = <A, B>(
  value: MaybePromise<A>,
  next: (value: A) => MaybePromise<B>,
): MaybePromise<B> => (value instanceof Promise ? value.then(next) : next(value))
