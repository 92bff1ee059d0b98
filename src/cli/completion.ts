// Writes the completion scripts of shells.

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
  /** The values of options and arguments that have choices. */
  readonly choices: ReadonlyMap<string, readonly string[]>
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
})

const BASH = `# Completion of kserve-authz for bash.
_kserve_authz() {
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} words=''
  if [ "$COMP_CWORD" -eq 1 ]; then
    words='@COMMANDS --help --version'
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
  return BASH.replace('@COMMANDS', commands.map(({ name }) => name).join(' '))
    .replace('@CHOICES', () => choices.join('\n'))
    .replace('@OPTIONS', () => options.join('\n'))
}

const zshOf = (commands: readonly Words[]): string =>
  `#compdef kserve-authz\nautoload -U +X bashcompinit && bashcompinit\n${bashOf(commands)}`

const FISH = 'complete -c kserve-authz'

function fishOf(commands: readonly Words[]): string {
  const lines = commands.flatMap(({ name, summary, options, choices }) => [
    `${FISH} -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`,
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
