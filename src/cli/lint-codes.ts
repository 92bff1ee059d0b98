// The codes of lint, each with its level.

export const LEVELS = ['info', 'warning', 'error'] as const
export type Level = (typeof LEVELS)[number]

/** By code, which is the reason of the problem at run time. Each has a section in docs/lint.md. */
export const LINT_CODES: ReadonlyMap<string, Level> = new Map<string, Level>([
  ['APIKeyRefused', 'error'],
  ['AnonymousNotAllowed', 'warning'],
  ['AnnotationWithoutEffect', 'warning'],
  ['BindingDropped', 'error'],
  ['CredentialRepeated', 'error'],
  ['DeclaredForAnother', 'warning'],
  ['DeclaredTwice', 'error'],
  ['ExclusionsNotAllowed', 'warning'],
  ['FolderFault', 'error'],
  ['InvalidConfiguration', 'error'],
  ['NamespacesOnly', 'info'],
  ['NoKserveConfiguration', 'warning'],
  ['NoSidecar', 'warning'],
  ['NoSuchService', 'warning'],
  ['NotAnObject', 'warning'],
  ['NotGuarded', 'error'],
  ['OptOutNotAllowed', 'warning'],
  ['OtherNamespace', 'warning'],
  ['Overridden', 'warning'],
  ['PolicyInvalid', 'error'],
  ['RouteTakesEveryPath', 'warning'],
  ['RouteTooLarge', 'error'],
  ['RuleDropped', 'error'],
  ['SelectorDropped', 'error'],
  ['ShadowNotAllowed', 'warning'],
  ['SharedHost', 'warning'],
  ['SubjectDropped', 'error'],
  ['TargetNotFound', 'error'],
  ['TokenRefused', 'error'],
  ['TooLarge', 'error'],
  ['TooManyAddresses', 'warning'],
  ['TooManyModels', 'warning'],
  ['TooManyURLs', 'warning'],
  ['UnknownEnableAuthValue', 'warning'],
  ['UnknownKind', 'error'],
  ['UnknownMode', 'warning'],
  ['UnknownProvider', 'error'],
  ['UnreadableAddress', 'warning'],
  ['UnreadableFile', 'error'],
  ['UnreadableHostname', 'warning'],
  ['UnreadableIngress', 'warning'],
  ['UnreadableModelName', 'warning'],
  ['UnreadableObject', 'error'],
  ['UnreadableURL', 'warning'],
  ['WrongGroup', 'error'],
])

export const levelOf = (code: string): Level => LINT_CODES.get(code) ?? 'warning'

/** Whether a level is at or above another. */
export const isAtLeast = (level: Level, least: Level): boolean =>
  LEVELS.indexOf(level) >= LEVELS.indexOf(least)
