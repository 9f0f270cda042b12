// What a scheduler may send wrongly, each done to one execution of a sound history.
import { after, type Bug, edit, killed, nothingAfter } from './bug.ts'
import { addLike, endWith, move, neverSent, repeat } from './victims.ts'

export const bugsOfRequests: Bug[] = [
  { name: 'it is sent before its time', is: 'early', do: (_, it) => move(it, -7, -0.5) },
  { name: 'it is sent late', is: 'late', do: (_, it) => move(it, 2_500, 2_502) },
  {
    name: 'it waits for long until a delete cancels it',
    is: 'late',
    fits: ({ job }) => job.changes.every(({ definition }) => definition?.due.type !== 'cron'),
    do(history, it) {
      nothingAfter(it)
      endWith(history, it, after('delete', it, 4_000))
      neverSent(history, it, 'cancelled', 'deleted')
      it.row.finishedAt = it.row.scheduledFor + 4_020
    },
  },
  {
    name: 'it is sent twice after its worker was killed',
    is: null,
    do(history, it) {
      history.faults.push(killed(it))
      repeat(history, it)
    },
  },
  { name: 'it is sent twice for no reason', is: 'unexplained', do: (history, it) => repeat(history, it) },
  {
    name: 'it is sent twice after another worker was killed',
    is: 'unexplained',
    do(history, it) {
      history.faults.push(killed(it, { pids: [7] }))
      repeat(history, it)
    },
  },
  {
    name: 'it is sent twice after a fault that repeats nothing',
    is: 'unexplained',
    do(history, it) {
      history.faults.push(killed(it, { mayRepeat: false }))
      repeat(history, it)
    },
  },
  {
    name: 'it is sent twice after its worker was killed too late',
    is: 'unexplained',
    do(history, it) {
      repeat(history, it)
      Object.assign(it.attempt, { outcome: 'succeeded', finishedAt: (it.arrival.endedAt ?? 0) + 1 })
      history.faults.push(killed(it, { from: it.arrival.at + 4_000, to: it.arrival.at + 4_050 }))
    },
  },
  {
    name: 'more is sent twice than was in flight',
    is: 'duplicated',
    do(history, it) {
      history.faults.push(killed(it, { inFlight: 0 }))
      repeat(history, it)
    },
  },
  {
    name: 'it is sent twice as the same attempt',
    is: 'unexplained',
    do(history, { arrival }) {
      history.arrivals.push({ ...arrival, at: arrival.at + 3_000, endedAt: arrival.at + 3_001 })
    },
  },
  {
    name: 'it is sent under another id too',
    is: 'unexplained',
    do(history, { arrival }, dice) {
      history.arrivals.push({ ...arrival, id: dice.uuid() })
    },
  },
  {
    name: 'it has two executions',
    is: 'unexplained',
    do: (history, it, dice) => addLike(history, it, dice.uuid(), {}),
  },
  {
    name: 'its job is made up',
    is: 'phantom',
    do(history, it, dice) {
      addLike(history, it, dice.uuid(), { jobId: dice.uuid() })
    },
  },
  {
    name: 'its time is made up',
    is: 'phantom',
    do(history, it, dice) {
      addLike(history, it, dice.uuid(), { scheduledFor: it.row.scheduledFor + dice.int(1, 499) })
    },
  },
  {
    name: 'a run by hand is made up',
    is: 'phantom',
    do(history, it, dice) {
      addLike(history, it, dice.uuid(), { kind: 'manual' })
    },
  },
  {
    name: 'it was due while its job was paused',
    is: 'phantom',
    do: (history, it) => {
      endWith(history, it, after('pause', it, -100))
    },
  },
  {
    name: 'it was due after its job was deleted',
    is: 'phantom',
    do: (history, it) => {
      endWith(history, it, after('delete', it, -100))
    },
  },
  ...(['delete', 'pause'] as const).flatMap((kind): Bug[] => [
    {
      name: `it begins after a ${kind} was answered`,
      is: 'phantom',
      do(history, it) {
        endWith(history, it, after(kind, it, 100))
        move(it, 155, 160)
      },
    },
    {
      name: `it had begun before a ${kind} was answered`,
      is: null,
      do(history, it) {
        endWith(history, it, after(kind, it, 100))
        move(it, 140, 300)
      },
    },
    {
      name: `it had begun before a ${kind} was answered, and comes much later`,
      is: 'phantom',
      do(history, it) {
        endWith(history, it, after(kind, it, 100))
        move(it, 140, 1_300)
      },
    },
    {
      name: `a network that was slow held it up while a ${kind} was answered`,
      is: null,
      do(history, it) {
        endWith(history, it, after(kind, it, 100))
        move(it, 140, 1_300)
        history.faults.push(
          killed(it, { from: it.row.scheduledFor, to: it.row.scheduledFor + 1_300, mayRepeat: false }),
        )
      },
    },
    {
      name: `its worker stood still while a ${kind} was answered`,
      is: null,
      do(history, it) {
        endWith(history, it, after(kind, it, 100))
        move(it, 600, 605)
        history.faults.push(killed(it, { from: it.row.scheduledFor + 60, to: it.row.scheduledFor + 590 }))
      },
    },
    {
      name: `a ${kind} was not answered`,
      is: null,
      do(history, it) {
        endWith(history, it, { ...after(kind, it, 100), answeredAt: null })
        move(it, 600, 605)
      },
    },
  ]),
  {
    name: 'the old version is sent after an edit',
    is: 'phantom',
    do(history, it) {
      endWith(history, it, edit(it, 100))
      move(it, 155, 160)
    },
  },
  {
    name: 'the old version had begun before an edit was answered',
    is: null,
    do(history, it) {
      endWith(history, it, edit(it, 100))
      move(it, 140, 300)
    },
  },
  {
    name: 'the new version is sent after an edit',
    is: null,
    do(history, it) {
      endWith(history, it, edit(it, 100))
      move(it, 155, 160)
      it.arrival.path = '/new'
    },
  },
  {
    name: 'the new version is sent before an edit',
    is: 'phantom',
    do(history, it) {
      endWith(history, it, edit(it, 100))
      move(it, 2, 4)
      it.arrival.path = '/new'
    },
  },
  {
    name: 'it is sent to a path that no version has',
    is: 'phantom',
    do: (_, { arrival }) => {
      arrival.path = '/nowhere'
    },
  },
]
