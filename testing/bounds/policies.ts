import { MAX_NAMED } from '../../src/access/namespace-policies.ts'
import {
  MAX_NAMESPACE_WEIGHT,
  MAX_POLICY_WEIGHT,
  MAX_SERVICE_WEIGHT,
} from '../../src/access/policy-weight.ts'
import { MAX_CONDITION_MESSAGE } from '../../src/kubernetes/status/conditions.ts'
import { MAX_CONDITIONS } from '../../src/kubernetes/status/held-policy.ts'
import {
  BATCH as STATUS_BATCH,
  STATUS_PERIODS,
} from '../../src/kubernetes/status/policy-status-writer.ts'
import { MAX_PARTS } from '../../src/resources/access-policy.ts'
import { MAX_LIST_ENTRIES as MAX_POLICY_LIST, MAX_TEXT } from '../../src/resources/policy-values.ts'
import { type Bounds, count, seconds } from './texts.ts'

const perSecond = (times: number, ms: number) => `${count((times * 1_000) / ms)} a second`

export const POLICIES: Bounds = {
  'entries of a policy': count(MAX_POLICY_WEIGHT),
  'fields and elements of its spec, before it is read': count(MAX_PARTS),
  'entries of a list in it': count(MAX_POLICY_LIST),
  'length of a text in it': count(MAX_TEXT),
  'weight of policies': count(MAX_SERVICE_WEIGHT),
  'weight of all policies': count(MAX_NAMESPACE_WEIGHT),
  'status writes': perSecond(STATUS_BATCH, STATUS_PERIODS.gapMs),
  'the same status written over another': seconds(STATUS_PERIODS.againMs),
  'conditions of the object that are read': count(MAX_CONDITIONS),
  'length of the message of a condition': count(MAX_CONDITION_MESSAGE),
  'services that a condition names': count(MAX_NAMED),
}
