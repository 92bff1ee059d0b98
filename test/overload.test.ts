import { hash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Engine, openEngine } from '../src/app/engine.ts'
import { VERIFICATIONS } from '../src/app/verifications.ts'
import { explain } from '../src/cli/check.ts'
import { readConfig } from '../src/config/read-config.ts'
import { encodeCheckRequest } from '../src/envoy/protocol.ts'
import { aCheck } from '../testing/envoy/check-client.ts'
import { folderOf } from '../testing/folder-of.ts'
import { createSigner, goodClaims } from '../testing/issuers/oidc-issuer.ts'

const { running: RUNNING, waitingPerKey: WAITING, patienceMs: PATIENCE_MS } = VERIFICATIONS

const ISSUER = 'https://issuer.example.com'
const KEY = 'key-of-the-quiet-tenant-not-a-secret'
const signer = createSigner()
const sheds: string[] = []

let folder: Awaited<ReturnType<typeof folderOf>>
let engine: Engine
/** The clock stands still. */
let clock = 0

const model = (namespace: string) => ({
  apiVersion: 'serving.kserve.io/v1beta1',
  kind: 'InferenceService',
  metadata: {
    name: 'iris',
    namespace,
    annotations: { 'security.opendatahub.io/enable-auth': 'true' },
  },
  status: { url: `http://iris-${namespace}.example.com` },
})

const key = (namespace: string) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'key', namespace, labels: { 'kserve-authz.io/credential': 'api-key' } },
  stringData: { api_key_sha256: hash('sha256', KEY) },
})

const access = (namespace: string) => [
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name: 'read', namespace },
    rules: [{ apiGroups: ['serving.kserve.io'], resources: ['*'], verbs: ['get'] }],
  },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: 'read', namespace },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'read' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'idp:ada' }],
  },
]

beforeAll(async () => {
  const tenants = ['noisy', 'quiet']
  folder = await folderOf(tenants.flatMap((name) => [model(name), key(name), ...access(name)]))
  const jwksFile = path.join(folder.root, 'jwks.json')
  await writeFile(jwksFile, JSON.stringify({ keys: [signer.jwk] }))
  const provider = {
    name: 'idp',
    issuer: ISSUER,
    jwksFile,
    audiences: ['models'],
    rbac: { username: { claim: 'sub', prefix: 'idp:' } },
  }
  engine = await openEngine({
    config: readConfig({
      env: { KSERVE_AUTHZ_JWT_PROVIDERS: JSON.stringify([provider]) },
      flags: { manifests: folder.root },
    }),
    manifests: folder.root,
    reportProblem: () => {},
    reportFault: () => {},
    reportOutage: () => {},
    observeShed: (cause) => sheds.push(cause),
  })
  // The issuer's keys are available.
  await vi.waitFor(async () => expect(await ask('noisy')).toBe(''), { timeout: 60_000 })
})
afterAll(async () => {
  await engine.close()
  await folder.remove()
})

let count = 0
const newToken = (tenant: string) => {
  count += 1
  return signer.sign({ ...goodClaims(ISSUER), jti: `${tenant} ${count}` })
}

/** The reason; `''`: allowed. */
async function ask(tenant: string, credential = newToken(tenant)): Promise<string> {
  const request = aCheck({
    host: `iris-${tenant}.example.com`,
    headers: { authorization: `Bearer ${credential}` },
  })
  return (await explain(engine, encodeCheckRequest(request), 'gateway')).reason
}

const times = <T>(number: number, make: () => T): T[] => Array.from({ length: number }, make)

/** Verifications wait until they are released; `begun` lists the tenants of the started ones. */
function holdVerifications() {
  const verify = crypto.subtle.verify.bind(crypto.subtle)
  const begun: string[] = []
  const waiting: (() => void)[] = []
  let released = false
  vi.spyOn(crypto.subtle, 'verify').mockImplementation(async (...given) => {
    begun.push(tenantIn(given[3]))
    if (!released) await new Promise<void>((resolve) => waiting.push(resolve))
    return verify(...given)
  })
  return {
    begun,
    releaseOne: () => waiting.shift()?.(),
    releaseAll: () => {
      released = true
      for (const resolve of waiting.splice(0)) resolve()
    },
  }
}

