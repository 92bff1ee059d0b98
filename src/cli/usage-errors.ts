// Words what the parser of the command line refuses.

import { type Command, InvalidArgumentError, type Option } from 'commander'

/**
 * Errors of a command and of those below it name the command, and what it takes. No surplus argument is
 * quoted: it may be a token.
 */
export function wordErrors(command: Command): void {
  command.configureOutput({
    outputError: (text, write) => write(`kserve-authz: ${worded(text, command)}\n`),
  })
  command.options.forEach(refuseOptionAsValue)
  command.commands.forEach(wordErrors)
}

function worded(text: string, command: Command): string {
  const [first = '', hint = ''] = text.replace(/^error: /, '').split('\n')
  const said = first
    .replace(/^(unknown option '[^'=]*)=.*$/s, "$1'")
    .replace(
      /^(too many arguments).*Expected (\d+) arguments? but got (\d+).*$/,
      '$1, $3 instead of $2',
    )
  const valued = command.options.find(({ long }) => said === `unknown option '${long}'`)
  if (valued !== undefined) return `${pathOf(command)}${valued.long} takes no value`
  return `${pathOf(command)}${said}${adviceFor(said, hint, command)}`
}

function adviceFor(said: string, hint: string, command: Command): string {
  const [, near] = /^\(Did you mean (.+)\?\)$/.exec(hint) ?? []
  if (near !== undefined) return `; did you mean ${near}?`
  const commands = command.commands.map((each) => each.name())
  if (said.startsWith('unknown command')) return `; expected ${commands.join(', ')}`
  if (/^(?:missing|too many)/.test(said)) return `; usage: ${nameOf(command)} ${command.usage()}`
  return / is invalid\. /.test(said) ? '' : `; see ${nameOf(command)} --help`
}

const nameOf = (command: Command): string =>
  command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`

const pathOf = (command: Command): string =>
  command.parent === null ? '' : `${nameOf(command).replace(/^\S+ /, '')}: `

/** A forgotten value: the next option is taken for it. A header may begin with a hyphen. */
function refuseOptionAsValue(option: Option): void {
  const { parseArg } = option
  if (!option.required || option.argChoices !== undefined || option.long === '--header') return
  option.argParser((value: string, previous: unknown): unknown => {
    if (/^--?[a-z]/i.test(value)) throw new InvalidArgumentError('It is an option, not a value.')
    return parseArg === undefined ? value : parseArg(value, previous as never)
  })
}
