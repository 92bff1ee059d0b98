// The commands that look at a folder or a cluster.

import { type Command, Option } from 'commander'
import type { Commands } from './commands.ts'
import type {
  CanFlags,
  ExplainFlags,
  LintFlags,
  LookFlags,
  ServicesFlags,
  TestFlags,
} from './flags.ts'
import { LEVELS } from './lint-codes.ts'
import { LINT_OUTPUTS } from './lint-format.ts'

type Exit = (code: number) => void

/** Adds them; `check` is in `program.ts`. */
export function addLookingCommands(program: Command, commands: Commands, exit: Exit) {
  addServices(program, commands, exit)
  addCan(program, commands, exit)
  addWhoCan(program, commands, exit)
  addLint(program, commands, exit)
  addExplain(program, commands, exit)
  addTest(program, commands, exit)
}

/** A command with the options of every command that looks at a folder or a cluster. */
export const looking = (program: Command, name: string): Command =>
  program
    .command(name)
    .option(
      '--config <file>',
      "configuration file in YAML; with a cluster, the installation's by default",
    )
    .option('--manifests <folder>', 'read a folder of YAML instead of the API server')
    .option('-n, --namespace <name>', 'look at this namespace only')
    .option('--installation <namespace/name>', 'Deployment that has the configuration')

function addServices(program: Command, { services }: Commands, exit: Exit) {
  looking(program, 'services')
    .description('list services with their protection, and what it is due to')
    .option('-A, --all-namespaces', 'look at all namespaces, which is the default')
    .option('--open', 'only services that everybody may call')
    .option('-w, --watch', 'then show each service that changes, until stopped by a signal')
    .option('--callers', 'also say who may call each service, except the holders of API keys')
    .option(
      '--replica <url>',
      'HTTP port of a replica, asked for the last denial of each service; repeatable',
      collectOption,
      [],
    )
    .option('--replica-token-file <file>', 'Kubernetes token for the replicas; -: stdin')
    .addOption(
      new Option('-o, --output <format>', 'output format').choices([
        'table',
        'wide',
        'json',
        'yaml',
      ]),
    )
    .action(async (flags: ServicesFlags) => exit(await services(flags)))
}

function addCan(program: Command, { can }: Commands, exit: Exit) {
  looking(program, 'can')
    .description('say whether a user may call a service; exits with 0 on yes, 1 on no')
    .usage('[options] <user> [method] <service>')
    .argument('<user>', 'user of Kubernetes, e.g. system:serviceaccount:team:reader')
    .argument('<method>', 'method of the request; by default POST')
    .argument('[service]', '[KIND/]NAMESPACE/NAME')
    .option('--as-group <group>', 'a group of the user, repeatable', collectOption, [])
    .option('--path <path>', 'path of the request at the model')
    .action(async (user: string, method: string, service: string | undefined, flags: CanFlags) =>
      exit(await can(flags, user, method, service)),
    )
}

function addWhoCan(program: Command, { whoCan }: Commands, exit: Exit) {
  looking(program, 'who-can')
    .description('list who may call a service')
    .argument('<service>', '[KIND/]NAMESPACE/NAME')
    .action(async (service: string, flags: LookFlags) => exit(await whoCan(flags, service)))
}

function addLint(program: Command, { lint }: Commands, exit: Exit) {
  looking(program, 'lint')
    .description('find faults in files, or in the cluster; exits with 1 if there are any')
    .argument('[path...]', 'files and folders; without one, the cluster')
    .option('--complete', 'the folder is everything: also find what objects say about each other')
    .addOption(new Option('--fail-on <level>', 'exit with 1 from this level on').choices(LEVELS))
    .addOption(new Option('-o, --output <format>', 'output format').choices(LINT_OUTPUTS))
    .action(async (paths: readonly string[], flags: LintFlags) => exit(await lint(flags, paths)))
}

function addExplain(program: Command, { explain }: Commands, exit: Exit) {
  looking(program, 'explain')
    .description(
      'decide a line of the decision log again, and say what has changed; exits with 1 if it is denied now',
    )
    .argument('[line]', 'the line; absent or -: stdin')
    .option('--request-id <id>', 'the lines of stdin with this request id')
    .action(async (line: string | undefined, flags: ExplainFlags) =>
      exit(await explain(flags, line)),
    )
}

const TEST_DEFAULTS = `
By default --manifests is the folder manifests in <folder>, or <folder> itself, and --config is config.yaml in it.`

function addTest(program: Command, { test }: Commands, exit: Exit) {
  looking(program, 'test')
    .description('decide the cases of a folder; exits with 1 if an answer is not the expected one')
    .argument('<folder>', 'a folder with cases.yaml or *.cases.yaml')
    .option('--cluster', 'decide with the objects of the cluster, not with those of a folder')
    .addOption(new Option('-o, --output <format>', 'output format').choices(['text', 'junit']))
    .addHelpText('after', TEST_DEFAULTS)
    .action(async (folder: string, flags: TestFlags) => exit(await test(flags, folder)))
}

/** Not parsed here: commander would quote an invalid value, which may be a key. */
export const collectOption = (line: string, lines: readonly string[]): readonly string[] => [
  ...lines,
  line,
]
