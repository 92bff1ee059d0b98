import { EXACT, type Match, PREFIX } from './model.ts'
import type { Random } from './random.ts'

type Own = { readonly matches: readonly Match[]; readonly hostile: boolean }

/** The rules of an own route: anything that the Gateway API permits a tenant to write. */
export function ownRules(
  { namespace, name }: { readonly namespace: string; readonly name: string },
  random: Random,
  paths: readonly string[],
): readonly Own[] {
  const header = (of: string, value: string) => ({
    headers: [{ name: of, type: 'Exact' as const, value }],
  })
  const kinds: readonly [Match, ...Match[]] = [
    PREFIX(`/my-${namespace}/${name}/v1/completions`),
    PREFIX(`/my-${namespace}/${name}`),
    EXACT(`/chat-${name}`),
    { path: { type: 'RegularExpression', value: `/r/[a-z]+/${name}(/.*)?` } },
    { ...PREFIX('/v1/completions'), ...header('x-route', name) },
    { ...PREFIX('/'), ...header('x-route', name) },
    { ...EXACT('/v1/chat/completions'), ...header('x-model', `${namespace}-${name}`) },
    { ...PREFIX(`/m/${name}`), method: 'POST' },
    { ...PREFIX(`/q/${name}`), query: [{ name: 'model', value: name }] },
  ]
  const proper = random.shuffled(kinds).slice(0, 1 + random.below(3))
  const whole = random.chance(0.12) ? [PREFIX('/')] : []
  const victim = random.chance(0.2) ? random.pick(paths) : undefined
  const hostile =
    victim === undefined
      ? []
      : [
          random.pick([
            PREFIX(`${victim}/v1/chat/completions/more`),
            { path: { type: 'RegularExpression' as const, value: '/.*/v1/completions' } },
            { ...PREFIX(`${victim}/v1/chat/completions`), ...header('x-route', name) },
            { ...PREFIX(victim), method: 'PUT' },
          ]),
        ]
  return [
    ...[...proper, ...whole].map((match) => ({ matches: [match], hostile: false })),
    ...hostile.map((match) => ({ matches: [match], hostile: true })),
  ]
}
