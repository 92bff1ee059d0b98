import type { Random } from './random.ts'

type Spelling = (text: string, random: Random) => string

const oneOf = (text: string, spellings: readonly [Spelling, ...Spelling[]], random: Random) =>
  random.pick(spellings)(text, random)

/** The same host, or nearly, in another spelling. */
export const spelledHost = (host: string, random: Random): string =>
  oneOf(
    host,
    [
      (each) => each.toUpperCase(),
      (each) => `${each}.`,
      (each) => `${each}.`,
      (each) => `${each}.:80`,
      (each) => `${each}:80`,
      (each) => `${each}:443`,
      (each) => `${each}:8443`,
      (each) => `${each}:`,
      (each) => `${each}..`,
      (each) => `.${each}`,
      (each) => `x.${each}`,
      (each) => `${each},nobody.example.net`,
      (each) => `user@${each}`,
      (each) => each.split('.').slice(0, -1).join('.'),
      (each) => each.split('.').slice(0, 2).join('.'),
      (each) => each.replace('.', '%2e'),
      () => '',
      () => '*',
      () => '[2001:db8::1]:80',
    ],
    random,
  )

/** The same path, or nearly, in another spelling. */
export const spelledPath = (path: string, random: Random): string =>
  oneOf(
    path,
    [
      (each) => encoded(each, random),
      (each) => encoded(encoded(each, random), random),
      (each) => each.replaceAll('/', '//'),
      (each) => `/${each}`,
      (each) => `${each}/`,
      (each) => `/x/..${each}`,
      (each) => `/.${each}`,
      (each) => `${each}/../x`,
      (each) => `${each}/..`,
      (each) => each.replace(/^\/([^/]*)\//, '/$1/./'),
      (each) => each.replace(/\/([^/]*)$/, '%2f$1'),
      (each) => each.replace(/\/([^/]*)$/, '%5c$1'),
      (each) => each.replace(/\/([^/]*)$/, '\\$1'),
      (each) => `/x%2f..${each}`,
      (each) => `${each};x=y`,
      (each) => each.replace(/^\/([^/]*)/, '/$1;x'),
      (each) => `${each}?x=/y`,
      (each) => `${each}#x`,
      (each) => each.toUpperCase(),
      (each) => `${each}x`,
      (each) => each.split('/').slice(0, -1).join('/') || '/',
      (each) => `http://nobody.example.net${each}`,
    ],
    random,
  )

function encoded(path: string, random: Random): string {
  const at = 1 + random.below(Math.max(1, path.length - 1))
  const letter = path[at]
  if (letter === undefined) return path
  const code = letter.charCodeAt(0).toString(16).padStart(2, '0')
  return `${path.slice(0, at)}%${code}${path.slice(at + 1)}`
}
