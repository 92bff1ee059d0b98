/** The audiences that an `aud` names, alone or in a list (RFC 7519 section 4.1.3). What is no text names none. */
export function audiencesIn(aud: unknown): readonly string[] {
  const named: readonly unknown[] = Array.isArray(aud) ? aud : [aud]
  return named.filter((entry) => typeof entry === 'string')
}

/** Whether an `aud` names one of ours. One that is missing names none. */
export const isForOneOf = (aud: unknown, ours: readonly string[]): boolean =>
  audiencesIn(aud).some((named) => ours.includes(named))
