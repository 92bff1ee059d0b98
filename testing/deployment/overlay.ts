import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Written } from '../cluster/client.ts'
import { render } from './render.ts'

const DEPLOY = path.join(import.meta.dirname, '../../deploy')

/** The objects of `deploy/` with components of it, and the configuration of an own file if there is one. */
export async function renderWith(
  components: readonly string[],
  config?: string,
): Promise<readonly Written[]> {
  const folder = await realpath(await mkdtemp(path.join(tmpdir(), 'overlay-')))
  const deploy = path.relative(folder, DEPLOY)
  const kustomization = {
    resources: [deploy],
    components: components.map((name) => path.join(deploy, name)),
    ...(config !== undefined && {
      configMapGenerator: [
        {
          name: 'kserve-authz',
          namespace: 'kserve-authz',
          behavior: 'merge',
          files: ['config.yaml'],
        },
      ],
    }),
  }
  try {
    await writeFile(path.join(folder, 'kustomization.yaml'), JSON.stringify(kustomization))
    if (config !== undefined) await writeFile(path.join(folder, 'config.yaml'), config)
    return await render(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}
