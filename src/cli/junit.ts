// Formats results as JUnit XML.

import { oneLine } from './explanation.ts'

/** One case of a suite. */
export type JunitCase = {
  readonly name: string
  readonly group: string
  readonly failure: { readonly type: string; readonly message: string } | undefined
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
}

const escaped = (text: string) => oneLine(text).replaceAll(/[&<>"]/g, (each) => ESCAPES[each] ?? '')

/** A suite of cases. */
export function suiteOf(name: string, cases: readonly JunitCase[]): string {
  const failed = cases.filter(({ failure }) => failure !== undefined).length
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuite name="${escaped(name)}" tests="${cases.length}" failures="${failed}">`,
    ...cases.map(caseOf),
    '</testsuite>',
    '',
  ].join('\n')
}

function caseOf({ name, group, failure }: JunitCase): string {
  const open = `  <testcase name="${escaped(name)}" classname="${escaped(group)}"`
  if (failure === undefined) return `${open}/>`
  const { type, message } = failure
  return `${open}>\n    <failure type="${escaped(type)}" message="${escaped(message)}"/>\n  </testcase>`
}
