import { describe, expect, it } from 'vitest'
import { readInstalledConfig } from '../../src/cli/installed-config.ts'
import { ApiError } from '../../src/kubernetes/client/api-server.ts'

const INSTALLATION = { namespace: 'auth', name: 'authz' }
const DEPLOYMENT = '/apis/apps/v1/namespaces/auth/deployments/authz'
const CONFIG_MAP = '/api/v1/namespaces/auth/configmaps/own'

const deploymentOf = (container: object, configMap: object = { name: 'own' }) => ({
  spec: {
    template: {
      spec: {
        containers: [
          { name: 'istio-proxy', args: ['proxy'] },
          { volumeMounts: [{ name: 'config', mountPath: '/etc/authz' }], ...container },
        ],
        volumes: [{ name: 'tls' }, { name: 'config', configMap }],
      },
    },
  },
})

const ARGS = { args: ['serve', '--config=/etc/authz/config.yaml'] }

/** Reads from an API server that has these objects. */
const read = (objects: Readonly<Record<string, unknown>>) =>
  readInstalledConfig(
    {
      send: async ({ path }) => {
        if (!Object.hasOwn(objects, path)) throw new ApiError(404)
        if (objects[path] instanceof Error) throw objects[path]
        return objects[path]
      },
    },
    INSTALLATION,
  )

describe('the configuration of an installation', () => {
  it.each([
    ['--config=FILE', ARGS, undefined],
    ['--config FILE', { args: ['serve', '--config', '/etc/authz/config.yaml'] }, undefined],
    [
      'an item of the volume',
      { args: ['--config=/etc/authz/other.yaml'] },
      { name: 'own', items: [{ key: 'config.yaml', path: 'other.yaml' }] },
    ],
  ])('is the entry of the ConfigMap that the container sees: %s', async (_title, args, map) => {
    const found = await read({
      [DEPLOYMENT]: deploymentOf(args, map),
      [CONFIG_MAP]: { data: { 'config.yaml': 'logLevel: warn' } },
    })

    expect(found).toMatchObject({
      name: 'ConfigMap auth/own, of Deployment auth/authz',
      file: { text: 'logLevel: warn' },
    })
  })

  it('has the variables of the container', async () => {
    const env = [{ name: 'KSERVE_AUTHZ_LOG_LEVEL', value: 'debug' }]
    const found = await read({
      [DEPLOYMENT]: deploymentOf({ ...ARGS, env }),
      [CONFIG_MAP]: { data: { 'config.yaml': '' } },
    })

    expect(found).toMatchObject({ env: { KSERVE_AUTHZ_LOG_LEVEL: 'debug' } })
  })

  const hidden = { name: 'KSERVE_AUTHZ_JWT_PROVIDERS', valueFrom: { secretKeyRef: {} } }

  it.each([
    ['there is no deployments.apps authz in namespace auth', {}],
    [
      'missing permission: get deployments.apps authz in namespace auth',
      { [DEPLOYMENT]: new ApiError(403) },
    ],
    ['there is no configmaps own in namespace auth', { [DEPLOYMENT]: deploymentOf(ARGS) }],
    [
      'ConfigMap auth/own has no config.yaml',
      { [DEPLOYMENT]: deploymentOf(ARGS), [CONFIG_MAP]: { data: {} } },
    ],
    [
      'Deployment auth/authz reads its configuration from no ConfigMap',
      { [DEPLOYMENT]: deploymentOf({ args: ['--config=/tmp/config.yaml'] }) },
    ],
    [
      'Deployment auth/authz sets KSERVE_AUTHZ_JWT_PROVIDERS from another object',
      { [DEPLOYMENT]: deploymentOf({ ...ARGS, env: [hidden] }) },
    ],
  ])('cannot be read, and why: %s', async (problem, objects) => {
    expect(await read(objects)).toMatchObject({ problem, reached: true })
  })

  it('cannot be read from an API server that cannot be reached', async () => {
    const refused = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })

    expect(await read({ [DEPLOYMENT]: refused })).toEqual({
      problem: 'the API server cannot be reached (ECONNREFUSED)',
      reached: false,
    })
  })
})
