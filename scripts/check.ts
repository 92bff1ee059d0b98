import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import manifest from '../package.json' with { type: 'json' }

// The compiler and the linters run while the tests wait. Their complaints are printed after the tests.
const checks = Object.entries(manifest.scripts).filter(([name]) => name.startsWith('check:'))
const complaints = await Promise.all(
  checks.map(async ([name, command]) => {
    const stdio = name === 'check:tests' ? 'inherit' : 'pipe'
    const child = spawn(command, { shell: true, stdio: ['ignore', stdio, stdio] })
    const output = Promise.all(
      [child.stdout, child.stderr].map(async (from) => (from === null ? '' : text(from))),
    )
    const [code] = await once(child, 'exit')
    return code === 0 ? '' : `\n${name}: ${command}\n${(await output).join('')}`
  }),
)
process.stderr.write(complaints.join(''))
process.exitCode = complaints.every((text) => text === '') ? 0 : 1
