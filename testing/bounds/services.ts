import { MAX_JUDGED } from '../../src/access/contenders.ts'
import { MAX_VALUES } from '../../src/access/header-values.ts'
import { MAX_KEPT } from '../../src/access/own-routes.ts'
import { MAX_ROUTE_KEYS } from '../../src/access/route-index.ts'
import { MAX_FORMER } from '../../src/access/route-versions.ts'
import { MAX_ASKED } from '../../src/access/routing-group.ts'
import { MAX_HOST } from '../../src/common/host.ts'
import { MAX_CANONICAL_LENGTH, MAX_ROUTE_SEGMENTS } from '../../src/common/path.ts'
import { MAX_CORS_HEADERS, MAX_GATEWAYS, MAX_HOSTS, MAX_ORIGINS } from '../../src/config/values.ts'
import { MAX_NAME } from '../../src/envoy/read-binding.ts'
import { MAX_SERVICE_GATEWAYS } from '../../src/resources/gateways.ts'
import { MAX_ROUTE_PARTS } from '../../src/resources/http-route.ts'
import { MAX_DOMAINS } from '../../src/resources/ingress.ts'
import { MAX_ADAPTERS, MAX_BASES, MAX_REFS } from '../../src/resources/llm-config.ts'
import { MAX_LISTED, MAX_MODEL_NAME, MAX_MODELS } from '../../src/resources/llm-models.ts'
import { MAX_HOSTNAMES } from '../../src/resources/llm-routes.ts'
import { MAX_ALTERNATIVES } from '../../src/resources/patterns.ts'
import { MAX_HEADERS as MAX_MATCH_HEADERS, MAX_MATCHES } from '../../src/resources/route-matches.ts'
import { MAX_PARENTS } from '../../src/resources/route-parents.ts'
import { MAX_ROUTES, MAX_URL_LENGTH } from '../../src/resources/routes.ts'
import { MAX_COMPONENTS, MAX_URLS } from '../../src/resources/status-urls.ts'
import { MAX_TEMPLATE_LENGTH as MAX_TEMPLATE } from '../../src/resources/template.ts'
import { type Bounds, count } from './texts.ts'

export const SERVICES: Bounds = {
  'hosts and paths': count(MAX_ROUTES),
  'URLs of a status': count(MAX_URLS),
  'components of a status': count(MAX_COMPONENTS),
  'length of a URL': count(MAX_URL_LENGTH),
  'length of a host': count(MAX_HOST),
  'length of a path that chooses a service or is excluded': count(MAX_CANONICAL_LENGTH),
  'segments of a path': count(MAX_ROUTE_SEGMENTS),
  models: count(MAX_MODELS),
  'length of the name of a model': count(MAX_MODEL_NAME),
  'models that its addresses list': count(MAX_LISTED),
  adapters: count(MAX_ADAPTERS),
  LLMInferenceServiceConfigs: count(MAX_BASES),
  'matches of its route': count(MAX_MATCHES),
  'headers of a match': count(MAX_MATCH_HEADERS),
  'hostnames of its route': count(MAX_HOSTNAMES),
  'references of its `spec.router.gateway`': count(MAX_REFS),
  'gateways of its routes': count(MAX_SERVICE_GATEWAYS),
  'values of a header that chooses a route': count(MAX_VALUES),
  'protected services of one address': count(MAX_JUDGED),
  'members of a routing group whose permission is asked for': count(MAX_ASKED),
  'hosts of the configuration, and its `llmHosts`': count(MAX_HOSTS),
  'origins of the configuration, for browsers': count(MAX_ORIGINS),
  'headers of the configuration, for browsers': count(MAX_CORS_HEADERS),
  'gateways of an entry of the configuration': count(MAX_GATEWAYS),
  'answers for routes of any host, which are kept': count(MAX_KEPT),
  'rules, hostnames, matches, filters and backends of a route of the Gateway API':
    count(MAX_ROUTE_PARTS),
  'versions of such a route within five seconds': count(MAX_FORMER),
  'hostnames times matches of such a route in the index': count(MAX_ROUTE_KEYS),
  'parents in the status of such a route': count(MAX_PARENTS),
  'alternatives of a regular expression of a header of such a route': count(MAX_ALTERNATIVES),
  'length of a name that a gateway says': count(MAX_NAME),
  'additional domains of KServe': count(MAX_DOMAINS),
  'length of a template of KServe': count(MAX_TEMPLATE),
}
