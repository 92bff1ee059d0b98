import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { canI } from './can-i.ts'
import { type Example, readDocuments } from './data.ts'
import { changeManifests } from './manifests.ts'
import { startService } from './service.ts'
import type { OpenSource } from './source.ts'
import { createSigner } from './tokens.ts'

const kubernetes = z.object({ kubernetes: z.object({ issuer: z.string() }).optional() })

/** The copied manifests themselves, with tokens of a fictitious cluster. */
export const folderSource =
  ({ folder: original, namespace }: Example, config: string | undefined): OpenSource =>
  async (folder) => {
    const manifests = path.join(folder, 'manifests')
    const signer = await createSigner(issuerIn(folder, config), namespace)
    await writeFile(path.join(folder, 'jwks.json'), JSON.stringify(signer.jwks))
    return {
      start: (config) => startService(folder, config),
      change: (change) => changeManifests(manifests, original, change),
      can: (question) => canI(manifests, namespace, question),
      fill: signer.fill,
    }
  }

/** The issuer in the configuration; without one, no tokens are signed. */
function issuerIn(folder: string, config: string | undefined): string {
  if (config === undefined) return 'nobody'
  const [document] = readDocuments(path.join(folder, config))
  return kubernetes.parse(document).kubernetes?.issuer ?? 'nobody'
}
