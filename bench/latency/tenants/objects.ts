import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createDirectory } from '../../../src/access/directory.ts'
import { openManifests } from '../../../src/manifests/source.ts'
import { readResource } from '../../../src/resources/resource.ts'
import { aKeySecret, SETTINGS } from '../../../testing/objects.ts'
import { anAccessPolicy } from '../../../testing/policies/policies.ts'
import { duration, longestStall } from './stall.ts'

const MEBIBYTE = 1_024 * 1_024
const SERVICES = 20_000

/** A Secret with a key of one mebibyte. */
export function largeSecret(): number {
  const secret = aKeySecret({ data: { api_key: Buffer.alloc(MEBIBYTE, 'k').toString('base64') } })
  return duration(() => readResource(secret, SETTINGS))
}

/** A policy of the maximum size of an object. */
export function largePolicy(): number {
  const users = Array.from({ length: 1_000 }, () => 'a')
  const rule = { from: [{ users }] }
  const policy = anAccessPolicy({ allow: Array.from({ length: 375 }, () => rule) })
  return duration(() => readResource(policy, SETTINGS))
}

/** A list of services in one document of a folder. */
export async function largeDocument(): Promise<number> {
  const folder = await mkdtemp(path.join(tmpdir(), 'kserve-authz-'))
  try {
    await writeFile(path.join(folder, 'list.yaml'), `kind: List\nitems:\n${servicesAsText()}`)
    return await longestStall(async () => {
      const directory = createDirectory()
      const report = () => {}
      const manifests = await openManifests({ folder, settings: SETTINGS, directory, report })
      if (directory.services.size() !== SERVICES) throw new Error('not all services are known')
      await manifests.close()
    })
  } finally {
    await rm(folder, { recursive: true })
  }
}

const servicesAsText = (): string =>
  Array.from(
    { length: SERVICES },
    (_, index) => `- apiVersion: serving.kserve.io/v1beta1
  kind: InferenceService
  metadata:
    name: model-${index}
    namespace: team
    annotations: {security.opendatahub.io/enable-auth: "true"}
  spec: {predictor: {model: {modelFormat: {name: sklearn}}}}
`,
  ).join('')
