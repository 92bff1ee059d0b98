import { spawnSync } from 'node:child_process'
import { cpus, loadavg, release, totalmem } from 'node:os'
import manifest from '../../package.json' with { type: 'json' }
import { ENVOY_VERSION } from '../../scripts/envoy.ts'
import { GO_MODULES } from '../../scripts/go/modules.ts'
import { NODE_FLAGS } from '../../scripts/node-flags.ts'

/** What the figures depend on, apart from the program. */
export type Machine = {
  readonly date: string
  /** Of the last minute, including the benchmark. */
  readonly loadAverage: number
}

export const machineNow = (): Machine => ({
  date: new Date().toISOString().slice(0, 16).replace('T', ' '),
  loadAverage: loadavg()[0] ?? Number.NaN,
})

/** Names and versions. */
export function facts(): readonly (readonly [name: string, value: string])[] {
  const [cpu] = cpus()
  const gibibytes = (totalmem() / 2 ** 30).toFixed(0)
  return [
    ['processor', `${cpu?.model ?? 'unknown'}, ${cpus().length} cores, ${gibibytes} GiB`],
    ['kernel', `Linux ${release()}`],
    ['Node.js', `${process.version} ${NODE_FLAGS.join(' ')}`.trim()],
    ['grpc-js, proto-loader', `${grpcOf['@grpc/grpc-js']}, ${grpcOf['@grpc/proto-loader']}`],
    ['Envoy', ENVOY_VERSION],
    ['grpc-go', GO_MODULES.bench.version],
    ['jose', manifest.dependencies.jose],
    ['load', h2loadVersion()],
    ['kserve-authz', `${manifest.version}, commit ${commit()}`],
  ]
}

const grpcOf = { ...manifest.dependencies, ...manifest.devDependencies }

const h2loadVersion = (): string => spawnSync('h2load', ['--version']).stdout.toString().trim()

const commit = (): string =>
  spawnSync('git', ['rev-parse', '--short', 'HEAD']).stdout.toString().trim()
