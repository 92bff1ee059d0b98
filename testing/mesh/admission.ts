import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Written } from '../cluster/client.ts'

const GROUPS = [
  'security.istio.io',
  'networking.istio.io',
  'telemetry.istio.io',
  'extensions.istio.io',
]

/** Makes the API server call istiod's webhook on a port of this machine, as an installation of Istio does. */
export async function validatedBy(port: number, folder: string): Promise<Written> {
  const ca = await readFile(path.join(folder, 'ca.crt'))
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: 'istio-validator' },
    webhooks: [
      {
        name: 'validation.istio.io',
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
        failurePolicy: 'Fail',
        clientConfig: {
          url: `https://127.0.0.1:${port}/validate`,
          caBundle: ca.toString('base64'),
        },
        rules: [
          {
            operations: ['CREATE', 'UPDATE'],
            apiGroups: GROUPS,
            apiVersions: ['*'],
            resources: ['*'],
          },
        ],
      },
    ],
  }
}
