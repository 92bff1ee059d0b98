type Faults = {
  /** A promise failed, and nobody looked after it. */
  readonly rejected: (fault: unknown) => void
  /** What was under way when it was thrown is left half done. */
  readonly thrown: (fault: unknown) => void
}

/**
 * Tells of bugs that nobody caught, in place of Node: that would end the program, with a message that may
 * quote what a client sent.
 */
export function catchFaults({ rejected, thrown }: Faults) {
  process.on('unhandledRejection', rejected)
  process.on('uncaughtException', thrown)
}

const PLACES = 3

/** Where it happened, and nothing of the message: that could quote what a client sent. */
export function placeOf(fault: unknown): string {
  if (!(fault instanceof Error)) return typeof fault
  const { name, message, stack = '' } = fault
  const start = stack.indexOf(message)
  // A message may have lines that look like places.
  const lines = start < 0 ? [] : stack.slice(start + message.length).split('\n')
  const places = lines.map((line) => line.trim()).filter((line) => line.startsWith('at '))
  return [name, ...places.slice(0, PLACES)].join(' ')
}
