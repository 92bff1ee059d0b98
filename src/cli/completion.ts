// Completes words, in scripts of shells and for kubectl.

import type { Command } from 'commander'

export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

/** The script that completes commands, options and their choices; other words are files. */
export const completionOf = (program: Command, shell: Shell): string =>
  WRITERS[shell](program.commands.map(wordsOf))

type Words = {
  readonly name: string
  readonly summary: string
  readonly options: readonly string[]
  /** The values of options that have choices. */
  readonly choices: ReadonlyMap<string, readonly string[]>
  /** The commands below it, or the values of an argument that has choices. */
  readonly operands: readonly string[]
}

const wordsOf = (command: Command): Words => ({
  name: command.name(),
  summary: command.description().split(';')[0] ?? '',
  options: [...command.options.map(({ long }) => long ?? ''), '--help'].filter(
    (each) => each !== '',
  ),
  choices: new Map(
    command.options.flatMap(({ long, short, argChoices }) =>
      [long, short].flatMap((name) =>
        name === undefined || name === null || argChoices === undefined
          ? []
          : [[name, argChoices] as const],
      ),
    ),
  ),
  operands: [
    ...command.commands.map((each) => each.name()),
    ...command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
  ],
})

/** As kubectl calls the program to complete words. */
export const COMPLETE = '__complete'

// Of Cobra, which kubectl uses.
const FILES = ':0'
const NO_FILES = ':4'

/**
 * The choices for the last word, as kubectl reads them: one each line, and whether files are meant otherwise.
 * `words`: those after the name of the program.
 */
export function choicesFor(program: Command, words: readonly string[]): string {
  const current = words.at(-1) ?? ''
  const all = wordsFor(program.commands.map(wordsOf), words.slice(0, -1), current)
  const fitting = all.filter((word) => word.startsWith(current))
  return [...fitting, all.length === 0 ? FILES : NO_FILES, ''].join('\n')
}

function wordsFor(
  commands: readonly Words[],
  [name, ...others]: readonly string[],
  current: string,
): readonly string[] {
  if (name === undefined) return [...commands.map((each) => each.name), ...GENERAL]
  const command = commands.find((each) => each.name === name)
  if (command === undefined) return []
  const values = command.choices.get(others.at(-1) ?? '')
  return values ?? (current.startsWith('-') ? command.options : command.operands)
}

const GENERAL = ['--help', '--version']

const BASH = `# Completion of kserve-authz for bash.
_kserve_authz() {
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} words=''
  if [ "$COMP_CWORD" -eq 1 ]; then
    words='@COMMANDS @GENERAL'
  else
    case "\${COMP_WORDS[1]} $before" in
@CHOICES
    *)
      case "$current \${COMP_WORDS[1]}" in
@OPTIONS
      esac ;;
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _kserve_authz kserve-authz
`

function bashOf(commands: readonly Words[]): string {
  const choices = commands.flatMap(({ name, choices }) =>
    [...choices].map(
      ([option, values]) => `    '${name} ${option}') words='${values.join(' ')}' ;;`,
    ),
  )
  const options = commands.map(
    ({ name, options }) => `      -*' ${name}') words='${options.join(' ')}' ;;`,
  )
  const operands = commands.flatMap(({ name, operands }) =>
    operands.length === 0 ? [] : [`      *' ${name}') words='${operands.join(' ')}' ;;`],
  )
  return BASH.replace('@COMMANDS', commands.map(({ name }) => name).join(' '))
    .replace('@GENERAL', GENERAL.join(' '))
    .replace('@CHOICES', () => choices.join('\n'))
    .replace('@OPTIONS', () => [...options, ...operands].join('\n'))
}

const zshOf = (commands: readonly Words[]): string =>
  `#compdef kserve-authz\nautoload -U +X bashcompinit && bashcompinit\n${bashOf(commands)}`

const FISH = 'complete -c kserve-authz'

function fishOf(commands: readonly Words[]): string {
  const lines = commands.flatMap(({ name, summary, options, choices, operands }) => [
    `${FISH} -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`,
    ...(operands.length === 0
      ? []
      : [`${FISH} -n '__fish_seen_subcommand_from ${name}' -xa ${quoted(operands.join(' '))}`]),
    ...options.map((option) => {
      const values = choices.get(option)
      const given = values === undefined ? '' : ` -xa ${quoted(values.join(' '))}`
      return `${FISH} -n '__fish_seen_subcommand_from ${name}' -l ${option.slice(2)}${given}`
    }),
  ])
  return `# Completion of kserve-authz for fish.\n${lines.join('\n')}\n`
}

const quoted = (text: string) => `'${text.replaceAll("'", "\\'")}'`

const WRITERS: Readonly<Record<Shell, (commands: readonly Words[]) => string>> = {
  bash: bashOf,
  zsh: zshOf,
  fish: fishOf,
}
