// Leaves out of a policy what is not read of it, because it has too many parts.

import { isRecord } from '../common/json.ts'
import { MAX_PARTS } from './access-policy.ts'
import { hasMoreThan, textAt, valueAt } from './object.ts'
import { MAX_LIST_ENTRIES } from './policy-values.ts'

/** Stands for parts that are only counted. */
const EXCESS: readonly null[] = Array.from({ length: MAX_PARTS + 1 }, () => null)

/**
 * An object that is read exactly like this one. Of an AccessPolicy with more than MAX_PARTS only the mode and the
 * targets are read, so it is not handed to another thread whole.
 */
export function withoutExcess(object: unknown): unknown {
  if (!isRecord(object) || textAt(object, 'kind') !== 'AccessPolicy') return object
  const spec = valueAt(object, 'spec')
  if (!hasMoreThan(MAX_PARTS, spec)) return object
  const [mode, targets] = [valueAt(spec, 'mode'), valueAt(spec, 'targetRefs')]
  return {
    ...object,
    spec: {
      ...(mode === undefined ? {} : { mode: withoutFields(mode) }),
      ...(targets === undefined ? {} : { targetRefs: firstTargetsOf(targets) }),
      deny: EXCESS,
    },
  }
}

const firstTargetsOf = (targets: unknown): unknown =>
  Array.isArray(targets)
    ? targets.slice(0, MAX_LIST_ENTRIES + 1).map(firstFieldsOf)
    : withoutFields(targets)

/** With more fields than these one is unknown. */
const KNOWN_FIELDS = 3

const firstFieldsOf = (target: unknown): unknown =>
  isRecord(target)
    ? Object.fromEntries(
        Object.entries(target)
          .slice(0, KNOWN_FIELDS + 1)
          .map(([field, value]) => [field, withoutFields(value)]),
      )
    : withoutFields(target)

/** No list and no map is a valid mode, or a part of a target. */
const withoutFields = (value: unknown): unknown =>
  Array.isArray(value) ? [] : isRecord(value) ? {} : value
