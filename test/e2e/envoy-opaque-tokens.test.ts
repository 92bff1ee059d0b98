import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { findEnvoy } from '../../scripts/envoy.ts'
import { envoyBootstrap } from '../../scripts/envoy-bootstrap.ts'
import { findIssuers } from '../../scripts/issuers.ts'
import { startEnvoy } from '../../scripts/start-envoy.ts'
import { folderOf } from '../../testing/folder-of.ts'
import { MODEL, policyOf } from '../../testing/identity-engine.ts'
import { ASKING, createKey, startOidcProvider } from '../../testing/issuers/real/oidc-provider.ts'
import { at, textAt } from '../../testing/json.ts'
import { sendHttp1 } from '../../testing/scenario/http.ts'
import { startPod } from '../../testing/scenario/pod.ts'
import { startService } from '../../testing/service.ts'

const stops: (() => unknown)[] = []
afterAll(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop()
})

let issuer: Awaited<ReturnType<typeof startOidcProvider>>
let service: Awaited<ReturnType<typeof startService>>
let pod: Awaited<ReturnType<typeof startPod>>
let proxy: Awaited<ReturnType<typeof startEnvoy>>

beforeAll(async () => {
  const { packages } = await findIssuers(() => {})
  issuer = await startOidcProvider(packages, [createKey('one')])
  stops.push(issuer.stop)
  const own = await mkdtemp(path.join(tmpdir(), 'opaque-tokens-'))
  stops.push(() => rm(own, { recursive: true }))
  const clientSecretFile = path.join(own, 'client-secret')
  await writeFile(clientSecretFile, ASKING.secret)
  const provider = {
    name: 'idp',
    issuer: issuer.issuer,
    audiences: ['models'],
    introspection: { url: issuer.introspection, clientId: ASKING.id, clientSecretFile },
  }
  const manifests = await folderOf([MODEL, policyOf({ allow: [{ from: [{ users: ['ada'] }] }] })])
  stops.push(manifests.remove)
  const config = { jwt: { providers: [provider] } }
  service = await startService({ folder: manifests.root, config })
  stops.push(service.stop)
  pod = await startPod()
  stops.push(pod.close)
  const listener = { name: 'gateway', port: 0, httpUpstreamPort: pod.httpPort }
  const bootstrap = envoyBootstrap({
    listeners: [{ ...listener, authzPort: service.grpcPort }],
  })
  proxy = await startEnvoy({ envoy: await findEnvoy(() => {}), bootstrap, folder: own })
  stops.push(proxy.stop)
})

let count = 0
async function send(token: string) {
  count += 1
  const id = `request-${count}`
  const { status } = await sendHttp1({
    address: '127.0.0.1',
    port: proxy.portOf('gateway'),
    method: 'POST',
    path: '/v1/models/iris:predict',
    headers: {
      host: 'iris-team.example.com',
      authorization: `Bearer ${token}`,
      'x-request-id': id,
    },
    body: undefined,
  })
  const [received] = pod.receivedWith(id)
  return { status, user: received && textAt(received.headers, 'x-auth-request-user') }
}

it('an opaque token of a real authorization server opens a model behind Envoy, until it is revoked', async () => {
  const { access } = await issuer.byCode('ada', 'urn:models')
  expect(await send(access)).toEqual({ status: 200, user: 'ada' })
  expect(await send((await issuer.byCode('eve', 'urn:models')).access)).toEqual({ status: 403 })
  const revoked = await issuer.byCode('ada', 'urn:models')
  await issuer.revoke(revoked.access)
  expect(await send(revoked.access)).toEqual({ status: 401 })
  await issuer.stop()
  expect(await send(access)).toEqual({ status: 200, user: 'ada' })
  expect(await send('another')).toEqual({ status: 503 })
  await expect
    .poll(() => service.decisions.map((line) => textAt(line, 'reason')))
    .toEqual(['', 'not-permitted', 'invalid-token', '', 'authentication-unavailable'])
  const told = JSON.stringify([service.decisions, service.log])
  for (const secret of [access, revoked.access, ASKING.secret]) expect(told).not.toContain(secret)
  expect(at(service.decisions[0], 'credentialKind')).toBe('jwt')
})
