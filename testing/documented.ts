import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'

const ROOT = path.join(import.meta.dirname, '..')

/** The pages that a reader may follow. */
export const PAGES = globSync('{*,{docs,istio,envoy-gateway,charts,examples,bench}/**/*}.md', {
  cwd: ROOT,
})

export const pageText = (page: string) => readFileSync(path.join(ROOT, page), 'utf8')

export type Documented = { readonly page: string; readonly statement: string }

const BLOCK = /^( *)```(\w*)\n([\s\S]*?)\n\1```$/gm

/**
 * The commands of a page: in its blocks all lines in `sh`, and those after a `$` in others, and whole commands of
 * kubectl in its text. A command that goes on in the next line is one statement.
 */
export function statementsOf(page: string): readonly Documented[] {
  const text = pageText(page)
  const inText = [...text.replaceAll(BLOCK, '').matchAll(/`(kubectl [^`]*)`/g)]
    .map(([, statement = '']) => statement.replaceAll(/\s*\n\s*/g, ' '))
    .filter((statement) => / -/.test(statement) && !PART.test(statement))
  return [...inBlocks(text), ...inText].map((statement) => ({ page, statement }))
}

/** Only the name of a command, with a flag. */
const PART = / (?:-k|--audience|-A -o yaml)$/

function inBlocks(page: string): readonly string[] {
  return [...page.matchAll(BLOCK)].flatMap(([, indent = '', language, text = '']) => {
    const lines = text.replaceAll(/ *\\\n\s*/g, ' ').replaceAll(`\n${indent}`, '\n')
    return joined(lines.split('\n').map((line) => line.trim()))
      .filter((each) => (language === 'sh' ? each !== '' : each.startsWith('$ ')))
      .map((each) => each.replace(/^\$ /, ''))
  })
}

function joined(lines: readonly string[]): readonly string[] {
  const statements: string[] = []
  let open = ''
  for (const line of lines) {
    open = open === '' ? line : `${open}\n${line}`
    if (goesOn(open)) continue
    statements.push(open)
    open = ''
  }
  return statements
}

/** Within quotes, after a pipe or `&`, or before the end of a document. */
function goesOn(text: string): boolean {
  const bare = commandOf(text)
  const quotes = bare.match(/'/g)?.length ?? 0
  return (
    quotes % 2 === 1 || /[|&]$/.test(bare) || (bare.includes('<<EOF') && !bare.endsWith('\nEOF'))
  )
}

/** A statement without its comments. */
export const commandOf = (statement: string) => statement.replaceAll(/(?:^|\s+)# .*$/gm, '').trim()

/** The comment at the end of a statement: what the page says about its outcome. */
export const remarkOf = (statement: string) => /\s# (.*)$/m.exec(statement)?.[1] ?? ''
