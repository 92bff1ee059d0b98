// Formats findings for people and programs.

import { oneLine } from './explanation.ts'
import { suiteOf } from './junit.ts'
import { type Level, levelOf } from './lint-codes.ts'
import type { Finding } from './lint-files.ts'

export const LINT_OUTPUTS = ['text', 'json', 'junit', 'sarif'] as const
export type LintOutput = (typeof LINT_OUTPUTS)[number]

/** Where each code is documented. */
const PAGE = 'docs/lint.md'

/** The page of a code. */
const helpOf = (code: string) => `${PAGE}#${code.toLowerCase()}`

/** Formats findings. */
export const formatFindings = (findings: readonly Finding[], output: LintOutput): string =>
  FORMATS[output](findings)

const FORMATS: Readonly<Record<LintOutput, (findings: readonly Finding[]) => string>> = {
  text: (findings) => findings.map((each) => `${oneLine(lineOf(each))}\n`).join(''),
  json: (findings) =>
    `${JSON.stringify(
      findings.map((each) => ({ ...each, level: levelOf(each.code), help: helpOf(each.code) })),
      null,
      2,
    )}\n`,
  junit: (findings) => asJunit(findings),
  sarif: asSarif,
}

const placeOf = ({ file, line, column }: Finding) =>
  file === undefined ? '' : `${file}:${line}:${column}: `

const lineOf = (finding: Finding) =>
  `${placeOf(finding)}${levelOf(finding.code)} ${finding.code}: ${finding.message}`

const asJunit = (findings: readonly Finding[]): string =>
  suiteOf(
    'kserve-authz lint',
    findings.length === 0
      ? [{ name: 'lint', group: 'lint', failure: undefined }]
      : findings.map((each) => ({
          name: each.code,
          group: each.file ?? 'cluster',
          failure: { type: levelOf(each.code), message: lineOf(each) },
        })),
  )

const SARIF_LEVELS: Readonly<Record<Level, string>> = {
  info: 'note',
  warning: 'warning',
  error: 'error',
}

function asSarif(findings: readonly Finding[]): string {
  const codes = [...new Set(findings.map(({ code }) => code))].toSorted()
  const rules = codes.map((id) => ({ id, help: { text: helpOf(id) } }))
  const results = findings.map(({ code, message, file, line, column }) => ({
    ruleId: code,
    level: SARIF_LEVELS[levelOf(code)],
    message: { text: message },
    ...(file === undefined
      ? {}
      : {
          locations: [
            {
              physicalLocation: {
                artifactLocation: { uri: file },
                region: { startLine: line, startColumn: column },
              },
            },
          ],
        }),
  }))
  const sarif = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [{ tool: { driver: { name: 'kserve-authz', rules } }, results }],
  }
  return `${JSON.stringify(sarif, null, 2)}\n`
}
