/** The path of a check. */
export const CHECK_PATH = '/envoy.service.auth.v3.Authorization/Check'

/** As Envoy sends them with each check, for a timeout of half a second. */
export const ENVOY_HEADERS: Readonly<Record<string, string>> = {
  te: 'trailers',
  'grpc-timeout': '500m',
  'content-type': 'application/grpc',
  'x-envoy-internal': 'true',
  'x-forwarded-for': '192.0.2.2',
  'x-envoy-expected-rq-timeout-ms': '500',
}
