import { execFile } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'

const ROOT = path.join(import.meta.dirname, '../..')
const PAGES = globSync(['README.md', 'docs/**/*.md', 'examples/*/README.md'], { cwd: ROOT })

type Transcript = { readonly page: string; readonly command: string; readonly told: string }

/** The commands of this program in the shell blocks of a page, each with the output that the page shows. */
function transcriptsIn(page: string): readonly Transcript[] {
  const text = readFileSync(path.join(ROOT, page), 'utf8')
  const blocks = [...text.matchAll(/```\w*\n([\s\S]*?)```/g)].map(([, block = '']) => block)
  return blocks
    .flatMap((block) => [...block.matchAll(/^\$ ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)*)/gm)])
    .map(([, command = '', told = '']) => ({ page, command: command.replaceAll('\\\n', ''), told }))
    .filter(({ command, told }) => /^[./]+kserve-authz /.test(command) && told.trim() !== '')
    .filter(({ command }) => !command.includes('$('))
}

/** `...` stands for the rest of the output, or of a line. */
const patternOf = (told: string) =>
  new RegExp(
    `^${told
      .trimEnd()
      .split('...')
      .map((part) => part.trimEnd().replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('[\\s\\S]*')}`,
  )

const outputOf = ({ page, command }: Transcript) =>
  new Promise<string>((resolve) => {
    const options = {
      // Pages of docs/ are about the repository.
      cwd: page.startsWith('docs/') ? ROOT : path.join(ROOT, path.dirname(page)),
      env: {
        PATH: `${path.dirname(process.execPath)}:${process.env.PATH}`,
        NODE_COMPILE_CACHE: path.join(tmpdir(), 'kserve-authz-compile-cache'),
      },
    }
    execFile('sh', ['-c', command], options, (_error, stdout) => resolve(stdout))
  })

const ALL = PAGES.flatMap(transcriptsIn)

describe.concurrent('a page shows real output:', () => {
  it.each(ALL.map((each) => [`${each.page}: ${each.command}`, each] as const))(
    '%s',
    async (_title, transcript) => {
      expect(await outputOf(transcript)).toMatch(patternOf(transcript.told))
    },
  )
})

it('several pages have transcripts', () => {
  expect(new Set(ALL.map(({ page }) => page)).size).toBeGreaterThan(4)
})
