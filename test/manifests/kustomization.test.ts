import { expect, it } from 'vitest'
import { iris, opened } from './manifests.ts'

const KUSTOMIZATION = 'resources: [iris.yaml]\nnamespace: team\n'

it.each(['kustomization.yaml', 'kustomization.yml', 'base/kustomization.yaml'])(
  'the file of kustomize needs no kind: %s',
  async (name) => {
    const { problems } = await opened({ 'iris.yaml': iris('true'), [name]: KUSTOMIZATION })
    expect(problems).toEqual([])
  },
)

it('any other file does', async () => {
  const { problems } = await opened({ 'my-kustomization.yaml': KUSTOMIZATION })
  expect(problems.map(({ reason }) => reason)).toEqual(['NotAnObject'])
})

it('an object in the file of kustomize counts', async () => {
  const { problems } = await opened({
    'kustomization.yaml': iris('true').replace('name: iris', 'name: "?"'),
  })
  expect(problems.map(({ reason }) => reason)).toEqual(['UnreadableObject'])
})
