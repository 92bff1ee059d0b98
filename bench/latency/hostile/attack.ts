import { ATTACKS } from './attacks.ts'

// Runs one attack until it is stopped. Usage: attack.ts NAME GRPC_PORT HTTP_PORT

const [name = '', grpc, http] = process.argv.slice(2)
process.on('uncaughtException', () => {})
await ATTACKS[name]?.({ grpc: Number(grpc), http: Number(http) })
process.stdout.write('begun\n')
setInterval(() => {}, 60_000)
