import { createRandom, type Random } from '../../testing/routes/random.ts'
import type { Corpus } from './corpus.ts'
import type { Coverage } from './coverage.ts'
import { faultOf, faultOfGrowth, GROWS } from './fault.ts'
import { type Growth, growthOf } from './growth.ts'
import { createMemoryCheck } from './memory.ts'
import { mutateBytes } from './mutate-bytes.ts'
import { mutateJson } from './mutate-json.ts'
import { smaller } from './smaller.ts'
import { MARKER, type Target } from './target.ts'
import { startWatchdog } from './watchdog.ts'

export type Options = {
  readonly corpus: Corpus
  readonly seed: number
  readonly seconds: number
  readonly coverage: Coverage
  readonly maxFindings?: number
  /** Whether inputs that reach new code are added to the corpus. */
  readonly keep: boolean
}

export type Report = {
  readonly runs: number
  readonly seconds: number
  /** Characters of our code reached by the corpus, and by all inputs. */
  readonly reached: readonly [before: number, after: number]
  readonly inputs: number
  /** Files of the corpus. */
  readonly findings: readonly string[]
}

/** Coverage is collected after each batch, because it takes a while. */
const BATCH_MS = 200
const MAX_BATCH = 1_000
const MAX_INPUTS = 5_000
const MAX_FINDINGS = 10

/** Runs the corpus of a target, then mutated inputs until the time is over. */
export async function fuzz(target: Target, options: Options): Promise<Report> {
  const { corpus, coverage, keep, maxFindings = MAX_FINDINGS } = options
  const random = createRandom(options.seed)
  const watchdog = startWatchdog(target)
  const begun = performance.now()
  const inputs = corpus.seeds().map(({ input }) => input)
  const findings = new Map<string, string>()
  let runs = 0

  const run = (input: Buffer) => {
    runs += 1
    return faultOf(target, watchdog, input)
  }
  const find = (fault: string, file: string) => {
    findings.set(fault, file)
    process.stderr.write(`${target.name}: ${fault.slice(0, 300)}: ${file}\n`)
  }
  const attempt = async (input: Buffer) => {
    const fault = await run(input)
    if (fault === undefined || findings.has(fault)) return
    const less = await smaller(target, input, async (part) => (await run(part)) === fault)
    find(fault, corpus.keep('finding', less))
  }
  const grow = async (growth: Growth) => {
    if (findings.has(GROWS)) return
    const fault = await faultOfGrowth(target, watchdog, growth)
    if (fault !== undefined) find(fault, corpus.keepGrowth(growth))
  }
  /** Finds by bisection which inputs of a batch reach new code. */
  const learn = async (batch: readonly Buffer[]) => {
    if (batch.length === 0 || inputs.length >= MAX_INPUTS) return
    for (const input of batch) await run(input)
    const [only, ...others] = batch
    if ((await coverage.fresh(others.length === 0)) === 0) return
    if (only !== undefined && others.length === 0) {
      inputs.push(only)
      if (keep) corpus.keep('new', only)
      return
    }
    await learn(batch.slice(0, batch.length / 2))
    await learn(batch.slice(batch.length / 2))
  }

  await coverage.fresh(true)
  for (const input of inputs) await attempt(input)
  for (const growth of corpus.growths()) await grow(growth)
  await coverage.fresh(true)
  const before = coverage.reached()
  const memory = await createMemoryCheck()
  while (performance.now() - begun < options.seconds * 1_000 && findings.size < maxFindings) {
    const batch: Buffer[] = []
    const batchEnd = performance.now() + BATCH_MS
    while (batch.length < MAX_BATCH && performance.now() < batchEnd) {
      const input = changed(target, inputs, random)
      batch.push(input)
      await attempt(input)
    }
    if ((await coverage.fresh(false)) > 0) await learn(batch)
    for (const input of [random.pick(inputs), random.pick(batch)])
      if (input !== undefined && input.length > 0) await grow(growthOf(target, input, random))
    if (await memory.grew()) find('memory grows', corpus.keep('memory', batch[0] ?? Buffer.of()))
  }
  await watchdog.stop()
  return {
    runs,
    seconds: (performance.now() - begun) / 1_000,
    reached: [before, coverage.reached()],
    inputs: inputs.length,
    findings: [...findings.values()],
  }
}

/** A mutated input, preferably of a later one, which reached rare code. */
function changed({ form, words }: Target, inputs: readonly Buffer[], random: Random): Buffer {
  const late = random.chance(0.5) ? Math.max(0, inputs.length - 20) : 0
  const input = inputs[late + random.below(inputs.length - late)] ?? Buffer.of()
  const other = random.pick(inputs) ?? Buffer.of()
  const change = form === 'json' && random.chance(0.95) ? mutateJson : mutateBytes
  return change(input, random, [...words, MARKER], other)
}
