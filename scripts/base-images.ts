// Checks at their registries the base images that the Dockerfile names by digest: node scripts/base-images.ts [DOCKERFILE]

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { readDockerfile } from '../testing/image/dockerfile.ts'
import { listAt, textAt } from '../testing/json.ts'
import { messageOf } from './message-of.ts'

const DOCKERFILE = path.join(import.meta.dirname, '../Dockerfile')
const PLATFORMS = ['linux/amd64', 'linux/arm64']

export type BaseImage = { readonly tag: string; readonly digest: string }

/** The images of the stages, each `name:tag@sha256:...`. */
export function baseImagesOf(dockerfile: string): readonly BaseImage[] {
  return readDockerfile(dockerfile)
    .filter(({ name }) => name === 'FROM')
    .map(({ rest }) => {
      const [, tag, digest] =
        /^([\w./-]+:[\w.-]+)@(sha256:[0-9a-f]{64})(?: AS \w+)?$/.exec(rest) ?? []
      if (tag === undefined || digest === undefined) throw new Error(`no tag and digest: ${rest}`)
      return { tag, digest }
    })
}

/** The list of an image's platforms, as the registry holds it. */
const inspect = (image: string): Buffer =>
  execFileSync('docker', ['buildx', 'imagetools', 'inspect', '--raw', image], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })

const digestOf = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

/** Throws if a registry has no such image for both platforms. Tells of newer ones. */
function check({ tag, digest }: BaseImage): string {
  const list = inspect(`${tag.split(':')[0]}@${digest}`)
  if (digestOf(list) !== digest) throw new Error(`${tag}: the registry answers another digest`)
  const parsed: unknown = JSON.parse(list.toString())
  const platforms = new Set(
    listAt(parsed, 'manifests').map((each) =>
      ['os', 'architecture'].map((key) => textAt(each, 'platform', key)).join('/'),
    ),
  )
  const missing = PLATFORMS.filter((platform) => !platforms.has(platform))
  if (missing.length > 0) throw new Error(`${tag}: no image for ${missing.join(' and ')}`)
  const now = digestOf(inspect(tag))
  return now === digest ? `${tag}: ${digest}` : `${tag}: ${digest}, the tag is now ${now}`
}

if (import.meta.main) {
  try {
    const file = process.argv[2] ?? DOCKERFILE
    for (const image of baseImagesOf(readFileSync(file, 'utf8'))) console.log(check(image))
  } catch (fault) {
    console.error(messageOf(fault))
    process.exitCode = 1
  }
}
