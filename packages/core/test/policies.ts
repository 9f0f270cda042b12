import { type Dst, defaultDst, type Misfire, type Policies } from '../src/schedule.ts'

interface Given extends Partial<Omit<Policies, 'misfire' | 'dst'>> {
  misfire?: Partial<Misfire>
  dst?: Partial<Dst>
}

/** The policies of a job in UTC that sends what is due, all at once: no jitter, no blackouts, no end to its runs. */
export function policies({ misfire, dst, ...given }: Given = {}): Policies {
  return {
    zone: 'UTC',
    seed: '0199a1b2-0000-7000-8000-000000000001',
    jitterSeconds: 0,
    misfire: { policy: 'last', graceSeconds: 900, max: 1000, ...misfire },
    overlap: 'allow',
    dst: { ...defaultDst, ...dst },
    maxRuns: null,
    blackouts: [],
    ...given,
  }
}
