// Writes the table of versions in SUPPORT.md, from the versions that the suites run.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import manifest from '../package.json' with { type: 'json' }
import { ENVOY_VERSION } from './envoy.ts'
import { KSERVE_VERSIONS } from './go/kserve-parts.ts'
import {
  API_SERVER,
  ENVOY_GATEWAY,
  HELM,
  KUSTOMIZE,
  PILOT_DISCOVERY,
  PROMTOOL,
} from './go/modules.ts'

const PAGE = fileURLToPath(new URL('../SUPPORT.md', import.meta.url))
const HEAD = '| program | needed | tested with | by |\n| --- | --- | --- | --- |\n'

type Row = {
  readonly program: string
  readonly needed: string
  readonly tested: string
  /** The names of the suites in test/e2e/, as a glob. */
  readonly suites: string
}

/** The version of a pseudo-version, with its commit. */
const atCommit = (version: string) => version.replace(/-(\w+)$/, ' (commit $1)')

export const COMPATIBILITY: readonly Row[] = [
  {
    program: 'Node.js',
    needed: manifest.engines.node.replace('>=', 'at least '),
    tested: manifest.devDependencies.node,
    suites: '*',
  },
  {
    program: 'Kubernetes',
    needed: 'at least 1.30',
    tested: API_SERVER.version,
    suites: 'cluster-*',
  },
  {
    program: 'KServe',
    needed: 'at least 0.8; the routes of older versions than those tested are known, and not run',
    tested: KSERVE_VERSIONS.join(', '),
    suites: 'kserve-*',
  },
  {
    program: 'Envoy',
    needed: 'with `ext_authz` over gRPC, v3',
    tested: ENVOY_VERSION,
    suites: 'envoy-*',
  },
  {
    program: 'Istio',
    needed: 'at least 1.22',
    tested: atCommit(PILOT_DISCOVERY.version),
    suites: '{mesh,istio}-*',
  },
  {
    program: 'Envoy Gateway',
    needed: 'at least 1.8',
    tested: ENVOY_GATEWAY.version,
    suites: 'envoy-gateway-*',
  },
  {
    program: 'kustomize',
    needed: 'at least 5.0, as in kubectl 1.30',
    tested: KUSTOMIZE.version,
    suites: 'deployment*',
  },
  { program: 'Helm', needed: '3 or 4', tested: HELM.version, suites: 'chart*' },
  { program: 'Prometheus', needed: '2 or 3', tested: PROMTOOL.version, suites: 'monitoring' },
]

export function compatibilityTable(): string {
  const rows = COMPATIBILITY.map(
    ({ program, needed, tested, suites }) =>
      `| ${program} | ${needed} | ${tested} | \`${suites}\` |\n`,
  )
  return HEAD + rows.join('')
}

if (import.meta.main) {
  const page = readFileSync(PAGE, 'utf8')
  const [start, table] = [page.indexOf(HEAD), compatibilityTable()]
  const end = page.indexOf('\n\n', start) + 1
  writeFileSync(PAGE, page.slice(0, start) + table + page.slice(end))
}
