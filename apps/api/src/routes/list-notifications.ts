import { listNotifications as find } from '@scheduler/db/queries/notifications'
import { z } from 'zod'
import { NotificationAnswer, notification, toNotification } from '../notification-answer.ts'
import { decodeCursor, encodeCursor, nextLink, UUID_POSITION } from '../paging.ts'
import { NotificationsQuery } from '../queries.ts'
import { route } from '../route.ts'

export const listNotifications = route({
  method: 'get',
  path: '/notifications',
  tag: 'Operations',
  summary: 'List notifications',
  description:
    'What was told of jobs and circuits, and what could not be delivered; newest first, in UTC. The next page, when there is one, is in the `Link` header.',
  query: NotificationsQuery,
  answer: { status: 200, schema: z.array(NotificationAnswer), description: 'The notifications.', headers: ['Link'] },
  problems: [],
  examples: { answer: { one: [notification] } },

  async handle({ query, url }, { db, settings }) {
    const { limit, cursor, job_id, type, state, convert_to = 'UTC' } = query
    const after = decodeCursor('notifications', UUID_POSITION, cursor)?.[0] ?? null
    // One more than asked for says whether there is a next page.
    const rows = await find(db, { jobId: job_id, type, state }, { limit: limit + 1, after })
    const page = rows.slice(0, limit)
    const last = page.at(-1)
    const more = rows.length > limit && last
    return {
      body: page.map((row) => toNotification(row, convert_to)),
      ...(more && { headers: nextLink(url, encodeCursor('notifications', last.id), settings.publicUrl) }),
    }
  },
})
