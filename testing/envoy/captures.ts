import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { known } from '../../src/access/authentication.ts'
import { encodeForeignCheckRequest } from '../../src/envoy/protocol.ts'
import { aCaller, anApiKey, aService, aWorkload, type World } from '../builders.ts'
import { at, listAt, textAt } from '../json.ts'

const FOLDER = path.join(import.meta.dirname, '../../test/fixtures/captures')

/** A CheckRequest as a real Envoy sent it. */
export type Captured = {
  /** The name of the capture. */
  readonly name: string
  /** Its index within the capture. */
  readonly index: number
  /** As JSON with proto field names. */
  readonly message: unknown
  readonly bytes: Buffer
}

/** Every CheckRequest of every capture, by name and order. */
export function captures(): readonly Captured[] {
  return readdirSync(FOLDER)
    .filter((file) => file !== 'paths.json')
    .toSorted()
    .flatMap((file) => {
      const content = readFixture(file)
      const several = listAt(content, 'check_requests').map((each) => at(each, 'check_request'))
      const messages = several.length > 0 ? several : [at(content, 'check_request')]
      const name = textAt(content, 'name')
      return messages.map((message, index) => ({ name, index, ...encoded(message) }))
    })
}

const readFixture = (file: string): unknown =>
  JSON.parse(readFileSync(path.join(FOLDER, file), 'utf8'), bytesAsBase64)

/** The captures write bytes as `{$utf8, $base64}`, proto3's JSON as base64. */
const bytesAsBase64 = (_key: string, value: unknown): unknown => at(value, '$base64') ?? value

export function encoded(message: unknown) {
  const bytes = encodeForeignCheckRequest(message)
  if (bytes === undefined) throw new Error('a capture that is no CheckRequest')
  return { message, bytes }
}

/** Paths as sent, with the form that each listener's Envoy forwards. */
export const capturedPaths = (): unknown =>
  at(readFixture('paths.json'), 'http_path_seen_by_ext_authz')

const openAt = (host: string) =>
  aService({ name: host.split('.')[0] ?? '', urls: [host], protection: 'open' })

const READER = known(aCaller())

/**
 * The objects behind the captures: the protected team/sk at two hosts, its predictor with a sidecar at the captures'
 * own address, and open services. Each repeated credential of a request is valid on its own.
 */
export const CAPTURED_WORLD: World = {
  services: [
    aService({ name: 'sk', urls: ['sk-team.example.com', 'mesh-team.example.com'] }),
    ...['other.example.com', 'a.example.com', 'b.example.com'].map(openAt),
  ],
  workloads: [
    aWorkload({
      name: 'sk-predictor-0',
      addresses: ['127.0.0.1'],
      serviceAccount: 'sk-predictor',
      service: { kind: 'InferenceService', namespace: 'team', name: 'sk' },
    }),
  ],
  keys: ['one', 'two'].map((key) => anApiKey({ key, name: key })),
  tokens: new Map(['abc', 'one', 'two'].map((token) => [token, READER])),
}
