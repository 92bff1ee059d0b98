import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import manifest from '../package.json' with { type: 'json' }

// Runs all scripts of package.json of one group, such as `check:`, at the same time. The output of tests appears as it
// comes, that of other programs at the end, if they fail.
const group = `${process.argv[2]}:`
const complaints = await Promise.all(
  Object.entries(manifest.scripts)
    .filter(([name]) => name.startsWith(group))
    .map(async ([name, command]) => {
      const stdio = command.includes('vitest') ? 'inherit' : 'pipe'
      const child = spawn(command, { shell: true, stdio: ['ignore', stdio, stdio] })
      const output = Promise.all(
        [child.stdout, child.stderr].map(async (from) => (from === null ? '' : text(from))),
      )
      const [code] = await once(child, 'exit')
      return code === 0 ? '' : `\n${name} failed: ${command}\n${(await output).join('')}`
    }),
)
process.stderr.write(complaints.join(''))
process.exitCode = complaints.every((text) => text === '') ? 0 : 1
