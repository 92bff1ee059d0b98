// The commands and options of the command line.

import { Argument, Command, CommanderError, Option } from 'commander'
import type { Commands } from './commands.ts'
import { COMPLETE, choicesFor, completionOf, SHELLS, type Shell } from './completion.ts'
import { printKeys, printSchema } from './config.ts'
import { EXAMPLES } from './examples.ts'
import { USAGE } from './exit-codes.ts'
import type { CheckFlags, DoctorFlags, ServeFlags } from './flags.ts'
import { addLookingCommands, collectOption, looking } from './looking.ts'
import { wordErrors } from './usage-errors.ts'

/** Parses the command line and runs the command; resolves to the exit code once it has ended. */
export async function run(
  argv: readonly string[],
  version: string,
  commands: Commands,
): Promise<number> {
  let code = 0
  const program = new Command('kserve-authz')
    .description('Envoy external authorization for KServe models behind Istio')
    .version(version)
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .showSuggestionAfterError()
    .addHelpText('after', EXAMPLES)
  addServe(program, commands)
  const exit = (exitCode: number) => {
    code = exitCode
  }
  addCheck(program, commands, exit)
  addLookingCommands(program, commands, exit)
  addDoctor(program, commands, exit)
  addConfig(program)
  addCompletion(program)
  wordErrors(program)
  const [first, ...words] = argv
  if (first === COMPLETE) {
    process.stdout.write(choicesFor(program, words))
    return 0
  }
  try {
    await program.parseAsync(argv, { from: 'user' })
    return code
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 ? 0 : USAGE
  }
}

function addServe(program: Command, { serve }: Commands) {
  program
    .command('serve')
    .description('answer the checks of Envoy proxies until stopped')
    .option('--config <file>', 'configuration file in YAML')
    .option('--manifests <folder>', 'read a folder of YAML instead of the API server')
    .option('--grpc-address <host:port>', 'listen address for gateways; only with --manifests')
    .option(
      '--grpc-workload-address <host:port>',
      'listen address for sidecars; only with --manifests',
    )
    .option(
      '--http-address <host:port>',
      'listen address for /metrics, /denials, /livez and /readyz',
    )
    .option('--log-level <level>', 'debug, info, warn or error')
    .action(async (flags: ServeFlags) => serve(flags))
}

function addCheck(program: Command, { check }: Commands, exit: (code: number) => void) {
  looking(program, 'check')
    .description(
      'decide one request and explain each step; exits with 0 on allow, 1 on deny, 3 if it cannot see',
    )
    .argument('[method]', 'method of the request, e.g. GET')
    .argument('[url]', 'URL of the request, as a gateway sees it unless --destination is given')
    .addOption(
      new Option('--position <position>', 'the kind of proxy that asks').choices([
        'workload',
        'gateway',
      ]),
    )
    .option('--destination <ip:port>', 'address of the called pod')
    .option('--source <ip>', 'address of the caller')
    .option('--principal <id>', "identity in the caller's certificate, spiffe://...")
    .option('--as <user>', 'decide about this user of Kubernetes, without its token')
    .option('--as-group <group>', 'a group of the user of --as, repeatable', collectOption, [])
    .option('--as-key <namespace/name>', 'decide about the holder of this API key')
    .option('--request <file>', 'a CheckRequest as JSON, instead of METHOD and URL; -: stdin')
    .option(
      '-H, --header <line>',
      'request header "name: value", repeatable; @file: the lines of a file, @-: of stdin',
      collectOption,
      [],
    )
    .addOption(new Option('-o, --output <format>', 'output format').choices(['text', 'json']))
    .action(async (method: string | undefined, url: string | undefined, flags: CheckFlags) =>
      exit(await check(flags, method, url)),
    )
}

function addDoctor(program: Command, { doctor }: Commands, exit: (code: number) => void) {
  program
    .command('doctor')
    .description(
      'find protected models whose requests are not checked; exits with 1 if requests are affected now',
    )
    .option(
      '--config <file>',
      "configuration file in YAML; with a cluster, the installation's by default",
    )
    .option('--manifests <folder>', 'examine a folder of YAML instead of the API server')
    .option('--installation <namespace/name>', 'Deployment that has the configuration')
    .addOption(new Option('-o, --output <format>', 'output format').choices(['text', 'json']))
    .action(async (flags: DoctorFlags) => exit(await doctor(flags)))
}

function addConfig(program: Command) {
  const config = program.command('config').description('tell about the configuration')
  config
    .command('schema')
    .description('write its JSON Schema, for editors')
    .action(() => printSchema())
  config
    .command('keys')
    .description('say what each key does')
    .argument('[key]', 'only this key, and what is below it')
    .action((key: string | undefined) => printKeys(key))
}

function addCompletion(program: Command) {
  program
    .command('completion')
    .description('write a completion script, e.g. source <(kserve-authz completion bash)')
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
    .action((shell: Shell) => void process.stdout.write(completionOf(program, shell)))
}
