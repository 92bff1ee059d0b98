// Values that are known now or later.

/** A value that is known now or later. A known one is used without waiting a turn of the event loop. */
export type MaybePromise<T> = T | Promise<T>

/** Like `finally`, with fewer promises. */
export async function afterwards<T>(value: Promise<T>, last: () => void): Promise<T> {
  try {
    return await value
  } finally {
    last()
  }
}

export const andThen = <A, B>(
  value: MaybePromise<A>,
  next: (value: A) => MaybePromise<B>,
): MaybePromise<B> => (value instanceof Promise ? value.then(next) : next(value))
