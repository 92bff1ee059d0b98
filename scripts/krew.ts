// Makes the archive of the kubectl plugin, and its manifest for Krew: node scripts/krew.ts --homepage URL --into DIR
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { packagesOf } from './lockfile.ts'

const ROOT = path.join(import.meta.dirname, '..')
const MANIFEST = 'deploy/krew/kserve-authz.yaml'
export const ARCHIVE = 'kserve-authz-plugin.tar.gz'

/** What runs, and the licenses; as in the image. */
const FILES = ['package.json', 'LICENSE', 'NOTICE', 'src', 'proto', 'kubectl-kserve_authz']

const read = (file: string) => readFileSync(path.join(ROOT, file), 'utf8')

/** The packages that run, by their folders. */
const packages = (): readonly string[] =>
  Object.entries(packagesOf(JSON.parse(read('package-lock.json')))).flatMap(([place, { dev }]) =>
    place === '' || dev === true ? [] : [place],
  )

/** Krew refuses links. */
function copyInto(folder: string): void {
  for (const file of FILES)
    cpSync(path.join(ROOT, file), path.join(folder, file), { recursive: true, dereference: true })
  for (const place of packages())
    cpSync(path.join(ROOT, place), path.join(folder, place), {
      recursive: true,
      filter: (file) => {
        const inner = path.relative(path.join(ROOT, place), file)
        return !/^node_modules(?:\/|$)|\.d\.[cm]?ts$|\.map$/.test(inner)
      },
    })
}

/** Equal files give an equal archive. */
const TAR = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner']

/** Writes the archive and the manifest into a folder. */
export function writePlugin(homepage: string, into: string): void {
  const folder = mkdtempSync(path.join(tmpdir(), 'krew-'))
  try {
    copyInto(folder)
    mkdirSync(into, { recursive: true })
    const archive = path.join(into, ARCHIVE)
    execFileSync('tar', [
      ...TAR,
      '--mode=u+w,go-w,a+rX',
      '-I',
      'gzip -9n',
      '-cf',
      archive,
      '-C',
      folder,
      ...readdirSync(folder),
    ])
    const digest = createHash('sha256').update(readFileSync(archive)).digest('hex')
    const manifest = read(MANIFEST)
      .replace(/^#.*\n/, '')
      .replaceAll('@HOMEPAGE@', homepage)
      .replace('@SHA256@', digest)
    writeFileSync(path.join(into, path.basename(MANIFEST)), manifest)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { homepage: { type: 'string' }, into: { type: 'string', default: '.' } },
  })
  if (values.homepage === undefined || !URL.canParse(values.homepage))
    throw new Error('expected --homepage URL')
  writePlugin(values.homepage, values.into)
}
