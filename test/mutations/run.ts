import { execFileSync } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { createStopping } from '../../scripts/child.ts'
import { type Mutation, sourceOf, testsOf } from './mutation.ts'
import { MUTATIONS } from './table.ts'
import { runTests } from './tests.ts'

const ROOT = path.join(import.meta.dirname, '../..')
/** Characters of the title of a test. */
const LONGEST = 160

const { values, positionals } = parseArgs({
  options: { report: { type: 'string' } },
  allowPositionals: true,
})
const stopping = createStopping()
const copy = copyOfTree()
try {
  process.exitCode = (await runAll(chosen())) ? 0 : 1
} finally {
  rmSync(copy, { recursive: true, force: true })
}

/** All of them, or those whose bound or file has one of the words. */
function chosen(): readonly Mutation[] {
  const isMeant = ({ bound, file }: Mutation) =>
    positionals.length === 0 || positionals.some((word) => `${bound} ${file}`.includes(word))
  return MUTATIONS.filter(isMeant)
}

/** Of the files that git tracks or would add; the packages are linked. */
function copyOfTree(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'mutations-'))
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], { cwd: ROOT })
  for (const file of new Set(listed.toString().split('\0').filter(Boolean))) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true })
    // The chart has links to folders.
    cpSync(path.join(ROOT, file), path.join(folder, file), {
      recursive: true,
      verbatimSymlinks: true,
    })
  }
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'))
  return folder
}

/** Whether the tests pass without a mutation and fail with each. */
async function runAll(mutations: readonly Mutation[]): Promise<boolean> {
  const lines = ['| bound | mutation | killed by |', '| --- | --- | --- |']
  const { failed, passes } = await runTests(copy, [...new Set(mutations.flatMap(testsOf))], false)
  if (!passes) {
    process.stderr.write(`without a mutation: ${failed ?? 'the tests do not run'}\n`)
    return false
  }
  let killed = 0
  let survivors = 0
  for (const mutation of mutations) {
    if (stopping.signal.aborted) break
    const killer = (await killerOf(mutation))?.slice(0, LONGEST)
    if (killer === undefined) survivors += 1
    else killed += 1
    const { bound, file, text, put } = mutation
    process.stdout.write(
      `${killer === undefined ? 'SURVIVED' : 'killed  '} ${bound}: ${killer ?? file}\n`,
    )
    const change = `${file}: \`${text}\` -> \`${put}\``.replaceAll(/\s+/g, ' ')
    lines.push(`| ${bound} | ${change.replaceAll('|', '\\|')} | ${killer ?? '**nothing**'} |`)
  }
  process.stdout.write(`${killed} of ${mutations.length} killed, ${survivors} survived\n`)
  if (values.report !== undefined) writeFileSync(values.report, `${lines.join('\n')}\n`)
  return survivors === 0 && !stopping.signal.aborted
}

/** The first test that fails. A file that no longer loads kills nothing. */
async function killerOf(mutation: Mutation): Promise<string | undefined> {
  const file = path.join(copy, sourceOf(mutation))
  const source = readFileSync(file, 'utf8')
  writeFileSync(
    file,
    source.replace(mutation.text, () => mutation.put),
  )
  try {
    const { failed } = await runTests(copy, testsOf(mutation), true)
    return failed
  } finally {
    writeFileSync(file, source)
  }
}
