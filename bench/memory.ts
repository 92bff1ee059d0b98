import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { stayOffServerCore } from './measure/cores.ts'
import { type Memory, measureMemory } from './measure/memory.ts'
import { memoryTable } from './report/memory-rows.ts'
import { MEMORY_WORLDS } from './worlds/memory-worlds.ts'
import { createIssuers } from './worlds/tokens.ts'

// Prints the memory of the null server and of the service in worlds of several sizes, before and after a load
// in which each API key is used.
// Usage: memory.ts [WORLDS], such as null or "10 keys"

const chosen = process.argv.slice(2)
const isChosen = (name: string) => chosen.length === 0 || chosen.includes(name)

stayOffServerCore()
const folder = await mkdtemp(path.join(tmpdir(), 'memory-'))
try {
  const issuers = await createIssuers(folder)
  const rows: Memory[] = []
  for (const world of [undefined, ...MEMORY_WORLDS])
    if (isChosen(world?.name ?? 'null')) rows.push(await measureMemory(world, issuers, folder))
  console.log(memoryTable(rows))
} finally {
  await rm(folder, { recursive: true, force: true })
}
