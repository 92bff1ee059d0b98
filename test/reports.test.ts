import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { type Engine, openEngine } from '../src/app/engine.ts'
import { explain } from '../src/cli/check.ts'
import { checkMessage } from '../src/cli/check-message.ts'
import { readConfig } from '../src/config/read-config.ts'
import { encodeCheckRequest } from '../src/envoy/protocol.ts'
import {
  CHAT,
  CLIENT,
  named,
  OPENDATAHUB,
  REPORTS,
  ROWS,
  TEAM_KEY,
  V2_TOKEN,
} from '../testing/reports.ts'

const engines: Engine[] = []
afterAll(() => Promise.all(engines.map((engine) => engine.close())))

type Opened = { readonly engine: Engine; readonly problems: readonly string[] }

async function openReport(report: string, config: object): Promise<Opened> {
  const problems: string[] = []
  const manifests = path.join(REPORTS, report)
  const engine = await openEngine({
    config: readConfig({
      file: { path: 'config.yaml', text: JSON.stringify(config) },
      env: {},
      flags: { manifests },
    }),
    manifests,
    reportProblem: ({ object, reason }) => problems.push(`${object} ${reason}`),
    reportFault: () => {},
    reportOutage: () => {},
  })
  engines.push(engine)
  return { engine, problems }
}

async function answersOf(report: string, config: object = {}) {
  const { engine } = await openReport(report, config)
  return async (url: string, header: readonly string[]) => {
    const message = encodeCheckRequest(checkMessage({ header }, 'POST', url))
    const { decision, reason, target } = await explain(engine, message, 'gateway')
    return { answer: reason || decision, target: target ?? undefined }
  }
}

/** At the sidecar of a pod: the answer, and the headers removed from the request. */
async function askPod({ engine }: Opened, destination: string, header: readonly string[]) {
  const message = encodeCheckRequest(
    checkMessage({ header, destination }, 'POST', `http://${destination}:8000/${CHAT}`),
  )
  const { decision, reason, target, headers } = await explain(engine, message, 'workload')
  return { answer: reason || decision, target, removed: headers.remove }
}

describe('reported by users:', () => {
  for (const [report, url, headers, answer, target] of ROWS) {
    it(`${report}: ${url} with ${headers.length} headers is answered ${answer}`, async () => {
      const given = await (await answersOf(report))(url, headers)
      expect(given).toMatchObject(target === undefined ? { answer } : { answer, target })
    })
  }

  it('hosts of a mesh admin are configured', async () => {
    const service = { namespace: 'team-a', name: 'sklearn-iris' }
    const ask = await answersOf('own-hosts', {
      gateways: {
        hosts: [
          { host: 'iris.models.example.org', ...service },
          { host: 'apps.example.org', path: '/kfserving/team-a/sklearn-iris', ...service },
        ],
      },
    })
    const answers = await Promise.all(
      [
        'http://iris.models.example.org/v1/models/m',
        'http://apps.example.org/kfserving/team-a/sklearn-iris',
        'http://apps.example.org/kfserving/team-a/other',
      ].map(async (url) => (await ask(url, [])).answer),
    )
    expect(answers).toEqual(['missing-credential', 'missing-credential', 'unknown-target'])
  })

  describe('canary-group: where the installation also asks for the permission of OpenDataHub,', () => {
    const model = `http://203.0.113.9/publishers/my-namespace/models/my-model/${CHAT}`
    const byHeader = named('publishers/my-namespace/models/my-model')

    it.each<[url: string, headers: readonly string[], answer: string]>([
      [model, [CLIENT], 'allow'],
      [`http://203.0.113.9/${CHAT}`, [CLIENT, byHeader], 'allow'],
      [`http://203.0.113.9/my-namespace/my-model-v2/${CHAT}`, [CLIENT], 'not-permitted'],
      [model, [V2_TOKEN], 'allow'],
    ])('%s', async (url, headers, answer) => {
      const ask = await answersOf('canary-group', { permissions: OPENDATAHUB })
      expect((await ask(url, headers)).answer).toBe(answer)
    })

    it('and nowhere else', async () => {
      const ask = await answersOf('canary-group')
      expect((await ask(model, [CLIENT])).answer).toBe('not-permitted')
    })
  })

  it('pd: the decoding pod keeps the credential, because the prefilling one requires it', async () => {
    const report = await openReport('pd', {})
    const target = 'LLMInferenceService team/chat-pd'
    const [decode, prefill] = ['10.244.10.1', '10.244.10.2']
    const taken = expect.arrayContaining(['authorization'])
    expect(await askPod(report, decode, [TEAM_KEY])).toEqual({
      answer: 'allow',
      target,
      removed: expect.not.arrayContaining(['authorization']),
    })
    expect(await askPod(report, prefill, [TEAM_KEY])).toEqual({
      answer: 'allow',
      target,
      removed: taken,
    })
    expect(await askPod(report, decode, [])).toMatchObject({ answer: 'missing-credential' })
    expect(await askPod(report, prefill, [])).toMatchObject({ answer: 'missing-credential' })
  })

  it('tokenizer: its pod is protected, and the scheduler causes no warning', async () => {
    const report = await openReport('tokenizer', {})
    expect(await askPod(report, '10.244.2.3', [])).toMatchObject({
      answer: 'missing-credential',
      target: 'LLMInferenceService team/chat-kv',
    })
    expect(report.problems).toEqual([])
  })
})
