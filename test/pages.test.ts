import { existsSync, globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const PAGES = globSync('**/*.md', { cwd: ROOT, exclude: ['**/node_modules'] })

const textOf = (file: string) => readFileSync(path.join(ROOT, file), 'utf8')

const withoutCode = (text: string) => text.replaceAll(/^ *```[\s\S]*?^ *```/gm, '')

/** The targets of a page's links, relative to the root, without links to the web and within the page. */
const linksOf = (page: string): readonly string[] =>
  [...withoutCode(textOf(page)).matchAll(/\]\(([^)\s]+)\)/g)]
    .flatMap(([, target = '']) =>
      /^(?:https?:|#)/.test(target) ? [] : (target.split('#')[0] ?? ''),
    )
    .map((target) => path.join(path.dirname(page), target))

const SOURCE = /^(?:[\w-]+\/)+[\w.-]+\.ts$/

/** The TypeScript files that a page names. */
const filesNamedIn = (page: string): readonly string[] =>
  [...withoutCode(textOf(page)).matchAll(/`([^`\n]+)`/g)]
    .map(([, code = '']) => code)
    .filter((code) => SOURCE.test(code))

describe('every page', () => {
  it('links to existing files', () => {
    const links = PAGES.flatMap((page) => linksOf(page).map((target) => `${page}: ${target}`))
    expect(links.length).toBeGreaterThan(100)
    expect(links.filter((link) => !existsSync(path.join(ROOT, link.split(': ')[1] ?? '')))).toEqual(
      [],
    )
  })

  it('names existing source files', () => {
    const named = PAGES.flatMap((page) => filesNamedIn(page).map((file) => `${page}: ${file}`))
    const exists = (file: string) =>
      ['', 'src'].some((folder) => existsSync(path.join(ROOT, folder, file)))
    expect(named.length).toBeGreaterThan(80)
    expect(named.filter((each) => !exists(each.split(': ')[1] ?? ''))).toEqual([])
  })
})

describe('the page of the architecture', () => {
  const page = textOf('docs/architecture.md')
  const arrows = [...page.matchAll(/^ {2}(\w+)(?:\["[^"]*"\])? --> (\w+)/gm)].map(
    ([, from = '', to = '']) => [from, to] as const,
  )

  /** The folders that one may import, directly or indirectly. */
  function reachedFrom(folder: string): ReadonlySet<string> {
    const reached = new Set([folder])
    for (const each of reached) for (const [from, to] of arrows) if (from === each) reached.add(to)
    return reached
  }

  const folderOf = (file: string) => file.split('/')[0]?.replace(/\.ts$/, '') ?? ''
  const files = globSync('**/*.ts', { cwd: path.join(ROOT, 'src') })
  const importsOf = (file: string) =>
    [...textOf(`src/${file}`).matchAll(/(?:from|import) ?\(?'(\.[^']+)'/g)].map(([, target = '']) =>
      path.join(path.dirname(file), target),
    )

  it('draws every folder', () => {
    expect(new Set(arrows.flat())).toEqual(new Set(files.map(folderOf)))
  })

  it('draws exactly the imports of the code', () => {
    const imports = files.flatMap((file) =>
      importsOf(file)
        .filter((target) => !target.startsWith('..'))
        .map((target) => `${folderOf(file)} ${folderOf(target)}`),
    )
    const pairs = [...new Set(imports)].map((pair) => pair.split(' '))
    const undrawn = pairs.filter(([from = '', to = '']) => !reachedFrom(from).has(to))
    expect(undrawn).toEqual([])
    expect(arrows.filter(([from, to]) => !imports.includes(`${from} ${to}`))).toEqual([])
  })

  it('names every folder of kubernetes/', () => {
    const inner = new Set(files.map((file) => path.dirname(file)).filter((name) => /\//.test(name)))
    expect([...inner].filter((name) => !page.includes(`\`${name}/\``))).toEqual([])
  })
})
