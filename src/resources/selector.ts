// Reads and evaluates label selectors.

import { isRecord } from '../common/json.ts'
import { type TextMap, textAt, textMapAt, valueAt } from './object.ts'

/** A label selector: every requirement must hold. An empty one selects everything. */
export type Selector = readonly Requirement[]

type Requirement =
  | { readonly label: string; readonly operator: 'Exists' | 'DoesNotExist' }
  | {
      readonly label: string
      readonly operator: 'In' | 'NotIn'
      readonly values: ReadonlySet<string>
    }

const FIELDS: ReadonlySet<string> = new Set(['matchLabels', 'matchExpressions'])

/** Reads a Kubernetes LabelSelector; `undefined`: some part is not understood. */
export function readSelector(entry: unknown): Selector | undefined {
  if (!isRecord(entry) || !Object.keys(entry).every((field) => FIELDS.has(field))) return undefined
  const labels = textMapAt(entry, 'matchLabels')
  const expressions = valueAt(entry, 'matchExpressions') ?? []
  if (labels === undefined || !Array.isArray(expressions)) return undefined
  const parts = [
    ...[...labels].map(([label, value]) =>
      value === undefined
        ? undefined
        : { label, operator: 'In' as const, values: new Set([value]) },
    ),
    ...expressions.map(readExpression),
  ]
  const requirements = parts.filter((part) => part !== undefined)
  return requirements.length === parts.length ? requirements : undefined
}

function readExpression(entry: unknown): Requirement | undefined {
  const label = textAt(entry, 'key')
  const operator = textAt(entry, 'operator')
  const list = valueAt(entry, 'values') ?? []
  if (!label || !Array.isArray(list)) return undefined
  const values = new Set(list.filter((value): value is string => typeof value === 'string'))
  if (values.size !== new Set(list).size) return undefined
  switch (operator) {
    case 'In':
    case 'NotIn':
      return values.size > 0 ? { label, operator, values } : undefined
    case 'Exists':
    case 'DoesNotExist':
      return values.size === 0 ? { label, operator } : undefined
    default:
      return undefined
  }
}

/** Whether the labels meet every requirement. */
export const selects = (selector: Selector, labels: TextMap): boolean =>
  selector.every((requirement) => holds(requirement, labels))

function holds(requirement: Requirement, labels: TextMap): boolean {
  const value = labels.get(requirement.label)
  switch (requirement.operator) {
    case 'Exists':
      return labels.has(requirement.label)
    case 'DoesNotExist':
      return !labels.has(requirement.label)
    case 'In':
      return value !== undefined && requirement.values.has(value)
    case 'NotIn':
      return value === undefined || !requirement.values.has(value)
  }
}
