// Whether the audiences of a token include one of ours.

/** The audiences of an `aud`, a text or a list (RFC 7519 section 4.1.3). Values that are not text are ignored. */
export function audiencesIn(aud: unknown): readonly string[] {
  const named: readonly unknown[] = Array.isArray(aud) ? aud : [aud]
  return named.filter((entry) => typeof entry === 'string')
}

/** Whether an `aud` names one of ours. A missing one does not. */
export const isForOneOf = (aud: unknown, ours: readonly string[]): boolean =>
  audiencesIn(aud).some((named) => ours.includes(named))
