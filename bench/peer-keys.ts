import { hash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { keyAt, modelOfKey } from './worlds/world.ts'

// Writes the API keys of the benchmark as other programs read them: opa-keys.json, and authorino-keys.yaml.
// Usage: peer-keys.ts [KEYS]; writes into the current folder

const SERVICES = 10

const keys = Array.from({ length: Number(process.argv[2] ?? 10) }, (_, index) => ({
  index,
  key: keyAt(index),
  model: modelOfKey(index, { services: SERVICES }),
}))

/** Each digest with the model that its key opens. */
const data = Object.fromEntries(keys.map(({ key, model }) => [hash('sha256', key), model.name]))

const secrets = keys.map(
  ({ index, key }) => `apiVersion: v1
kind: Secret
metadata:
  name: key-${index}
  namespace: bench
  labels: { authorino.kuadrant.io/managed-by: authorino, keys: bench }
stringData: { api_key: ${key} }
`,
)

await writeFile('opa-keys.json', JSON.stringify({ keys: data }))
await writeFile('authorino-keys.yaml', secrets.join('---\n'))
