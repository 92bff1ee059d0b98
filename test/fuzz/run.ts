import { parseArgs } from 'node:util'
import { openCorpus } from './corpus.ts'
import { type Coverage, startCoverage } from './coverage.ts'
import { fuzz } from './fuzz.ts'
import type { Target } from './target.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string' },
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    only: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
})

// Code loaded before this is not measured.
const coverage = await startCoverage(new URL('../../src/', import.meta.url).href)
const { TARGETS } = await import('./targets.ts')

const chosen = TARGETS.filter(({ name }) => values.only === undefined || values.only === name)
const minutes = values.minutes === undefined ? undefined : Number(values.minutes)
const whole = minutes === undefined ? Number(values.seconds) : minutes * 60
let findings = 0
for (const target of chosen) findings += await fuzzOne(target, coverage, whole / chosen.length)
process.exitCode = findings === 0 && chosen.length > 0 ? 0 : 1

async function fuzzOne(target: Target, coverage: Coverage, seconds: number): Promise<number> {
  const seed = Number(values.seed)
  const { keep } = values
  const report = await fuzz(target, { corpus: openCorpus(target), seed, seconds, coverage, keep })
  const [before, after] = report.reached
  const line = [
    target.name.padEnd(14),
    `seed ${seed}`,
    `${report.runs} inputs`,
    `${Math.round(report.runs / report.seconds)}/s`,
    `${report.inputs} reach ${after} characters of code (the corpus ${before})`,
    `${report.findings.length} findings`,
  ]
  process.stdout.write(`${line.join(', ')}\n`)
  return report.findings.length
}
