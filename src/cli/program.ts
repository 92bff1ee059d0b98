import { Command, CommanderError, Option } from 'commander'

/** What `serve` was asked for on the command line; what is absent comes from the environment or the file. */
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
  /** As they were written: `name: value`. */
  readonly header: readonly string[]
}

export type Commands = {
  readonly serve: (flags: ServeFlags) => Promise<void>
  readonly check: (flags: CheckFlags, method?: string, url?: string) => Promise<number>
}

/** The exit code of a command line that cannot be read. */
export const USAGE = 2

/** Reads the command line and runs what it asks for; resolves to the exit code once that has ended. */
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
  addCheck(program, commands, (exitCode) => {
    code = exitCode
  })
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
    .option('--config <file>', 'configuration, as YAML')
    .option('--manifests <folder>', 'a folder of YAML in place of the API server')
    .option('--grpc-address <host:port>', 'where gateways ask; with --manifests only')
    .option(
      '--grpc-workload-address <host:port>',
      "where the pods' sidecars ask; with --manifests only",
    )
    .option('--http-address <host:port>', 'where /metrics, /livez and /readyz are')
    .option('--log-level <level>', 'debug, info, warn or error')
    .action(async (flags: ServeFlags) => serve(flags))
}

function addCheck(program: Command, { check }: Commands, exit: (code: number) => void) {
  program
    .command('check')
    .description('decide about one request and explain the steps; exits 0 on allow, 1 on deny')
    .argument('[method]', 'of the request, e.g. GET')
    .argument('[url]', 'of the request; without --destination as a gateway sees it')
    .option('--config <file>', 'configuration, as YAML')
    .option('--manifests <folder>', 'a folder of YAML in place of the API server')
    .addOption(
      new Option('--position <position>', 'the proxy that asks').choices(['workload', 'gateway']),
    )
    .option('--destination <ip:port>', 'the pod that is called')
    .option('--source <ip>', 'where the call comes from')
    .option('--principal <id>', "the caller's identity in its certificate, spiffe://...")
    .option('--request <file>', 'a CheckRequest as JSON, in place of METHOD and URL')
    .option('-H, --header <line>', 'a header of the request, repeatable', addHeader, [])
    .addOption(new Option('-o, --output <form>', 'of the answer').choices(['text', 'json']))
    .action(async (method: string | undefined, url: string | undefined, flags: CheckFlags) =>
      exit(await check(flags, method, url)),
    )
}

/** Not read here: what cannot be read would be quoted, and may be a key. */
const addHeader = (line: string, lines: readonly string[]): readonly string[] => [...lines, line]
