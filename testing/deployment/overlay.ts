import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Written } from '../cluster/client.ts'
import { render } from './render.ts'

const ROOT = path.join(import.meta.dirname, '../..')

type Kustomization = {
  readonly resources: readonly string[]
  readonly components?: readonly string[]
  readonly patches?: readonly object[]
}

/** The objects of a kustomization; its paths start at the root of the project. */
export async function renderOverlay(kustomization: Kustomization): Promise<readonly Written[]> {
  const folder = await realpath(await mkdtemp(path.join(tmpdir(), 'overlay-')))
  const place = (name: string) => path.join(path.relative(folder, ROOT), name)
  const { resources, components = [] } = kustomization
  const whole = {
    ...kustomization,
    resources: resources.map(place),
    components: components.map(place),
  }
  try {
    await writeFile(path.join(folder, 'kustomization.yaml'), JSON.stringify(whole))
    return await render(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** The objects of `deploy/` with components of it. */
export const renderWith = (components: readonly string[]): Promise<readonly Written[]> =>
  renderOverlay({
    resources: ['deploy'],
    components: components.map((name) => `deploy/${name}`),
  })
