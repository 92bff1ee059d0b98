import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAuthorities } from '../../testing/authorities.ts'
import { head, sendRaw } from '../../testing/envoy/http.ts'
import { LORA, loraRoutes, OPEN } from '../../testing/envoy-gateway/lora.ts'
import type { GatewayTls } from '../../testing/envoy-gateway/objects.ts'
import { type GatewayWorld, startGatewayWorld } from '../../testing/envoy-gateway/world.ts'
import { TEAM_KEY } from '../../testing/reports.ts'

const authorities = await createAuthorities()
/** The service's own, Envoy's, and one that neither trusts. */
const [service, envoy, stranger] = await Promise.all([
  authorities.create('service', 'kserve-authz.kserve-authz.svc'),
  authorities.create('envoy'),
  authorities.create('stranger', 'kserve-authz.kserve-authz.svc'),
])

const right: GatewayTls = { ca: service.ca, cert: envoy.cert, key: envoy.key }

let tls = right
let routes: readonly object[]
let world: GatewayWorld
beforeAll(async () => {
  routes = await loraRoutes()
  const inFolder = (name: string) => path.join(authorities.folder, name)
  world = await startGatewayWorld({
    manifests: LORA,
    routes,
    tls: () => tls,
    config: {
      grpc: {
        tls: {
          certFile: inFolder('service.crt'),
          keyFile: inFolder('service.key'),
          clientCaFile: envoy.caFile,
        },
      },
    },
  })
})
afterAll(async () => {
  await world?.stop()
  await authorities.remove()
})

const statusOf = async (host: string, target: string, ...lines: readonly string[]) =>
  (await sendRaw(world, head(`GET ${target} HTTP/1.1`, `Host: ${host}`, ...lines))).status

const answers = async () => ({
  open: await statusOf(OPEN, '/v1/models/m'),
  withKey: await statusOf('203.0.113.51', '/team/lora-two/v1/models/m', TEAM_KEY),
  without: await statusOf('203.0.113.51', '/team/lora-two/v1/models/m'),
})

const ANSWERED = { open: 200, withKey: 200, without: 401 }
const REFUSED = { open: 503, withKey: 503, without: 503 }

describe('Envoy Gateway with the BackendTLSPolicy and the client certificate that are shipped', () => {
  it('asks the service over mutual TLS', async () => {
    expect(await answers()).toEqual(ANSWERED)
  })

  it.each<[title: string, tls: GatewayTls]>([
    ['with a certificate of another authority is not answered', { ...stranger, ca: service.ca }],
    [
      'does not ask a service with a certificate of another authority',
      { ...right, ca: stranger.ca },
    ],
  ])('%s: every request is 503', async (_title, wrong) => {
    tls = wrong
    await world.reroute(routes)
    // Connections that are open stay open.
    await world.restartService()
    await expect.poll(answers).toEqual(REFUSED)
    tls = right
    await world.reroute(routes)
    await expect.poll(answers).toEqual(ANSWERED)
  })
})
