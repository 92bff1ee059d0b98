import fc from 'fast-check'

/** Names of claims in tokens and rules: ambiguous ones, and those that say that something is omitted. */
const NAMES = [
  'a',
  'b',
  'a.b',
  'a.b.a',
  'scope',
  'permissions',
  'groups',
  '__proto__',
  'constructor',
  'ä.日',
  '',
] as const
const MARKS = ['_claim_names', '_claim_sources', 'hasgroups', 'groups:src1', 'a:src2'] as const

const NUMBERS = ['0', '-0', '1', '1.0', '1e0', '-1.5', '1e400', '-1e400', '1e21'] as const
const LARGE = ['9007199254740991', '9007199254740993', '12345678901234567891'] as const
const WORDS = ['a', 'b', 'a b', ' b ', 'a,b', 'b\ta', 'true', '1', 'src1', '日', 'x.y', ''] as const

const anyNumber = fc.oneof(
  fc.constantFrom(...NUMBERS, ...LARGE),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
)

/** The text of any JSON value, with any spelling of its numbers. */
const { value: anyJson } = fc.letrec<{ value: string; list: string; object: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { weight: 4, arbitrary: fc.constantFrom(...WORDS).map((word) => JSON.stringify(word)) },
    { weight: 2, arbitrary: anyNumber },
    { weight: 2, arbitrary: fc.constantFrom('true', 'false', 'null') },
    { weight: 1, arbitrary: fc.string({ unit: 'binary' }).map((text) => JSON.stringify(text)) },
    { weight: 3, arbitrary: tie('list') },
    { weight: 4, arbitrary: tie('object') },
  ),
  list: fc.array(tie('value'), { maxLength: 4 }).map((values) => `[${values.join()}]`),
  object: objectOf(fc.constantFrom(...NAMES, 'src1'), tie('value')),
}))

function objectOf(name: fc.Arbitrary<string>, value: fc.Arbitrary<string>) {
  const entry = fc.tuple(name, value).map(([key, text]) => `${JSON.stringify(key)}:${text}`)
  return fc.array(entry, { maxLength: 5 }).map((entries) => `{${entries.join()}}`)
}

const anyName = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...NAMES) },
  { weight: 1, arbitrary: fc.constantFrom(...MARKS) },
)

/** The parsed payload of a token. */
export const anyClaims: fc.Arbitrary<Readonly<Record<string, unknown>>> = objectOf(
  anyName,
  anyJson,
).map((text) => JSON.parse(text))

/** The text of a number, for use in both a token and a rule. */
export const anyNumberText = anyNumber

export const anyPath = fc
  .array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 3 })
  .map((names) => names.join('.'))

const anyTexts = fc.array(
  fc.constantFrom(...NUMBERS, ...LARGE, ...WORDS.filter((word) => word !== ''), 'false', 'null'),
  { maxLength: 3 },
)

/** The claims of one entry of `from`. */
export const anyWanted = fc.dictionary(anyPath, anyTexts, { maxKeys: 2 })
