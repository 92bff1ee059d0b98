import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { stayOffServerCore } from './measure/cores.ts'
import { type Memory, measureMemory } from './measure/memory.ts'
import { MEMORY_WORLDS } from './worlds/memory-worlds.ts'
import { createIssuers } from './worlds/tokens.ts'

// Prints the memory of the null server and of the service in worlds of several sizes, before and after a load
// in which each API key is used.
// Usage: memory.ts [WORLDS], such as null or "100,000 keys"

const chosen = process.argv.slice(2)
const isChosen = (name: string) => chosen.length === 0 || chosen.includes(name)

stayOffServerCore()
const folder = await mkdtemp(path.join(tmpdir(), 'memory-'))
const told = ({ name, ready, loaded, more, checks }: Memory) =>
  `| ${name} | ${ready} | ${loaded} | ${more} | ${checks.toLocaleString('en')} |`
try {
  const issuers = await createIssuers(folder)
  console.log('| world | ready, MiB | after the load, MiB | after twice the load, MiB | checks |')
  console.log('| --- | --- | --- | --- | --- |')
  for (const world of [undefined, ...MEMORY_WORLDS])
    if (isChosen(world?.name ?? 'null'))
      console.log(told(await measureMemory(world, issuers, folder)))
} finally {
  await rm(folder, { recursive: true, force: true })
}
