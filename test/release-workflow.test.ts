import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { load } from 'js-yaml'
import { describe, expect, it } from 'vitest'
import { at, listAt, textAt } from '../testing/json.ts'

const ROOT = path.join(import.meta.dirname, '..')
const text = (file: string) => readFileSync(path.join(ROOT, file), 'utf8')

const workflow: unknown = load(text('.github/workflows/release.yaml'))
const steps = listAt(workflow, 'jobs', 'release', 'steps')
const commands = steps.map((step) => textAt(step, 'run')).join('\n')

describe('the workflow of a release', () => {
  it('has steps that each run a command or an action, with a version', () => {
    expect(steps.length).toBeGreaterThan(8)
    const uses = steps.map((step) => textAt(step, 'uses')).filter((each) => each !== '')
    expect(uses.filter((each) => !/^[\w-]+\/[\w-]+@v\d+$/.test(each))).toEqual([])
    expect(
      steps.filter((step) => (at(step, 'run') === undefined) === (at(step, 'uses') === undefined)),
    ).toEqual([])
  })

  it('runs scripts and targets that exist', () => {
    const scripts = [...commands.matchAll(/\b(scripts\/\S+\.ts|charts\/[\w-]+)/g)].map(
      ([name]) => name,
    )
    expect(scripts.length).toBeGreaterThan(1)
    expect(scripts.filter((name) => !existsSync(path.join(ROOT, name)))).toEqual([])
    const targets = [...commands.matchAll(/^make (\w+)$/gm)].map(([, target = '']) => target)
    expect(targets).toEqual(['test'])
    for (const target of targets) expect(text('Makefile')).toMatch(new RegExp(`^${target}:`, 'm'))
  })

  it('tests before it pushes, and pushes before it signs', () => {
    const order = ['make test', 'buildx build', 'cosign sign', 'helm push']
    const places = order.map((command) => commands.indexOf(command))
    expect(places).not.toContain(-1)
    expect(places.toSorted((a, b) => a - b)).toEqual(places)
  })

  it('reads values of the event only from the environment of a command', () => {
    expect(commands.match(/\$\{\{(?! vars\.REGISTRY )[^}]*\}\}/g)).toBeNull()
  })
})
