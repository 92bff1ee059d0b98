import { commandOf, type Documented, PAGES, statementsOf } from './documented.ts'

/** How a command on a page is tested. */
type Treatment =
  /** It runs as it is on the page, but for values of the reader. */
  | { readonly run: string }
  /** Its words are parsed by the program, or its values rendered. */
  | { readonly read: string }
  /** Nothing runs it. */
  | { readonly not: string }

type Row = readonly [page: RegExp, command: RegExp, treatment: Treatment]

export const BY_KUBECTL = 'test/e2e/documented-kubectl.test.ts'
export const BY_MESH = 'test/e2e/mesh-documented.test.ts'
export const BY_KREW = 'test/e2e/krew.test.ts'
export const BY_ISTIO_GATEWAY = 'test/e2e/istio-gateway-api.test.ts'
export const BY_PLAIN_ENVOY = 'test/e2e/envoy-example.test.ts'
const BY_PARSING = 'test/documented-commands.test.ts'

const ANY = /^/
const OTHER_GATEWAY =
  'Envoy Gateway runs without an API server here; its tests send such requests and expect these answers'

/** The first row that fits decides. */
export const ROWS: readonly Row[] = [
  [/^docs\/istio\/(?:models|inference-graphs|llms|service)\.md$/, ANY, { run: BY_MESH }],
  [/^docs\/istio\/(?:local|ingress)-gateway\.md$/, ANY, { run: BY_MESH }],
  [
    /^docs\/envoy-gateway\/network/,
    / run probe /,
    {
      not: 'a network plugin gives its answer, and no node has one here; docs/istio/service.md runs such a command',
    },
  ],
  [ANY, /^kubectl .*(?: rollout | port-forward | run probe )/, { run: BY_MESH }],
  [ANY, /^kubectl logs /, { run: BY_MESH }],
  [ANY, /^(?:kubectl krew|ln -s) /, { run: BY_KREW }],
  [ANY, /^kubectl /, { run: BY_KUBECTL }],
  [/^README/, /^helm /, { run: 'test/e2e/readme-install.test.ts' }],
  [/^docs\/upgrade/, /^helm /, { run: 'test/e2e/chart-install.test.ts' }],
  [/^charts/, /^helm /, { read: BY_PARSING }],
  [/^docs\/operations/, /^sed /, { run: 'test/e2e/monitoring.test.ts' }],
  [ANY, /^(?:\.\/|\.\.\/\.\.\/)kserve-authz (?!.*\$\()/, { run: 'test/e2e/transcripts.test.ts' }],
  [ANY, /^(?:\.\/|\.\.\/\.\.\/)?kserve-authz /, { read: BY_PARSING }],
  [ANY, /^(?:[A-Z_]+=\S+ )?(?:make|npm) /, { read: BY_PARSING }],
  [
    /^README/,
    /^docker /,
    {
      not: 'it needs a container engine and a registry; test/e2e/image.test.ts executes the steps of the Dockerfile',
    },
  ],
  [/^README/, /^curl /, { run: BY_MESH }],
  [/^docs\/envoy\.md/, /^curl /, { run: BY_PLAIN_ENVOY }],
  [/^docs\/istio\/kubernetes-gateway/, /^(?:G=|curl )/, { run: BY_ISTIO_GATEWAY }],
  [/^docs\/envoy-gateway\/gateway/, /^(?:G=|curl )/, { not: OTHER_GATEWAY }],
]

const rowOf = ({ page, statement }: Documented): Row | undefined =>
  ROWS.find(([where, command]) => where.test(page) && command.test(commandOf(statement)))

/** Its commands fetch and build other projects. */
const PEERS = 'bench/peers.md'

export const ALL: readonly (Documented & { readonly row: Row | undefined })[] = PAGES.filter(
  (page) => page !== PEERS,
)
  .flatMap(statementsOf)
  .map((each) => ({ ...each, row: rowOf(each) }))

/** The commands that this test runs. */
export const runBy = (test: string): readonly Documented[] =>
  ALL.filter(({ row }) => row !== undefined && 'run' in row[2] && row[2].run === test)
