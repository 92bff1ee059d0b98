import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const CONFIG = { extends: './tsconfig.base.json', include: ['src'] }

let folder = ''

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'tables-'))
  await mkdir(path.join(folder, 'src'))
  for (const part of ['common', 'access', 'resources', 'kubernetes', 'manifests']) {
    await cp(path.join(ROOT, 'src', part), path.join(folder, 'src', part), { recursive: true })
  }
  await cp(path.join(ROOT, 'package.json'), path.join(folder, 'package.json'))
  await cp(path.join(ROOT, 'tsconfig.json'), path.join(folder, 'tsconfig.base.json'))
  await writeFile(path.join(folder, 'tsconfig.json'), JSON.stringify(CONFIG))
  await symlink(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function change(file: string, text: string, changed: string): Promise<void> {
  const name = path.join(folder, 'src', file)
  const original = await readFile(name, 'utf8')
  expect(original.split(text)).toHaveLength(2)
  await writeFile(name, original.replace(text, changed))
}

/** The compiler errors, each with its file and the missing member. */
async function faults(): Promise<readonly string[]> {
  const tsc = path.join(ROOT, 'node_modules/.bin/tsc')
  const output = await new Promise<string>((resolve) => {
    execFile(tsc, { cwd: folder }, (_error, stdout) => resolve(stdout))
  })
  const errors = output.matchAll(/^src\/(.+?)\((\d+),\d+\): error TS\d+: (.*)$/gm)
  const found = await Promise.all(
    [...errors].map(async ([, file = '', line, message]) => {
      const text = await readFile(path.join(folder, 'src', file), 'utf8')
      const [words] =
        /const \w+|return|gateway|workload/.exec(text.split('\n')[Number(line) - 1] ?? '') ?? []
      const [, missing] = /Property '(\w+)' is missing/.exec(message ?? '') ?? []
      return `${file}: ${words}: ${missing ?? message}`
    }),
  )
  return found.sort()
}

describe('the code does not compile without an entry', { timeout: 60_000 }, () => {
  it('for a new part of a rule, and for a new kind of credential', async () => {
    const texts = ': readonly string[]\n'
    await change('access/rule-parts.ts', `users${texts}`, `users${texts}  readonly zone${texts}`)
    await change(
      'access/rule-parts.ts',
      `methods${texts}`,
      `methods${texts}  readonly size${texts}`,
    )
    await change('access/caller.ts', "  'mesh',\n", "  'mesh',\n  'x509',\n")
    await change('access/policy.ts', 'mesh: boolean\n', 'mesh: boolean\n  readonly x509: boolean\n')

    expect(await faults()).toEqual([
      'access/accepted-credentials.ts: const ACCEPTANCE: x509',
      'access/caller.ts: const KINDS: x509',
      'access/freshness.ts: const BASES: x509',
      'access/rule-parts.ts: const OPERATION_PARTS: size',
      'access/rule-parts.ts: const SOURCE_PARTS: zone',
      'resources/access-policy.ts: const CREDENTIALS: x509',
      'resources/access-policy.ts: return: x509',
      'resources/policy-rules.ts: const OPERATION: size',
      'resources/policy-rules.ts: const SOURCE: zone',
    ])
  })

  it('for a new kind of service', async () => {
    await change(
      'access/service.ts',
      "'LLMInferenceService'] as",
      "'LLMInferenceService', 'Other'] as",
    )

    expect(await faults()).toEqual([
      'access/exclusions.ts: gateway: Other',
      'access/service.ts: const KINDS: Other',
      'kubernetes/watch/watched-kinds.ts: const SERVICE_VERSIONS: Other',
      'resources/service-pods.ts: const PODS: Other',
      'resources/service-readers.ts: const SERVICE_READERS: Other',
    ])
  })

  it('for a new kind of resource', async () => {
    await change(
      'resources/kinds.ts',
      "  | { readonly kind: 'ignored' }\n",
      "  | { readonly kind: 'ignored' }\n  | { readonly kind: 'other' }\n",
    )

    const incomplete = 'Function lacks ending return statement and return type does not include'
    expect(await faults()).toEqual([
      'manifests/declared-kinds.ts: const COUNTS_BESIDE_OTHERS: other',
      expect.stringContaining(`manifests/declared-kinds.ts: undefined: ${incomplete}`),
      expect.stringContaining(`manifests/store.ts: undefined: ${incomplete}`),
      expect.stringContaining(`resources/holdings.ts: undefined: ${incomplete}`),
    ])
  })

  it('for a new component of a service', async () => {
    await change('access/workload.ts', "'llm'] as", "'llm', 'other'] as")

    expect(await faults()).toEqual([
      'access/exclusions.ts: workload: other',
      'access/sibling-component.ts: const CALLERS: other',
    ])
  })

  it('for the weight of a rule part, its match, and its use of the path', async () => {
    await change(
      'access/rule-parts.ts',
      '({ size }) => size, byPath: false }',
      '({ size }) => size }',
    )
    await change('access/rule-parts.ts', 'match, weigh: ({ length }) => length, ', 'match, ')
    await change(
      'access/accepted-credentials.ts',
      "component: { byInstallation: 'accepted', ",
      'component: { ',
    )

    expect(await faults()).toHaveLength(3)
  })
})
