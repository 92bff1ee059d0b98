import { MAX_REQUEST_ID } from '../../src/common/request-id.ts'
import { MAX_QUOTED, MAX_SHOWN } from '../../src/config/shape.ts'
import { MAX_METADATA_LENGTH as MAX_METADATA } from '../../src/envoy/metadata.ts'
import {
  MAX_CREDENTIAL,
  MAX_DECIDED_BY,
  MAX_DETAIL,
  MAX_LOGGED_HOST,
  MAX_METHOD,
  MAX_PATH,
  MAX_PRINCIPAL,
} from '../../src/observability/decision-log.ts'
import { type Bounds, count } from './texts.ts'

export const LOG: Bounds = {
  '`requestId`': count(MAX_REQUEST_ID),
  'request id that a denial quotes': count(MAX_REQUEST_ID),
  '`method`': count(MAX_METHOD),
  '`host`': count(MAX_LOGGED_HOST),
  '`path`': count(MAX_PATH),
  '`principal`': count(MAX_PRINCIPAL),
  '`credential`': count(MAX_CREDENTIAL),
  '`detail`': count(MAX_DETAIL),
  '`decidedBy`': count(MAX_DECIDED_BY),
  "fields for Envoy's access log": count(MAX_METADATA),
  'value of the configuration that a message quotes': count(MAX_QUOTED),
  'key of the configuration that a message names': count(MAX_SHOWN),
}
