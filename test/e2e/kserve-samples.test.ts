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

beforeAll(async () => {
  const file = await findKserveSamples((line) => void process.stderr.write(`${line}\n`))
  for (const text of (await readFile(file, 'utf8')).split(/^---[ \t]*$/m)) {
    const document = await readDocuments(Buffer.from(text), (object) => ({
      kind: textAt(object, 'apiVersion').startsWith('serving.kserve.io/')
        ? textAt(object, 'kind')
        : '',
      reading: read(object),
    }))
    if (document.kind === 'faulty') unreadable.push(text)
    else samples.push(...document.objects)
  }
})

describe("the sample manifests of KServe's documentation", () => {
  it('are of every kind', () => {
    const counts = new Map<string, number>()
    for (const { kind } of samples) counts.set(kind, (counts.get(kind) ?? 0) + 1)
    const atLeast = { InferenceService: 90, LLMInferenceService: 20, InferenceGraph: 4 }
    for (const [kind, count] of Object.entries(atLeast))
      expect(counts.get(kind)).toBeGreaterThanOrEqual(count)
    expect(samples.length).toBeGreaterThan(200)
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
      // Three are files of kustomize, whose names are lost here.
      'Object NotAnObject',
      'Object NotAnObject',
      'Object NotAnObject',
    ])
  })

  it('can be parsed, unless they are templates', () => {
    expect(unreadable.filter((text) => !/\{\{|[:=] *\{\w+\}[/.]/.test(text))).toEqual([])
  })

  it('all of services are services', () => {
    const kinds = /^(?:InferenceService|InferenceGraph|LLMInferenceService)$/
    const services = samples.filter(({ kind }) => kinds.test(kind))
    expect(new Set(services.map(({ reading }) => reading.resource.kind))).toEqual(
      new Set(['service']),
    )
  })
})
