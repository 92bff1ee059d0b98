import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'

const HOW = 'it is in the package nghttp2-client on Debian and Ubuntu, nghttp2 elsewhere'

/** Checks that this machine can generate the load. Throws one sentence if it cannot. */
export function haveTools(say: (line: string) => void): void {
  if (process.platform !== 'linux') throw new Error('Linux is needed: CPU time is read from /proc')
  if (availableParallelism() < 2) {
    throw new Error('two cores are needed, one for the servers and one for the load')
  }
  if (!runs('taskset')) throw new Error('taskset is needed; it comes with util-linux')
  if (runs('h2load')) return
  if (!mayInstall()) {
    throw new Error(
      `h2load generates the load and is not installed: ${HOW}; as root, \`INSTALL=1 make bench\` installs it`,
    )
  }
  say('installing nghttp2-client with apt-get, for h2load')
  spawnSync('apt-get', ['update', '-qq'], { stdio: 'inherit' })
  spawnSync('apt-get', ['install', '-qq', '-y', 'nghttp2-client'], { stdio: 'inherit' })
  if (!runs('h2load')) throw new Error(`h2load could not be installed: ${HOW}`)
}

const runs = (program: string): boolean =>
  spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined

/** Only if the user asked for it, or if the machine is discarded afterwards. */
const mayInstall = (): boolean =>
  process.getuid?.() === 0 &&
  runs('apt-get') &&
  [process.env.CI, process.env.INSTALL].some((value) => value !== undefined && value !== '')
