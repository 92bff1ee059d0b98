// What each key of the configuration does.

/** By key, as in problems: `[]` stands for an entry of a list, `*` for a key of several kinds. */
const DESCRIPTIONS: Readonly<Record<string, string>> = {
  grpc: 'The ports that answer the checks of Envoy.',
  'grpc.listeners': 'The ports, each with the kind of proxy that asks there.',
  'grpc.listeners[].position':
    'Whether gateways or the sidecars of workloads ask here. It determines how the target is found.',
  'grpc.listeners[].address': 'The address to listen on.',
  'grpc.listeners[].route':
    'Whether the routes that gateways report are trusted. `required` denies requests without one, `ignored` uses host, path and headers alone.',
  'grpc.listeners[].contextExtensions':
    'Whether the context extension `service` is trusted, too. Only where nobody else can write it.',
  'grpc.tls':
    'The certificate of the ports. `null`: they use plain text, and the mesh or the network protects them.',
  'grpc.tls.certFile': 'The certificate in PEM. A renewed file is read again.',
  'grpc.tls.keyFile': 'The key of the certificate in PEM.',
  'grpc.tls.clientCaFile':
    'The certificate authorities of clients. With it a client needs a certificate.',
  'grpc.tls.minVersion': 'The oldest version of TLS that is accepted.',
  'grpc.maxRequestBytes': 'The longest check that is read, in bytes. A longer one is denied.',
  'grpc.maxConnections': 'The most connections of one port.',
  'grpc.maxConnectionsPerAddress': 'The most connections of one client address.',
  http: 'The port for metrics and probes.',
  'http.address': 'The address of `/metrics`, `/denials`, `/livez` and `/readyz`.',
  'http.auth':
    'Who may read `/metrics` and `/denials`. `none`: everybody. `tokenReview`: callers with a Kubernetes token whose user may `get` the path `/metrics`. Probes need no token.',
  protectByDefault:
    'Whether an InferenceService or InferenceGraph without an annotation is protected, as an LLMInferenceService is.',
  ownersMay: 'What owners of services may do by annotations and policies.',
  'ownersMay.optOut': 'Whether an owner may open a service with `enable-auth: "false"`.',
  'ownersMay.anonymous': 'Whether a policy may admit callers without a credential.',
  'ownersMay.shadow':
    'Whether a policy or a service may be in shadow: evaluated and logged, not enforced.',
  'ownersMay.exclusions': 'Whether a policy may exclude paths from needing a credential.',
  logLevel: 'The least level of the lines in the log of the program.',
  kubernetes: 'How the cluster is read, and its tokens are accepted.',
  'kubernetes.namespaces': 'The only namespaces to serve. Empty: all.',
  'kubernetes.audiences': 'A Kubernetes token must be for one of these audiences.',
  'kubernetes.issuer': 'The issuer of Kubernetes tokens. `null`: it is discovered.',
  'kubernetes.jwksFile':
    'A file with the public keys of Kubernetes tokens. `null`: the API server has them.',
  'kubernetes.tokenHeaders':
    'Headers that may hold a Kubernetes token, in addition to `authorization`.',
  'kubernetes.opaqueTokenPrefixes':
    'The beginnings of tokens that are not JWTs and that the API server knows.',
  'kubernetes.instantRevocation':
    'Whether deleted ServiceAccounts and bindings take effect at once. It needs permission to watch them.',
  'kubernetes.kserveNamespace': 'The namespace in which KServe is installed.',
  'kubernetes.maxAddressStalenessSeconds':
    'How long the addresses of pods count while the API server is unreachable.',
  'kubernetes.maxStalenessSeconds':
    'How long all other objects count while the API server is unreachable.',
  apiKeys: 'How API keys are found in Secrets and in requests.',
  'apiKeys.selector': 'The Secrets that are API keys.',
  'apiKeys.selector.matchLabels': 'A Secret with all of these labels is an API key.',
  'apiKeys.dataNames':
    'The first of these entries in a Secret is its key. The value of one that ends in `_sha256` is a digest.',
  'apiKeys.headers': 'The headers that may hold an API key.',
  'apiKeys.schemes': 'The schemes before an API key in `authorization`.',
  jwt: 'The identity providers whose tokens are accepted.',
  'jwt.providers': 'The identity providers.',
  'jwt.providers[].name': 'The name of the provider in policies, logs and metrics.',
  'jwt.providers[].issuer': '`iss` of its tokens, byte for byte.',
  'jwt.providers[].audiences':
    '`aud` of a token must contain one of these, or another claim one of its values.',
  'jwt.providers[].audiences.claim': 'The claim with the audience, instead of `aud`.',
  'jwt.providers[].audiences.values': 'The accepted values of that claim.',
  'jwt.providers[].requiredClaims': 'Each of these claims must have one of its values.',
  'jwt.providers[].clockSkew': 'How far the clock of the issuer may differ, in seconds.',
  'jwt.providers[].caFile':
    'The certificate authorities of the issuer in PEM. Absent: those of Node.js.',
  'jwt.providers[].insecureHttp':
    'Whether plain http is allowed. An attacker on the network path can then issue tokens.',
  'jwt.providers[].user': 'The claim that names the user, for a provider without `rbac`.',
  'jwt.providers[].user.claim': 'The name of the claim.',
  'jwt.providers[].user.prefix': 'Text before the name of the user.',
  'jwt.providers[].jwksUri': 'The URL of the public keys. Absent: it is discovered.',
  'jwt.providers[].jwksFile': 'A file with the public keys.',
  'jwt.providers[].algorithms': 'The accepted algorithms of signatures. Absent: RS256 and ES256.',
  'jwt.providers[].introspection': 'Asks the issuer about each token (RFC 7662).',
  'jwt.providers[].introspection.url': 'The introspection endpoint.',
  'jwt.providers[].introspection.clientId': 'The client that asks.',
  'jwt.providers[].introspection.clientSecretFile': 'A file with the secret of the client.',
  'jwt.providers[].introspection.tokenPrefixes':
    'The beginnings of its opaque tokens. Absent: it is asked about any of them.',
  'jwt.providers[].types': 'Further accepted values of `typ` in the header of a token.',
  'jwt.providers[].from': 'Where requests carry its tokens.',
  'jwt.providers[].from.headers': 'The headers that may hold a token.',
  'jwt.providers[].from.headers[].name': 'The name of the header.',
  'jwt.providers[].from.headers[].prefix': 'Text before the token.',
  'jwt.providers[].from.cookies': 'The cookies that may hold a token.',
  'jwt.providers[].rbac':
    'The user and the groups of its tokens in Kubernetes. Absent: they have no permissions in RBAC.',
  'jwt.providers[].rbac.*': 'The claim with the names, and their prefix.',
  'jwt.providers[].rbac.*.claim': 'The name of the claim.',
  'jwt.providers[].rbac.*.prefix': 'Text before each name, so that no other provider can issue it.',
  'jwt.providers[].rbac.systemAuthenticated':
    'Whether its users are in the group `system:authenticated`. Absent: they are.',
  'jwt.maxTokenBytes': 'The longest JWT that is read, in bytes.',
  webSocketProtocols: 'Subprotocols of WebSockets that may hold a credential.',
  'webSocketProtocols[].prefix': 'The beginning of the subprotocol, before the credential.',
  'webSocketProtocols[].base64url': 'Whether the credential is encoded in base64url.',
  gateways: 'How requests at gateways are assigned to services.',
  'gateways.hosts': 'Hosts, or paths on them, that KServe does not know.',
  'gateways.hosts[].host': 'The host.',
  'gateways.hosts[].path': 'The path on the host, with everything below it.',
  'gateways.hosts[].kind': 'The kind of the service.',
  'gateways.hosts[].namespace': 'The namespace of the service.',
  'gateways.hosts[].name': 'The name of the service.',
  'gateways.hosts[].gateways': 'The gateways that have this route. Absent: not known.',
  'gateways.llmHosts':
    'Further hosts of LLMInferenceServices, in addition to those of their status.',
  'gateways.hostPort': 'Whether gateways compare the port after the host.',
  'gateways.asking': 'The gateways that ask, if their pods do not show it. `null`: not known.',
  'gateways.proxies': 'Proxies of gateways, by their addresses or by the labels of their pods.',
  'gateways.proxies[].addresses': 'The addresses of the proxies.',
  'gateways.proxies[].gateways': 'The gateways that these proxies run.',
  'gateways.proxies[].namespace': 'The namespace of the pods.',
  'gateways.proxies[].podLabels': 'The labels of the pods.',
  'gateways.controllerNamespaces':
    'The namespaces in which pods may name gateways of other namespaces.',
  mesh: 'The identities of the mesh.',
  'mesh.trustDomain': 'The trust domain of the mesh.',
  'mesh.intermediaries':
    'Peers that only forward the requests of others, such as gateways. They are never callers.',
  exclusions:
    'Paths that need no credential. A list replaces the default list of its component or kind.',
  'exclusions.*': 'The lists of this position.',
  'exclusions.*.*': 'The paths of this component or kind.',
  'exclusions.*.*[].path': 'The path.',
  'exclusions.*.*[].methods': 'The methods on this path.',
  permissions:
    'The permissions in RBAC that open a service. A list replaces the default of its kind.',
  'permissions.*': 'The permissions, of which one is enough.',
  'permissions.*[].verb': 'The verb.',
  'permissions.*[].group': 'The API group.',
  'permissions.*[].resource': 'The resource.',
  'permissions.*[].name': 'The name of the resource, with parts of the service or the model.',
  headers: 'The headers that tell the model who calls.',
  'headers.user': 'The header with the user.',
  'headers.groups': 'The header with the groups, separated by commas.',
  'headers.groupsJson': 'The header with the groups as JSON.',
  'headers.credential': 'The header with the kind of the credential.',
  'headers.claims': 'Further headers, each with the claim whose value it carries.',
  'headers.templates':
    'Further headers, each with a text about the caller. Empty text: the header is only removed.',
  denial: 'The answer to a denied request.',
  'denial.realm': 'The realm in `www-authenticate`.',
  forwardCredential:
    'Whether a valid credential stays in the request. `auto`: only if a later check needs it.',
  corsPreflight: 'Whether CORS preflights are answered by the model without a credential.',
  cors: 'Which pages of browsers may read answers of this service.',
  'cors.origins': 'The origins whose pages may read a denial, and whose preflights are answered.',
  'cors.headers': 'The headers that their requests may have.',
  'cors.maxAge': 'How long browsers may remember the answer to a preflight, in seconds.',
  decisionLog: 'The log of decisions on stdout.',
  'decisionLog.decisions': 'The decisions that are logged.',
  metrics: 'The metrics of the program.',
  'metrics.perService':
    'Whether the metrics of checks have a label for the service, and whether the last denial of each service is kept.',
}

/** What a key or a field does; `''`: it is not described. */
export function descriptionOf(name: string): string {
  const own = DESCRIPTIONS[name]
  if (own !== undefined) return own
  const parts = name.split('.')
  const pattern = Object.keys(DESCRIPTIONS).find((each) => isLike(each.split('.'), parts))
  return pattern === undefined ? '' : (DESCRIPTIONS[pattern] ?? '')
}

/** `*[]` is an entry of any list. */
const isLike = (pattern: readonly string[], parts: readonly string[]): boolean =>
  pattern.length === parts.length &&
  pattern.every((each, index) => {
    const part = parts[index] ?? ''
    return (
      each === part ||
      (each === '*' && !part.endsWith('[]')) ||
      (each === '*[]' && part.endsWith('[]'))
    )
  })

/** Every described name. */
export const DESCRIBED: readonly string[] = Object.keys(DESCRIPTIONS)
