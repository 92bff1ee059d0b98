// The commands and options of the command line.

import { Command, CommanderError, Option } from 'commander'

/** The flags of `serve`; an absent one comes from the environment or the file. */
export type ServeFlags = {
  readonly config?: string
  readonly manifests?: string
  readonly grpcAddress?: string
  readonly grpcWorkloadAddress?: string
  readonly httpAddress?: string
  readonly logLevel?: string
}

export type CheckFlags = {
  readonly config?: string
  readonly manifests?: string
  readonly position?: 'workload' | 'gateway'
  readonly destination?: string
  readonly source?: string
  readonly principal?: string
  readonly output?: 'text' | 'json'
  readonly request?: string
  /** As written: `name: value`. */
  readonly header: readonly string[]
}

export type DoctorFlags = {
  readonly config?: string
  readonly manifests?: string
  readonly output?: 'text' | 'json'
}

export type Commands = {
  readonly serve: (flags: ServeFlags) => Promise<void>
  readonly check: (flags: CheckFlags, method?: string, url?: string) => Promise<number>
  readonly doctor: (flags: DoctorFlags) => Promise<number>
}

/** The exit code for an invalid command line. */
export const USAGE = 2
/** The exit code if the objects to examine cannot be read. */
export const UNREAD = 3

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
  program
    .command('check')
    .description('decide one request and explain each step; exits with 0 on allow, 1 on deny')
    .argument('[method]', 'method of the request, e.g. GET')
    .argument('[url]', 'URL of the request, as a gateway sees it unless --destination is given')
    .option('--config <file>', 'configuration file in YAML')
    .option('--manifests <folder>', 'read a folder of YAML instead of the API server')
    .addOption(
      new Option('--position <position>', 'the kind of proxy that asks').choices([
        'workload',
        'gateway',
      ]),
    )
    .option('--destination <ip:port>', 'address of the called pod')
    .option('--source <ip>', 'address of the caller')
    .option('--principal <id>', "identity in the caller's certificate, spiffe://...")
    .option('--request <file>', 'a CheckRequest as JSON, instead of METHOD and URL')
    .option('-H, --header <line>', 'request header "name: value", repeatable', addHeader, [])
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

/** Not parsed here: commander would quote an invalid value, which may be a key. */
const addHeader = (line: string, lines: readonly string[]): readonly string[] => [...lines, line]
