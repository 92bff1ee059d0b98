import type { Written } from './client.ts'

const GROUP = 'serving.kserve.io'

const ANYTHING = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } as const

/** KServe's kinds without schemas: small, and served at once. */
function crdOf(kind: string, versions: readonly string[]): Written {
  const plural = `${kind.toLowerCase()}s`
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${GROUP}` },
    spec: {
      group: GROUP,
      scope: 'Namespaced',
      names: { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase() },
      versions: versions.map((name, index) => ({
        name,
        served: true,
        storage: index === 0,
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: { type: 'object', properties: { spec: ANYTHING, status: ANYTHING } },
        },
      })),
    },
  }
}

export const CRDS = {
  InferenceService: crdOf('InferenceService', ['v1beta1']),
  InferenceGraph: crdOf('InferenceGraph', ['v1alpha1']),
  LLMInferenceService: crdOf('LLMInferenceService', ['v1alpha2', 'v1alpha1']),
  LLMInferenceServiceConfig: crdOf('LLMInferenceServiceConfig', ['v1alpha2', 'v1alpha1']),
} as const
