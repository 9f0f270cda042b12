// Preloaded into a process (`node --import`): its wall clock is wrong by CLOCK_OFFSET_MS; timers are not. Of several,
// separated by commas, each holds for CLOCK_JUMP_MS, in turn.
const offsets = (process.env.CLOCK_OFFSET_MS ?? '0').split(',').map(Number)
const jumpMs = Number(process.env.CLOCK_JUMP_MS ?? 1_000)
const RealDate = Date

const offset = () => offsets[Math.floor(performance.now() / jumpMs) % offsets.length] ?? 0

globalThis.Date = class extends RealDate {
  constructor(...given: unknown[]) {
    super(...((given.length === 0 ? [RealDate.now() + offset()] : given) as [number]))
  }

  static override now(): number {
    return RealDate.now() + offset()
  }
} as DateConstructor
