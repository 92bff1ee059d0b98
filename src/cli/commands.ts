// The commands of the command line, as functions of their flags.

import type {
  CanFlags,
  CheckFlags,
  DoctorFlags,
  ExplainFlags,
  LintFlags,
  LookFlags,
  ServeFlags,
  ServicesFlags,
  TestFlags,
} from './flags.ts'

export type Commands = {
  readonly serve: (flags: ServeFlags) => Promise<void>
  readonly check: (flags: CheckFlags, method?: string, url?: string) => Promise<number>
  readonly services: (flags: ServicesFlags) => Promise<number>
  readonly can: (
    flags: CanFlags,
    user: string,
    verbOrService: string,
    service?: string,
  ) => Promise<number>
  readonly explain: (flags: ExplainFlags, line?: string) => Promise<number>
  readonly test: (flags: TestFlags, folder: string) => Promise<number>
  readonly lint: (flags: LintFlags, paths: readonly string[]) => Promise<number>
  readonly whoCan: (flags: LookFlags, service: string) => Promise<number>
  readonly doctor: (flags: DoctorFlags) => Promise<number>
}
