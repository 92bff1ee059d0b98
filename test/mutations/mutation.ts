/** A change of the code that removes a bound. The tests named must fail. */
export type Mutation = {
  /** A row of "Every bound" in docs/operations.md, or `file NAME` of another bound of the code. */
  readonly bound: string
  /** Below src/. */
  readonly file: string
  /** It stands once in the file. */
  readonly text: string
  readonly put: string
  /** Below test/, without `.test.ts`. */
  readonly tests: readonly string[]
}

type Row = readonly [bound: string, file: string, text: string, put: string, ...tests: string[]]

export const mutations = (rows: readonly Row[]): readonly Mutation[] =>
  rows.map(([bound, file, text, put, ...tests]) => ({ bound, file, text, put, tests }))

export const sourceOf = ({ file }: Mutation): string => `src/${file}`
export const testsOf = ({ tests }: Mutation): readonly string[] =>
  tests.map((test) => `test/${test}.test.ts`)
