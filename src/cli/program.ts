// The commands and options of the command line.

import { Command, CommanderError, Option } from 'commander'
import { USAGE } from './exit-codes.ts'
import type {
  CanFlags,
  CheckFlags,
  DoctorFlags,
  LookFlags,
  ServeFlags,
  ServicesFlags,
} from './flags.ts'

export type Commands = {
  readonly serve: (flags: ServeFlags) => Promise<void>
  readonly check: (flags: CheckFlags, method?: string, url?: string) => Promise<number>
  readonly services: (flags: ServicesFlags) => Promise<number>
  readonly can: (
    flags: CanFlags,
    user: string,
    verbOrService: string,
    service?: string,
  ) => Promise<number>
  readonly whoCan: (flags: LookFlags, service: string) => Promise<number>
  readonly doctor: (flags: DoctorFlags) => Promise<number>
}

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
  addServe(program, commands)
  const exit = (exitCode: number) => {
    code = exitCode
  }
  addCheck(program, commands, exit)
  addServices(program, commands, exit)
  addCan(program, commands, exit)
  addWhoCan(program, commands, exit)
  addDoctor(program, commands, exit)
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
    .option('--http-address <host:port>', 'listen address for /metrics, /livez and /readyz')
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
    .option('--as-group <group>', 'a group of the user of --as, repeatable', addHeader, [])
    .option('--as-key <namespace/name>', 'decide about the holder of this API key')
    .option('--request <file>', 'a CheckRequest as JSON, instead of METHOD and URL; -: stdin')
    .option(
      '-H, --header <line>',
      'request header "name: value", repeatable; @file: the lines of a file, @-: of stdin',
      addHeader,
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
    .option('--config <file>', 'configuration file in YAML')
    .option('--manifests <folder>', 'examine a folder of YAML instead of the API server')
    .addOption(new Option('-o, --output <format>', 'output format').choices(['text', 'json']))
    .action(async (flags: DoctorFlags) => exit(await doctor(flags)))
}

/** A command with the options of every command that looks at a folder or a cluster. */
const looking = (program: Command, name: string): Command =>
  program
    .command(name)
    .option(
      '--config <file>',
      "configuration file in YAML; with a cluster, the installation's by default",
    )
    .option('--manifests <folder>', 'read a folder of YAML instead of the API server')
    .option('-n, --namespace <name>', 'look at this namespace only')
    .option('--installation <namespace/name>', 'Deployment that has the configuration')

function addServices(program: Command, { services }: Commands, exit: (code: number) => void) {
  looking(program, 'services')
    .description('list services with their protection, and what it is due to')
    .option('-A, --all-namespaces', 'look at all namespaces, which is the default')
    .option('--open', 'only services that everybody may call')
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

function addCan(program: Command, { can }: Commands, exit: (code: number) => void) {
  looking(program, 'can')
    .description('say whether a user may call a service; exits with 0 on yes, 1 on no')
    .usage('[options] <user> [method] <service>')
    .argument('<user>', 'user of Kubernetes, e.g. system:serviceaccount:team:reader')
    .argument('<method>', 'method of the request; by default POST')
    .argument('[service]', '[KIND/]NAMESPACE/NAME')
    .option('--as-group <group>', 'a group of the user, repeatable', addHeader, [])
    .option('--path <path>', 'path of the request at the model')
    .action(async (user: string, method: string, service: string | undefined, flags: CanFlags) =>
      exit(await can(flags, user, method, service)),
    )
}

function addWhoCan(program: Command, { whoCan }: Commands, exit: (code: number) => void) {
  looking(program, 'who-can')
    .description('list who may call a service')
    .argument('<service>', '[KIND/]NAMESPACE/NAME')
    .action(async (service: string, flags: LookFlags) => exit(await whoCan(flags, service)))
}

/** Not parsed here: commander would quote an invalid value, which may be a key. */
const addHeader = (line: string, lines: readonly string[]): readonly string[] => [...lines, line]
