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
  const places = linesBelow(message, stack.split('\n')).map((line) => line.trim())
  return [name, ...places.filter((line) => line.startsWith('at ')).slice(0, PLACES)].join(' ')
}

/** The lines of a stack that are not the message's: some of that may look like places. */
function linesBelow(message: string, [head = '', ...lines]: readonly string[]): readonly string[] {
  const [first = '', ...others] = message.split('\n')
  const isHead = first === '' ? /^[^:]*(?:: )?$/.test(head) : head.endsWith(`: ${first}`)
  const isOwn = isHead && others.every((line, index) => line === lines[index])
  return isOwn ? lines.slice(others.length) : []
}
