// Preloaded into a worker (`node --import`): its wall clock is wrong by CLOCK_OFFSET_MS; timers are not.
const offset = Number(process.env.CLOCK_OFFSET_MS ?? 0)
const RealDate = Date

globalThis.Date = class extends RealDate {
  constructor(...given: unknown[]) {
    super(...((given.length === 0 ? [RealDate.now() + offset] : given) as [number]))
  }

  static override now(): number {
    return RealDate.now() + offset
  }
} as DateConstructor
