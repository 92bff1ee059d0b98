import { ConfigError, type Flags, readConfig } from '../../../src/config/read-config.ts'
import { configReference } from '../../../src/config/reference.ts'
import { isSame } from '../same.ts'
import { jsonIn, MARKER, must, type Target } from '../target.ts'

const KEYS = configReference().map(({ key, env }) => ({ path: key.split('.'), env }))

type Given = Parameters<typeof readConfig>[0]

/** Complete and frozen, or problems that quote no secret. */
function isReadOrRefused(given: Given) {
  const config = read(given)
  if (config === undefined) return
  isFrozen(config)
  for (const { path } of KEYS) must(isAt(config, path), `is complete without ${path.join('.')}`)
  must(isSame(read(given), config), 'is read differently the second time')
}

function read(given: Given): object | undefined {
  try {
    return readConfig(given)
  } catch (error) {
    must(error instanceof ConfigError, `fails with another error: ${String(error).slice(0, 80)}`)
    must(error.problems.length > 0, 'is refused without a problem')
    for (const problem of error.problems) {
      must(!problem.includes(MARKER), 'quotes a secret')
      must(/^\P{Cc}+$/u.test(problem), 'has an unprintable problem')
    }
    return undefined
  }
}

function isFrozen(value: unknown) {
  const rest = [value]
  while (rest.length > 0) {
    const each = rest.pop()
    if (typeof each !== 'object' || each === null) continue
    must(Object.isFrozen(each), 'is not frozen')
    rest.push(...Object.values(each))
  }
}

function isAt(value: unknown, path: readonly string[]): boolean {
  let current = value
  for (const key of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, key))
      return false
    current = Object.getOwnPropertyDescriptor(current, key)?.value
  }
  return current !== undefined
}

const WORDS = [
  ...KEYS.flatMap(({ path }) => path),
  'true',
  'false',
  'null',
  '[]',
  '{}',
  'gateway',
  'workload',
  '0.0.0.0:9001',
  'https://issuer.example.com',
  'issuer',
  'name',
  'audiences',
  'jwksUri',
  'rbac',
  'username',
  'claim',
  'prefix',
  'from',
  'cookies',
  'position',
  'address',
  'path',
]

export const configurationFile: Target = {
  name: 'configuration',
  form: 'bytes',
  words: [
    ...WORDS.flatMap((word) => [word, `${word}:`]),
    '\n',
    '  ',
    '- ',
    '&a',
    '*a',
    '!!',
    '|',
    '>',
    '---',
    '? ',
    '"',
    "'",
    '{',
    '[',
    '#',
  ],
  run: (input) =>
    isReadOrRefused({ file: { path: 'config.yaml', text: input.toString() }, env: {}, flags: {} }),
}

const FLAGS = [
  'manifests',
  'grpcAddress',
  'grpcWorkloadAddress',
  'httpAddress',
  'logLevel',
] as const

const textsIn = (value: unknown): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(Object(value)).flatMap(([name, text]) =>
      typeof text === 'string' ? [[name, text] as const] : [],
    ),
  )

/** Environment variables under `env`, flags under `flags`. */
export const environment: Target = {
  name: 'environment',
  form: 'json',
  words: [
    ...WORDS,
    ...KEYS.map(({ env }) => env),
    'KSERVE_AUTHZ_',
    '_SERVICE_HOST',
    ...FLAGS,
    'env',
    'flags',
  ],
  run: (input) => {
    const { env, flags } = Object(jsonIn(input))
    const given: Flags = textsIn(flags)
    isReadOrRefused({ env: textsIn(env), flags: given })
  },
}
