import { readFile } from 'node:fs/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import { findKserveSamples } from '../../scripts/kserve.ts'
import { readDocuments } from '../../src/manifests/documents.ts'
import type { ResourceReading } from '../../src/resources/resource.ts'
import { textAt } from '../../testing/json.ts'
import { read } from '../../testing/objects.ts'

type Sample = { readonly kind: string; readonly reading: ResourceReading }

const samples: Sample[] = []
const unreadable: string[] = []

/** Templates with their own names as values. */
const filledIn = (text: string): string =>
  text
    .replaceAll(/\{\{ *(\w+) *\}\}/g, (_, name: string) => name.replaceAll('_', '-'))
    .replaceAll(/(image: |pvc:\/\/|gs:\/\/)\{(\w+)\}/g, '$1$2')

beforeAll(async () => {
  const file = await findKserveSamples((line) => void process.stderr.write(`${line}\n`))
  for (const text of (await readFile(file, 'utf8')).split(/^---[ \t]*$/m)) {
    const document = await readDocuments(Buffer.from(filledIn(text)), (object) => ({
      kind: textAt(object, 'apiVersion').startsWith('serving.kserve.io/')
        ? textAt(object, 'kind')
        : '',
      reading: read(object),
    }))
    if (document.kind === 'faulty')
      unreadable.push(`${/name: (.*\S)/.exec(text)?.[1]}: ${document.fault.reason}`)
    else samples.push(...document.objects)
  }
})

describe("the manifests of KServe's documentation and tests", () => {
  it('are of every kind', () => {
    const counts = new Map<string, number>()
    for (const { kind } of samples) counts.set(kind, (counts.get(kind) ?? 0) + 1)
    const atLeast = { InferenceService: 100, LLMInferenceService: 24, InferenceGraph: 12 }
    for (const [kind, count] of Object.entries(atLeast))
      expect(counts.get(kind)).toBeGreaterThanOrEqual(count)
    expect(samples.length).toBeGreaterThan(330)
  })

  it('are complained of only where the API server refuses them, too', () => {
    const complaints = samples.flatMap(({ reading: { problems } }) =>
      problems.map(({ object, reason }) => `${object} ${reason}`),
    )
    expect(complaints.toSorted()).toEqual([
      // A ServiceAccount without a namespace, which kustomize would add.
      'ClusterRoleBinding prometheus SubjectDropped',
      // Two are of the group before KServe had its name.
      'InferenceService of serving.kubeflow.org/v1beta1 WrongGroup',
      'InferenceService of serving.kubeflow.org/v1beta1 WrongGroup',
      // A description of an API, and three files of kustomize, whose names are lost here.
      'Object NotAnObject',
      'Object NotAnObject',
      'Object NotAnObject',
      'Object NotAnObject',
    ])
  })

  it('can be parsed, except for texts that YAML does not allow', () => {
    // A text or a list continues on lines with less indentation than its key. kubectl accepts this. None has a kind that is read.
    expect(unreadable.toSorted()).toEqual([
      'Serve a model with KServe: deficient indentation',
      'services.serving.knative.dev: deficient indentation',
      'virtualservices.networking.istio.io: deficient indentation',
    ])
  })

  it('all of services are services', () => {
    const kinds = /^(?:InferenceService|InferenceGraph|LLMInferenceService)$/
    const services = samples.filter(({ kind }) => kinds.test(kind))
    expect(new Set(services.map(({ reading }) => reading.resource.kind))).toEqual(
      new Set(['service']),
    )
  })
})
