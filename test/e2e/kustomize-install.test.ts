import path from 'node:path'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { type Cluster, startCluster } from '../../testing/cluster/cluster.ts'
import {
  BEFORE,
  bindRole,
  callersToken,
  makeRole,
  protect,
  startBehindEnvoy,
  stopwatch,
} from '../../testing/deployment/first-answers.ts'
import { applyServerSide, render } from '../../testing/deployment/render.ts'
import { type BuiltImage, buildOwnImage } from '../../testing/image/own-image.ts'

const PATIENCE = { timeout: 60_000, interval: 10 }

let cluster: Cluster
let image: BuiltImage

beforeAll(async () => {
  ;[cluster, image] = await Promise.all([startCluster(), buildOwnImage()])
  for (const object of BEFORE) await cluster.apply(object)
})
afterAll(async () => {
  await cluster?.stop()
  await image?.remove()
})

it('what kubectl applies from deploy/ leads to 401 without a credential and to 200 with a token', async () => {
  const passed = stopwatch('kubectl apply -k')
  const objects = await render(path.join(import.meta.dirname, '../../deploy'))
  await applyServerSide(cluster, objects)
  const { status, stop } = await startBehindEnvoy(cluster, image, objects)
  onTestFinished(stop)
  expect(await status()).toBe(200)
  await protect(cluster)
  await expect.poll(() => status(), PATIENCE).toBe(401)
  passed('the first 401')
  await makeRole(cluster)
  await bindRole(cluster)
  const token = await callersToken(cluster)
  await expect.poll(() => status(token), PATIENCE).toBe(200)
  passed('the first 200 with a token')
})