function tenantIn(signed: Parameters<typeof crypto.subtle.verify>[3]): string {
  const bytes = ArrayBuffer.isView(signed)
    ? Buffer.from(signed.buffer, signed.byteOffset, signed.byteLength)
    : Buffer.from(signed)
  const payload = Buffer.from(bytes.toString().split('.')[1] ?? '', 'base64url').toString()
  return /"jti":"(\w+)/.exec(payload)?.[1] ?? ''
}

const tally = (reasons: readonly string[]) =>
  Object.fromEntries(
    [...new Set(reasons)].map((each) => [each, reasons.filter((one) => one === each).length]),
  )

/** The answers up to now. */
function collecting() {
  const reasons: string[] = []
  return {
    reasons,
    add: (asked: Promise<string>) => void asked.then((reason) => reasons.push(reason)),
  }
}

beforeEach(() => {
  sheds.length = 0
  clock = performance.now()
  vi.spyOn(performance, 'now').mockImplementation(() => clock)
})
afterEach(() => void vi.restoreAllMocks())

describe('five times as many new JWTs as may run and wait', () => {
  const most = RUNNING + WAITING

  it('are verified up to the bound, and the others refused before verification', async () => {
    const held = holdVerifications()
    const { reasons, add } = collecting()
    for (const asked of times(5 * most, () => ask('noisy'))) add(asked)
    await expect.poll(() => tally(reasons)).toEqual({ overloaded: 4 * most })

    expect(tally(sheds)).toEqual({ 'jwt-queue': 4 * most })
    await expect.poll(() => held.begun).toHaveLength(RUNNING)
    held.releaseAll()
    await expect.poll(() => tally(reasons)).toEqual({ overloaded: 4 * most, '': most })
    expect(held.begun).toHaveLength(most)
  })

  it('do not delay cached tokens and API keys', async () => {
    const known = newToken('noisy')
    expect(await ask('noisy', known)).toBe('')
    const held = holdVerifications()
    const flood = times(5 * most, () => ask('noisy'))
    expect(await ask('noisy', known)).toBe('')
    expect(await ask('noisy', KEY)).toBe('')
    expect(await ask('quiet', KEY)).toBe('')
    await expect.poll(() => held.begun).toHaveLength(RUNNING)
    held.releaseAll()
    await Promise.all(flood)
  })

  it('are not verified once their answer would come too late', async () => {
    const held = holdVerifications()
    const flood = times(most, () => ask('noisy'))
    await expect.poll(() => held.begun).toHaveLength(RUNNING)
    clock += PATIENCE_MS
    held.releaseAll()
    expect(tally(await Promise.all(flood))).toEqual({ '': RUNNING, overloaded: WAITING })
    expect(held.begun).toHaveLength(RUNNING)
    expect(await ask('noisy')).toBe('')
  })
})

describe("one tenant's flood of new JWTs", () => {
  it('leaves every second verification to another tenant', async () => {
    const held = holdVerifications()
    const flood = times(RUNNING + WAITING, () => ask('noisy'))
    await expect.poll(() => held.begun).toHaveLength(RUNNING)
    const others = times(4, () => ask('quiet'))
    // Each starts one that waited.
    for (let ended = 1; ended <= 8; ended += 1) {
      held.releaseOne()
      await expect.poll(() => held.begun).toHaveLength(RUNNING + ended)
    }
    expect(tally(held.begun.slice(RUNNING))).toEqual({ noisy: 4, quiet: 4 })
    held.releaseAll()
    expect(tally(await Promise.all(others))).toEqual({ '': 4 })
    await Promise.all(flood)
  })

  it('is refused where it would take the places of others', async () => {
    const held = holdVerifications()
    const flood = times(10 * WAITING, () => ask('noisy'))
    const others = times(WAITING, () => ask('quiet'))
    held.releaseAll()
    expect(tally(await Promise.all(others))).toEqual({ '': WAITING })
    expect(tally(await Promise.all(flood))).toEqual({
      '': RUNNING + WAITING,
      overloaded: 9 * WAITING - RUNNING,
    })
  })
})
