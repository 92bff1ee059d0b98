// The signals that stop the program.

/** Resolves to the signal that stops the program. */
export const stopped = (): Promise<string> =>
  new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, resolve)
  })
