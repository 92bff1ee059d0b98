// Formats findings for people and programs.

import { oneLine } from './explanation.ts'
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
  junit: asJunit,
  sarif: asSarif,
}

const placeOf = ({ file, line, column }: Finding) =>
  file === undefined ? '' : `${file}:${line}:${column}: `

const lineOf = (finding: Finding) =>
  `${placeOf(finding)}${levelOf(finding.code)} ${finding.code}: ${finding.message}`

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
}

const escaped = (text: string) => oneLine(text).replaceAll(/[&<>"]/g, (each) => ESCAPES[each] ?? '')

function asJunit(findings: readonly Finding[]): string {
  const cases = findings.map(
    (each) =>
      `  <testcase name="${escaped(each.code)}" classname="${escaped(each.file ?? 'cluster')}">\n` +
      `    <failure type="${levelOf(each.code)}" message="${escaped(lineOf(each))}"/>\n  </testcase>\n`,
  )
  const none = '  <testcase name="lint" classname="lint"/>\n'
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
    `<testsuite name="kserve-authz lint" tests="${Math.max(1, cases.length)}" failures="${cases.length}">\n` +
    `${cases.join('') || none}</testsuite>\n`
  )
}

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
