import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { loadAll } from 'js-yaml'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readConfig } from '../../src/config/read-config.ts'
import { writtenOf } from '../../testing/cluster/installation.ts'
import { found, render } from '../../testing/deployment/render.ts'
import { at, listAt, textAt } from '../../testing/json.ts'

const ROOT = path.join(import.meta.dirname, '../..')
const NAME = 'kserve-authz'

let folder = ''
beforeEach(async () => {
  folder = await realpath(await mkdtemp(path.join(tmpdir(), 'overlay-')))
})
afterEach(() => rm(folder, { recursive: true }))

/** Writes a file of an overlay, next to this project. */
async function write(name: string, text: string) {
  const here = path.relative(path.join(folder, path.dirname(name)), ROOT)
  await mkdir(path.dirname(path.join(folder, name)), { recursive: true })
  await writeFile(path.join(folder, name), text.replaceAll('../kserve-authz/', `${here}/`))
}

/** The YAML on the page of the installation below a comment. */
async function told(comment: string): Promise<string> {
  const page = await readFile(path.join(ROOT, 'docs/installation.md'), 'utf8')
  const blocks = [...page.matchAll(/^( *)```yaml\n([\s\S]*?)\n\1```$/gm)].map(
    ([, indent = '', text = '']) => text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  )
  const text = blocks.find((block) => block.startsWith(`# ${comment}`))
  if (text === undefined) throw new Error(`the page has nothing after "${comment}"`)
  return text
}

describe('the overlay of the page of the installation', () => {
  beforeEach(async () => {
    await write('kustomization.yaml', await told('my-cluster/kustomization.yaml'))
    await write('config.yaml', await told('my-cluster/config.yaml'))
  })

  it('sets the image and the configuration', async () => {
    const objects = await render(folder)
    const pod = at(found(objects, 'Deployment', NAME), 'spec', 'template', 'spec')
    expect(textAt(pod, 'containers', 0, 'image')).toMatch(
      /^registry\.example\.com\/kserve-authz:\d/,
    )
    const mounted = found(objects, 'ConfigMap', textAt(pod, 'volumes', 0, 'configMap', 'name'))
    const file = { path: 'config.yaml', text: textAt(mounted, 'data', 'config.yaml') }
    expect(readConfig({ file, env: {}, flags: {} }).ownersMay.optOut).toBe(false)
  })

  it('has alerts and their dashboard once its comment is removed, and not before', async () => {
    const kinds = async () => new Set((await render(folder)).map(({ kind }) => kind))
    const wanted = ['PodMonitor', 'PrometheusRule']
    const before = await kinds()
    expect(wanted.filter((kind) => before.has(kind))).toEqual([])
    const text = await told('my-cluster/kustomization.yaml')
    await write('kustomization.yaml', text.replace('# components:', 'components:'))
    const after = await kinds()
    expect(wanted.filter((kind) => !after.has(kind))).toEqual([])
  })
})

it('the other overlay of the page has the components that it names', async () => {
  const page = await readFile(path.join(ROOT, 'docs/installation.md'), 'utf8')
  const [, text = ''] = /^## Components[\s\S]*?```yaml\n([\s\S]*?)```/m.exec(page) ?? []
  await write('kustomization.yaml', text)
  const kinds = (await render(folder)).map(({ kind }) => kind)
  expect(kinds).toEqual(expect.arrayContaining(['PodMonitor', 'HorizontalPodAutoscaler']))
})

describe('what is shipped for OpenDataHub', () => {
  it('has its configuration, its namespace, and no sidecar', async () => {
    await write(
      'kustomization.yaml',
      'resources: [../kserve-authz/deploy]\ncomponents: [../kserve-authz/deploy/opendatahub]\n',
    )
    const objects = await render(folder)
    const pod = at(found(objects, 'Deployment', NAME), 'spec', 'template', 'spec')
    const mounted = found(objects, 'ConfigMap', textAt(pod, 'volumes', 0, 'configMap', 'name'))
    const file = { path: 'config.yaml', text: textAt(mounted, 'data', 'config.yaml') }
    const { kubernetes, permissions } = readConfig({ file, env: {}, flags: {} })
    expect(permissions.LLMInferenceService).toHaveLength(2)
    expect(kubernetes.kserveNamespace).toBe('opendatahub')
    const labels = at(found(objects, 'Namespace', NAME), 'metadata', 'labels')
    expect(labels).not.toHaveProperty('istio-injection')
    const policy = found(objects, 'NetworkPolicy', NAME)
    expect(
      at(found(objects, 'Deployment', NAME), 'spec', 'template', 'metadata', 'labels'),
    ).toMatchObject(Object(at(policy, 'spec', 'podSelector', 'matchLabels')))
  })

  it('asks at the Gateway of LLMs, in its namespace', async () => {
    const objects = await render(path.join(ROOT, 'istio/overlays/opendatahub-3'))
    expect(
      objects.map(({ metadata, ...object }) => [
        metadata.namespace,
        textAt(object, 'spec', 'targetRefs', 0, 'name'),
        at(object, 'spec', 'rules'),
      ]),
    ).toEqual([['openshift-ingress', 'openshift-ai-inference', [{}]]])
  })
})

describe('the component for selected namespaces', () => {
  const RBAC = ['ServiceAccount', 'ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding']

  it('grants the same permissions as rbac-namespaces.yaml', async () => {
    await write(
      'kustomization.yaml',
      'resources: [../kserve-authz/deploy]\ncomponents: [../kserve-authz/deploy/namespaces]\n',
    )
    const rendered = (await render(folder)).filter(({ kind }) => RBAC.includes(kind))
    const file = await readFile(path.join(ROOT, 'deploy/rbac-namespaces.yaml'), 'utf8')
    expect(permissionsOf(rendered)).toEqual(permissionsOf(loadAll(file).map(writtenOf)))
  })
})

/** Ignores their order and labels. */
const permissionsOf = (objects: readonly ReturnType<typeof writtenOf>[]) =>
  new Map(
    objects.map(({ kind, metadata, ...object }) => [
      `${kind} ${metadata.namespace ?? ''}/${metadata.name}`,
      [listAt(object, 'rules'), at(object, 'roleRef'), listAt(object, 'subjects')],
    ]),
  )
