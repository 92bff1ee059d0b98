// Reports uncaught exceptions and unhandled rejections.

type Faults = {
  /** A promise was rejected and nobody handled it. */
  readonly rejected: (fault: unknown) => void
  /** An exception was thrown and nobody caught it: the work in progress is left unfinished. */
  readonly thrown: (fault: unknown) => void
}

/**
 * Reports uncaught exceptions and unhandled rejections. Node would end the program with a message that may
 * quote client data.
 */
export function catchFaults({ rejected, thrown }: Faults) {
  process.on('unhandledRejection', rejected)
  process.on('uncaughtException', thrown)
}

const PLACES = 3

/** Where it happened, without the message, which may quote client data. */
export function placeOf(fault: unknown): string {
  if (!(fault instanceof Error)) return typeof fault
  const { name, message, stack = '' } = fault
  const places = linesBelow(message, stack.split('\n')).map((line) => line.trim())
  return [name, ...places.filter((line) => line.startsWith('at ')).slice(0, PLACES)].join(' ')
}

/** The stack lines below the message. Lines of the message may look like stack lines. */
function linesBelow(message: string, [head = '', ...lines]: readonly string[]): readonly string[] {
  const [first = '', ...others] = message.split('\n')
  const isHead = first === '' ? /^[^:]*(?:: )?$/.test(head) : head.endsWith(`: ${first}`)
  const isOwn = isHead && others.every((line, index) => line === lines[index])
  return isOwn ? lines.slice(others.length) : []
}
