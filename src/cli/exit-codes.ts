// The exit codes of the commands.

/** The command line or the configuration is not valid. */
export const USAGE = 2
/** The objects to look at cannot be read. */
export const UNSEEN = 3

/** The command line is not valid; the message says why. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Names fields of a document, such as `asKey`, where the command line has options. */
export function inFields<Made>(place: string, make: () => Made): Made {
  try {
    return make()
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    throw new UsageError(`${place}: ${error.message.replaceAll(OPTION, fieldOf)}`)
  }
}

const OPTION = /--([a-z]+)(?:-([a-z]))?|\b(?:METHOD|URL)\b/g
const fieldOf = (written: string, word?: string, initial = ''): string =>
  word === undefined ? written.toLowerCase() : word + initial.toUpperCase()

/** What the answer depends on cannot be read; the message says why. */
export class UnseenError extends Error {
  override readonly name = 'UnseenError'

  constructor(what: string, troubles: readonly string[] = []) {
    const title = troubles.length === 0 ? what : `${what}:`
    super([title, ...troubles.map((trouble) => `  ${trouble}`)].join('\n'))
  }
}
