import { hash } from 'node:crypto'
import { copyFile, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { makeCertificates } from '../../../testing/cluster/programs.ts'
import { writeWorld } from '../../worlds/manifests.ts'
import { createIssuers } from '../../worlds/tokens.ts'
import type { Model } from '../../worlds/world.ts'
import { keyOf, NOISY, newTokens, WORLD } from '../overload/world.ts'
import type { LoadPlan } from './load.ts'

/** Certificates that are rotated. */
const CERTIFICATES = 4

export type SoakWorld = Awaited<ReturnType<typeof createSoakWorld>>

/** Writes manifests, certificates and the configuration of the service. */
export async function createSoakWorld(folder: string) {
  const issuers = await createIssuers(folder)
  await writeWorld(folder, WORLD, issuers)
  const manifests = path.join(folder, 'manifests')
  const of = (name: string) => path.join(folder, name)
  const authorities: string[] = []
  for (let index = 0; index < CERTIFICATES; index += 1) {
    await mkdir(of(`ca-${index}`))
    await makeCertificates(of(`ca-${index}`))
    authorities.push(await readFile(of(`ca-${index}/ca.crt`), 'utf8'))
  }
  await writeFile(of('ca.crt'), authorities.join(''))
  const rotate = async (count: number) => {
    const from = of(`ca-${count % CERTIFICATES}`)
    for (const [source, target] of [
      ['server.key', 'tls.key'],
      ['server.crt', 'tls.crt'],
    ] as const) {
      await copyFile(path.join(from, source), of(`${target}.new`))
      await rename(of(`${target}.new`), of(target))
    }
  }
  await rotate(0)
  const config: unknown = JSON.parse(await readFile(of('config.yaml'), 'utf8'))
  const grpc = { tls: { certFile: of('tls.crt'), keyFile: of('tls.key') } }
  await writeFile(of('soak.yaml'), JSON.stringify({ ...Object(config), grpc }))

  const change = async (count: number) => {
    const [name, object] = changeAt(count)
    await writeFile(of(`${name}.new`), JSON.stringify(object))
    await rename(of(`${name}.new`), path.join(manifests, `${name}.yaml`))
  }
  for (let count = 0; count < CHANGES.length; count += 1) await change(count)

  const known = keyOf(NOISY).authorization ?? ''
  const texts = newTokens(issuers, 1).map(({ authorization = '' }) => authorization)
  const request = (credentials: readonly string[], status: number, model: Model = NOISY) => ({
    host: `${model.name}-${model.namespace}.example.com`,
    path: `/v1/models/${model.name}:predict`,
    credentials,
    status,
  })
  const usual = [request([known], 200), request(texts.slice(0, 20), 200), request([], 401)]
  const requests: LoadPlan['requests'] = [
    ...Array.from({ length: 6 }, () => usual).flat(),
    request(texts, 200),
    request(['Bearer of-nobody'], 401),
  ]
  return {
    manifests,
    config: of('soak.yaml'),
    caFile: of('ca.crt'),
    requests,
    change,
    rotate,
    write: (name: string, content: unknown) => writeFile(of(name), JSON.stringify(content)),
    file: of,
  }
}

/** Changes of each kind in turn; none affects the expected answers. */
const changeAt = (count: number): readonly [string, object] => {
  const make = CHANGES[count % CHANGES.length]
  if (make === undefined) throw new Error('no change')
  return make(count)
}

const { namespace } = NOISY
const CHANGES: readonly ((count: number) => readonly [string, object])[] = [
  (count) => [
    'changed-policy',
    {
      apiVersion: 'kserve-authz.io/v1alpha1',
      kind: 'AccessPolicy',
      metadata: { namespace, name: 'changed' },
      spec: {
        targetRefs: [{ group: 'serving.kserve.io', kind: 'InferenceService', name: 'changed' }],
        allow: [{ from: [{ claims: { sub: [`user-${count}`] } }] }],
      },
    },
  ],
  (count) => [
    'changed-key',
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { namespace, name: 'changed', labels: { 'kserve-authz.io/credential': 'api-key' } },
      stringData: { api_key_sha256: hash('sha256', `changed ${count}`) },
    },
  ],
  (count) => [
    'changed-service',
    {
      apiVersion: 'serving.kserve.io/v1beta1',
      kind: 'InferenceService',
      metadata: {
        namespace,
        name: 'changed',
        annotations: { 'security.opendatahub.io/enable-auth': String(count % 8 < 4) },
      },
      status: { url: `http://changed-${namespace}.example.com` },
    },
  ],
  (count) => [
    'changed-pod',
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        namespace,
        name: 'changed-predictor-0',
        labels: { 'serving.kserve.io/inferenceservice': 'changed', component: 'predictor' },
      },
      status: { phase: 'Running', podIP: `10.245.0.${count % 250}` },
    },
  ],
]
