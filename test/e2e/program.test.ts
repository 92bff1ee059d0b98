import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { type Ran, run } from '../../testing/command-line.ts'
import { writeProgram } from '../../testing/programs.ts'

const ROOT = path.join(import.meta.dirname, '../..')

const COMPLETE = 'kubectl_complete-kserve_authz'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'program-'))
})
afterAll(() => rm(folder, { recursive: true }))

const start = (file: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  new Promise<Ran>((resolve) => {
    const options = { cwd: folder, env: { PATH: process.env.PATH ?? '', ...env } }
    execFile(file, args, options, (error, stdout, stderr) => {
      resolve({ code: Number(error?.code ?? 0), stdout, stderr })
    })
  })

describe.concurrent('the program', () => {
  it.each(['kserve-authz', 'kubectl-kserve_authz'])('runs as %s, from any folder', async (name) => {
    const link = path.join(folder, name)
    await symlink(path.join(ROOT, name), link)

    expect(await start(link, ['--version'])).toEqual({
      code: 0,
      stdout: `${manifest.version}\n`,
      stderr: '',
    })
  })

  it('says which Node.js it needs', async () => {
    const script = await readFile(path.join(ROOT, 'kserve-authz'), 'utf8')
    const [, least = ''] = /needs Node\.js ([\d.]+)/.exec(script) ?? []
    const own = path.join(folder, 'old')
    const [program, node] = [path.join(own, 'kserve-authz'), path.join(own, 'bin/node')]
    await rm(own, { recursive: true, force: true })
    for (const name of ['', 'bin', 'node_modules/commander'])
      await start('mkdir', ['-p', path.join(own, name)])
    await writeProgram(program, script)
    await writeProgram(node, '#!/bin/sh\necho v22.3.0\n')
    const { code, stdout, stderr } = await start(program, ['check'], {
      PATH: `${path.dirname(node)}:/usr/bin:/bin`,
    })

    expect({ code, stdout }).toEqual({ code: 127, stdout: '' })
    expect(stderr).toContain(`needs Node.js ${least} or newer, found v22.3.0`)
    expect(manifest.engines.node).toBe(`>=${least}`)
  })

  it('has help with examples, for every command', async () => {
    const { stdout } = await run('--help')
    const commands = [...stdout.matchAll(/^ {2}([a-z-]+)/gm)].map(([, name = '']) => name)
    const helps = await Promise.all(
      ['check', 'services', 'can', 'who-can', 'lint'].map((name) => run(name, '--help')),
    )

    expect(stdout).toContain('Examples:')
    expect(commands).toEqual(expect.arrayContaining(['serve', 'check', 'services', 'lint']))
    expect(helps.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0])
  })
})

describe.concurrent('config', () => {
  it('writes the JSON Schema of the configuration', async () => {
    const { code, stdout } = await run('config', 'schema')

    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      properties: { logLevel: { enum: ['debug', 'info', 'warn', 'error'], default: 'info' } },
    })
  })

  it('says what a key and the fields of its value do', async () => {
    const { stdout } = await run('config', 'keys', 'grpc.listeners')

    expect(stdout).toMatch(/^grpc\.listeners\n {2}The ports, /)
    expect(stdout).toContain('\ngrpc.listeners[].position\n  Whether gateways')
  })

  it('refuses an unknown key', async () => {
    const { code, stdout, stderr } = await run('config', 'keys', 'grcp')

    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain('there is no key grcp')
  })
})

describe.concurrent('completion', () => {
  const completed = async (...words: readonly string[]) => {
    const { stdout: script } = await run('completion', 'bash')
    const set = `COMP_WORDS=(kserve-authz ${words.map((each) => `'${each}'`).join(' ')}); COMP_CWORD=${words.length}`
    const { stdout } = await start('bash', [
      '-c',
      `${script}\n${set}; _kserve_authz; echo "\${COMPREPLY[@]}"`,
    ])
    return stdout.trim().split(' ')
  }

  it('of bash completes commands, options and values', async () => {
    expect(await completed('serv')).toEqual(['serve', 'services'])
    expect(await completed('check', '--as')).toEqual(['--as', '--as-group', '--as-key'])
    expect(await completed('lint', '-o', 's')).toEqual(['sarif'])
    expect(await completed('lint', 'a')).toEqual([''])
    expect(await completed('config', '')).toEqual(['schema', 'keys'])
    expect(await completed('completion', 'z')).toEqual(['zsh'])
  })

  it.each([
    [[''], /^serve\ncheck\n.*--version\n:4\n$/s],
    [['serv'], /^serve\nservices\n:4\n$/],
    [['check', '--as'], /^--as\n--as-group\n--as-key\n:4\n$/],
    [['lint', '-o', 's'], /^sarif\n:4\n$/],
    [['lint', '-o', 'x'], /^:4\n$/],
    [['config', ''], /^schema\nkeys\n:4\n$/],
    [['lint', 'a'], /^:0\n$/],
    [['lint', '--', '-'], /^--config\n/],
    [['nosuch', ''], /^:0\n$/],
  ])(
    'for kubectl is one choice each line, and whether files are meant: %j',
    async (words, told) => {
      const { code, stdout, stderr } = await start(path.join(ROOT, COMPLETE), words)

      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(stdout).toMatch(told)
    },
  )

  it.each(['zsh', 'fish'])('of %s names every command', async (shell) => {
    const { code, stdout } = await run('completion', shell)

    expect(code).toBe(0)
    for (const name of ['check', 'services', 'who-can', 'lint']) expect(stdout).toContain(name)
  })

  it('of another shell is a usage error', async () => {
    const { code, stderr } = await run('completion', 'tcsh')

    expect(code).toBe(2)
    expect(stderr).toContain('bash, zsh, fish')
  })
})
