import { listNotifications as find } from '@scheduler/db/queries/notifications'
import { z } from 'zod'
import { NotificationAnswer, notification, toNotification } from '../notification-answer.ts'
import { decodeCursor, linkToNext, SHORT_PAGES, UUID_POSITION } from '../paging.ts'
import { NotificationsQuery } from '../queries.ts'
import { route } from '../route.ts'

export const listNotifications = route({
  method: 'get',
  path: '/notifications',
  tag: 'Operations',
  summary: 'List notifications',
  description: `What was told of jobs and circuits, and what could not be delivered; newest first, in UTC. ${SHORT_PAGES}`,
  query: NotificationsQuery,
  answer: { status: 200, schema: z.array(NotificationAnswer), description: 'The notifications.', headers: ['Link'] },
  problems: [],
  examples: { answer: { one: [notification] } },

  async handle({ query, url }, { pool, settings }) {
    const { limit, cursor, job_id, type, state, convert_to = 'UTC' } = query
    const after = decodeCursor('notifications', UUID_POSITION, cursor)?.[0] ?? null
    const { rows, last } = await find(pool, { jobId: job_id, type, state }, { limit, after })
    return {
      body: rows.map((row) => toNotification(row, convert_to)),
      ...linkToNext(url, 'notifications', last?.id, settings.publicUrl),
    }
  },
})
