// Finds annotations and labels of a service that look like the owner's, and have no effect.

import { type KubernetesObject, printable, type TextMap, textMapAt } from './object.ts'
import type { Raise } from './problem.ts'

/** The names that have an effect, and how else their letters are written. */
type Known = {
  readonly annotations: ReadonlySet<string>
  readonly labels: ReadonlySet<string>
  /** Suggested for a name that is like `enable-auth`. */
  readonly enableAuth: string
  /** Suggested for a name of our domain, or one like it. */
  readonly mode: string
}

const OUR_DOMAIN = 'kserve-authz.io'
const COMPONENTS = ['predictor', 'transformer', 'explainer'] as const

/** Reports what its owner may believe to have an effect. */
export function reportNearMisses(object: KubernetesObject, known: Known, raise: Raise): void {
  const { annotations, labels, content } = object
  report('annotation', annotations, (key) => known.annotations.has(key))
  report('label', labels, (key) => known.labels.has(key) || key.startsWith(`${OUR_DOMAIN}/`))
  for (const component of COMPONENTS) {
    for (const key of textMapAt(content, 'spec', component, 'annotations')?.keys() ?? []) {
      const meant = known.annotations.has(key) ? key : meantBy(key, known)
      if (meant !== undefined)
        tell(
          `annotation "${printable(key)}" of spec.${component}`,
          `write ${meant} into metadata.annotations`,
        )
    }
  }

  function report(what: string, texts: TextMap, hasEffect: (key: string) => boolean) {
    for (const key of texts.keys()) {
      const meant = hasEffect(key) ? undefined : meantBy(key, known)
      if (meant !== undefined)
        tell(`${what} "${printable(key)}"`, `did you mean the annotation ${meant}?`)
    }
  }

  function tell(where: string, hint: string) {
    raise('AnnotationWithoutEffect', `${where} has no effect; ${hint}`)
  }
}

/** The annotation that a name is like; `undefined`: none. */
function meantBy(key: string, { enableAuth, mode }: Known): string | undefined {
  const slash = key.lastIndexOf('/')
  if (isLike(key.slice(slash + 1), 'enable-auth')) return enableAuth
  return slash > 0 && isLike(key.slice(0, slash), OUR_DOMAIN) ? mode : undefined
}

/** Two letters wrong, or in another order, and any separators and case. */
const WRONG_LETTERS = 2
const LONGEST = 32

function isLike(text: string, word: string): boolean {
  if (text.length > LONGEST) return false
  let left = lettersOf(word)
  let extra = 0
  for (const letter of lettersOf(text)) {
    if (left.includes(letter)) left = left.replace(letter, '')
    else extra += 1
  }
  return Math.max(extra, left.length) <= WRONG_LETTERS
}

const lettersOf = (text: string): string => text.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
