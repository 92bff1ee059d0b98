// Formats the explanation of a decision as text or JSON.

/** An explained decision. */
export type Explanation = {
  /** Where the configuration is from; absent: not told. */
  readonly configuration?: string
  readonly decision: 'allow' | 'deny'
  /** `''` on allow. */
  readonly reason: string
  readonly httpStatus: number
  /** Kind, namespace and name; `null`: none was found. */
  readonly target: string | null
  readonly position: 'workload' | 'gateway' | null
  readonly steps: readonly string[]
  /** The changes to the request's headers, or the headers of the denial. */
  readonly headers: {
    readonly set: Readonly<Record<string, string>>
    readonly remove: readonly string[]
  }
}

/** Formats an explanation for people or programs. */
export function format(explanation: Explanation, output: 'text' | 'json'): string {
  if (output === 'json') return `${JSON.stringify(explanation, null, 2)}\n`
  const { configuration, decision, reason, httpStatus, steps, headers } = explanation
  const verdict = decision === 'allow' ? 'ALLOW' : `DENY ${httpStatus} ${reason}`
  const lines = [
    ...steps,
    ...Object.entries(headers.set).map(([name, value]) => `sets ${name}: ${value}`),
    ...(headers.remove.length === 0 ? [] : [`removes ${headers.remove.join(', ')}`]),
  ]
  const told = configuration === undefined ? [] : [oneLine(`configuration: ${configuration}`)]
  return [...told, verdict, ...lines.map((line) => `  ${oneLine(line)}`), ''].join('\n')
}

/** Names of callers and files may contain line breaks and terminal controls, which could forge a line. */
export const oneLine = (text: string): string =>
  text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?')
