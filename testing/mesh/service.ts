import { type ClusterService, startClusterService } from '../cluster/service.ts'
import { freePorts } from '../free-ports.ts'

/** The program, which can be stopped and restarted on the same ports. */
export async function restartableService(kubeconfig: string, config: object) {
  const [workload = 0, gateway = 0] = await freePorts(2)
  const listeners = [
    { position: 'workload', address: `127.0.0.1:${workload}` },
    { position: 'gateway', address: `127.0.0.1:${gateway}` },
  ]
  let running: ClusterService | undefined
  const now = (): ClusterService => {
    if (running === undefined) throw new Error('the service is not running')
    return running
  }
  return {
    ports: { workload, gateway },
    now,
    /** With another configuration, if one is given. */
    start: async (other = config) => {
      running = await startClusterService({
        kubeconfig,
        config: { ...other, grpc: { listeners } },
      })
    },
    ready: () => now().ready(),
    signal: (name: NodeJS.Signals) => {
      const { pid } = now()
      if (pid !== undefined) process.kill(pid, name)
    },
    stop: async () => {
      await running?.stop()
      running = undefined
    },
  }
}
