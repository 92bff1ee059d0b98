import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const CONFIG = {
  extends: './tsconfig.base.json',
  compilerOptions: { skipLibCheck: true },
  include: ['src'],
}
const PARTS = ['common', 'access', 'resources', 'kubernetes', 'manifests']

type Change = readonly [file: string, text: string, changed: string]

/** The compiler errors after changes, each with its file and the missing member. */
async function faultsOf(changes: readonly Change[]): Promise<readonly string[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tables-'))
  try {
    await copyTo(folder)
    for (const change of changes) await make(folder, change)
    return await faultsIn(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function copyTo(folder: string): Promise<void> {
  await mkdir(path.join(folder, 'src'))
  for (const part of PARTS) {
    await cp(path.join(ROOT, 'src', part), path.join(folder, 'src', part), { recursive: true })
  }
  await cp(path.join(ROOT, 'package.json'), path.join(folder, 'package.json'))
  await cp(path.join(ROOT, 'tsconfig.json'), path.join(folder, 'tsconfig.base.json'))
  await writeFile(path.join(folder, 'tsconfig.json'), JSON.stringify(CONFIG))
  await symlink(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'))
}

async function make(folder: string, [file, text, changed]: Change): Promise<void> {
  const name = path.join(folder, 'src', file)
  const original = await readFile(name, 'utf8')
  expect(original.split(text)).toHaveLength(2)
  await writeFile(name, original.replace(text, changed))
}

async function faultsIn(folder: string): Promise<readonly string[]> {
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

const TEXTS = ': readonly string[]\n'
const IGNORED = "  | { readonly kind: 'ignored' }\n"
const INCOMPLETE = 'Function lacks ending return statement and return type does not include'

/** New members, and the entries that are then missing. */
const ADDITIONS: readonly (readonly [string, readonly Change[], readonly string[]])[] = [
  [
    'a new part of a rule, and for a new kind of credential',
    [
      ['access/rule-parts.ts', `users${TEXTS}`, `users${TEXTS}  readonly zone${TEXTS}`],
      ['access/rule-parts.ts', `methods${TEXTS}`, `methods${TEXTS}  readonly size${TEXTS}`],
      ['access/caller.ts', "  'mesh',\n", "  'mesh',\n  'x509',\n"],
      ['access/policy.ts', 'mesh: boolean\n', 'mesh: boolean\n  readonly x509: boolean\n'],
    ],
    [
      'access/accepted-credentials.ts: const ACCEPTANCE: x509',
      'access/caller.ts: const KINDS: x509',
      'access/freshness.ts: const BASES: x509',
      'access/rule-parts.ts: const OPERATION_PARTS: size',
      'access/rule-parts.ts: const SOURCE_PARTS: zone',
      'resources/access-policy.ts: const CREDENTIALS: x509',
      'resources/access-policy.ts: return: x509',
      'resources/policy-rules.ts: const OPERATION: size',
      'resources/policy-rules.ts: const SOURCE: zone',
    ],
  ],
  [
    'a new kind of service',
    [['access/service.ts', "'LLMInferenceService'] as", "'LLMInferenceService', 'Other'] as"]],
    [
      'access/exclusions.ts: gateway: Other',
      'access/service.ts: const KINDS: Other',
      'kubernetes/watch/watched-kinds.ts: const SERVICE_VERSIONS: Other',
      'resources/service-pods.ts: const PODS: Other',
      'resources/service-readers.ts: const SERVICE_READERS: Other',
    ],
  ],
  [
    'a new kind of resource',
    [['resources/kinds.ts', IGNORED, `${IGNORED}  | { readonly kind: 'new' }\n`]],
    [
      'manifests/declared-kinds.ts: const COUNTS_BESIDE_OTHERS: new',
      expect.stringContaining(`manifests/declared-kinds.ts: undefined: ${INCOMPLETE}`),
      expect.stringContaining(`manifests/store.ts: undefined: ${INCOMPLETE}`),
      expect.stringContaining(`resources/holdings.ts: undefined: ${INCOMPLETE}`),
    ],
  ],
  [
    'a new component of a service',
    [['access/workload.ts', "'llm'] as", "'llm', 'other'] as"]],
    ['access/exclusions.ts: workload: other', 'access/sibling-component.ts: const CALLERS: other'],
  ],
]

describe('the code does not compile without an entry', () => {
  let faults: readonly string[] = []
  // The compiler takes as long for all changes as for one.
  beforeAll(async () => {
    faults = await faultsOf(ADDITIONS.flatMap(([, changes]) => changes))
  }, 60_000)

  it.each(ADDITIONS)('for %s', (_name, _changes, missing) => {
    expect(faults).toEqual(expect.arrayContaining([...missing]))
  })

  it('and reports each of them once', () => {
    expect(faults).toHaveLength(ADDITIONS.flatMap(([, , missing]) => missing).length)
  })

  it('for the weight of a rule part, its match, and its use of the path', async () => {
    const found = await faultsOf([
      ['access/rule-parts.ts', '({ size }) => size, byPath: false }', '({ size }) => size }'],
      ['access/rule-parts.ts', 'match, weigh: ({ length }) => length, ', 'match, '],
      [
        'access/accepted-credentials.ts',
        "component: { byInstallation: 'accepted', ",
        'component: { ',
      ],
    ])
    expect(found).toHaveLength(3)
  })
})
