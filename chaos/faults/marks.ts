// Jobs that say by what they are which changes a database still knows of. None is ever due.
import type { Rig } from '../scenario.ts'

export interface Marks {
  /** One that is paused by now, and one that is not yet. */
  paused: string
  active: string
}

export async function setMarks(rig: Rig): Promise<Marks> {
  const [paused, active] = [await create(rig), await create(rig)]
  await ask(rig, 'POST', `/jobs/${paused}/pause`)
  return { paused, active }
}

/** Pauses the other one too, and makes a third. Returns its id. */
export async function changeMarks(rig: Rig, { active }: Marks): Promise<string> {
  await ask(rig, 'POST', `/jobs/${active}/pause`)
  return await create(rig)
}

/** What they are: `active`, `paused`, or `gone`. */
export async function readMark(rig: Rig, id: string): Promise<string> {
  const { status, body } = await ask(rig, 'GET', `/jobs/${id}`)
  return status === 404 ? 'gone' : String(body.status)
}

async function create(rig: Rig): Promise<string> {
  const { body } = await ask(rig, 'POST', '/jobs', {
    schedule_time: '2999-01-01T00:00:00Z',
    callback_url: `${rig.receiver.origin}/never`,
  })
  return String(body.job_id)
}

async function ask({ apis }: Rig, method: string, path: string, body?: object) {
  const init = body ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {}
  const answer = await fetch(`${apis[0]?.origin}${path}`, { method, ...init })
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
}
