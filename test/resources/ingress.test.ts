import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readIngress } from '../../src/resources/ingress.ts'
import { anInferenceService, readService, urlsOf } from '../../testing/objects.ts'

const configMap = (ingress: unknown) => ({
  data: { ingress: typeof ingress === 'string' ? ingress : JSON.stringify(ingress) },
})

/** The routes that a configuration adds to team/iris. */
function added(ingress: unknown, parts: Parameters<typeof anInferenceService>[0] = {}) {
  const object = anInferenceService(parts)
  const settings = { ingress: readIngress(configMap(ingress)).ingress }
  const before = urlsOf(readService(object))
  return urlsOf(readService(object, settings)).filter((url) => !before.includes(url))
}

const problems = (ingress: unknown) =>
  readIngress(configMap(ingress)).problems.map(({ message }) => message)

describe("KServe's ingress configuration adds to an InferenceService", () => {
  it('hosts in its domain, for the service and each component', () => {
    const spec = { transformer: {}, explainer: {} }
    const components = added({ ingressDomain: 'Models.Example.com' }, { spec })
    expect(components.filter((url) => url.endsWith('.models.example.com'))).toEqual([
      'iris-predictor-team.models.example.com',
      'iris-transformer-team.models.example.com',
      'iris-explainer-team.models.example.com',
      'iris-team.models.example.com',
      'iris.team.models.example.com',
    ])
  })

  it('hosts in example.com, if it has no domain', () => {
    expect(added({})).toContain('iris-team.example.com')
  })

  it('a host in each additional domain', () => {
    const urls = added({ ingressDomain: 'a.com', additionalIngressDomains: ['b.org', 'c.org'] })
    expect(urls.filter((url) => url.endsWith('.org'))).toEqual([
      'iris-team.b.org',
      'iris.team.b.org',
      'iris-team.c.org',
      'iris.team.c.org',
    ])
  })

  it('the host that Knative gives the service, even if its status does not have it', () => {
    const status = {
      url: 'http://a.com/serving/team/iris',
      components: { predictor: { url: 'http://iris-predictor.team.knative.org' } },
    }
    expect(added({ ingressDomain: 'a.com' }, { status })).toContain('iris.team.knative.org')
  })

  it('that host in each additional domain, if Knative has the same domain', () => {
    const status = { components: { predictor: { url: 'http://iris-predictor.x.team.a.com' } } }
    const ingress = { ingressDomain: 'a.com', additionalIngressDomains: ['b.org'] }
    expect(added(ingress, { status })).toContain('iris.x.team.b.org')
  })
})

describe('a domain template', () => {
  const urls = (domainTemplate: string, parts = {}) =>
    added({ ingressDomain: 'a.com', domainTemplate }, parts)
  /** Without the host of Knative's default template. */
  const template = (domainTemplate: string, parts = {}) =>
    urls(domainTemplate, parts).filter((url) => url !== 'iris.team.a.com')

  it.each([
    ['{{ .Name }}.{{ .Namespace }}.models.{{ .IngressDomain }}', 'iris.team.models.a.com'],
    ['{{.Name}}-x.{{.IngressDomain}}', 'iris-x.a.com'],
    ['{{ .Name -}}  . {{- .IngressDomain }}', 'iris.a.com'],
    ['{{ .Labels.tenant }}.{{ .Name }}.a.com', 'acme.iris.a.com'],
    ['{{ index .Annotations "a/b" }}.{{ .Name }}.a.com', 'x.iris.a.com'],
  ])('%s gives %s', (text, host) => {
    const metadata = { labels: { tenant: 'acme' }, annotations: { 'a/b': 'x' } }
    expect(urls(text, { metadata })).toContain(host)
  })

  it('gives no host if a label is missing', () => {
    expect(template('{{ .Labels.tenant }}-{{ .Name }}.a.com')).toEqual([])
  })

  it('gives no invalid host', () => {
    const metadata = { labels: { tenant: 'two words' } }
    expect(template('{{ .Labels.tenant }}.{{ .Name }}.a.com', { metadata })).toEqual([])
  })

  it.each([
    '{{ printf "%s" .Name }}.a.com',
    '{{ if .Labels.x }}{{ .Name }}{{ end }}.a.com',
    '{{ .Other }}.a.com',
    '{{ .Name',
    'a b.{{ .Name }}',
    `{{ .Name }}.${'x'.repeat(2_000)}`,
  ])('%.40s is not supported: it adds nothing and is reported', (text) => {
    expect(template(text)).toEqual([])
    expect(problems({ domainTemplate: text })).toEqual([
      'data.ingress.domainTemplate is an unsupported template: it is ignored',
    ])
  })
})

describe('a path template', () => {
  const INGRESS = {
    ingressDomain: 'a.com',
    pathTemplate: '/serving/{{ .Namespace }}/{{ .Name }}',
  }
  const paths = (ingress: object, parts = {}) =>
    added({ ...INGRESS, ...ingress }, parts).filter((url) => url.startsWith('a.com'))

  it('gives a path on the shared host', () => {
    expect(paths({})).toEqual(['a.com/serving/team/iris'])
  })

  it('with HTTPRoutes gives that host as a whole: it may lead to any service', () => {
    expect(paths({ enableGatewayApi: true })).toEqual(['a.com'])
  })

  it.each([
    ['by its status', { status: { deploymentMode: 'Knative' } }],
    [
      'by its annotation',
      { metadata: { annotations: { 'serving.kserve.io/deploymentMode': 'Serverless' } } },
    ],
  ])('gives none if the service is one of Knative %s', (_title, parts) => {
    expect(paths({ enableGatewayApi: true }, parts)).toEqual(['a.com/serving/team/iris'])
  })

  it.each(['serving/{{ .Name }}', '/a/../{{ .Name }}', '/%2f/{{ .Name }}', '/{{ .Nope }}'])(
    '%s is not supported: it adds nothing and is reported',
    (pathTemplate) => {
      expect(paths({ pathTemplate })).toEqual([])
      expect(problems({ pathTemplate })).toHaveLength(1)
    },
  )
})

describe('an invalid ingress configuration', () => {
  it.each([
    ['not JSON', 'is not a JSON object'],
    ['[]', 'is not a JSON object'],
    [{ ingressDomain: 'a b' }, '.ingressDomain is not a host name'],
    [{ ingressDomain: 'a.com:80' }, '.ingressDomain is not a host name'],
    [{ ingressDomain: 7 }, '.ingressDomain is not a host name'],
    [{ additionalIngressDomains: 'b.org' }, '.additionalIngressDomains is not a list'],
    [{ additionalIngressDomains: ['/'] }, '.additionalIngressDomains has an entry'],
  ])('%j is reported', (ingress, message) => {
    expect(problems(ingress)).toHaveLength(1)
    expect(problems(ingress).join()).toContain(message)
  })

  it('keeps its valid parts in force', () => {
    const urls = added({ ingressDomain: 'a.com', additionalIngressDomains: ['b.org', 7] })
    expect(urls).toContain('iris-team.b.org')
  })

  it.each([undefined, null, {}, { data: {} }, { data: { other: '{}' } }])(
    'is not reported if it is absent: %j',
    (object) => {
      expect(readIngress(object)).toEqual({ ingress: undefined, problems: [] })
    },
  )

  it('never throws', () => {
    fc.assert(fc.property(fc.anything(), (value) => void readIngress(value)))
    fc.assert(fc.property(fc.json(), (text) => void readIngress(configMap(text))))
  })
})
