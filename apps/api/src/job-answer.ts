import type { JobRow } from '@scheduler/db/schema/jobs'
import { toJob } from './resources.ts'
import type { Answer, Deps } from './route.ts'

/** A job with its ETag, and with its Location when it has just been created. */
export function jobAnswer(
  row: JobRow,
  { settings }: Pick<Deps, 'settings'>,
  { created = false, convertTo }: { created?: boolean; convertTo?: string | undefined } = {},
): Answer {
  const headers = {
    etag: `"${row.version}"`,
    ...(created && { location: `${settings.publicUrl ?? ''}/jobs/${row.id}` }),
  }
  return { body: toJob(row, settings.graceSeconds, convertTo), headers }
}

/** What an `If-Match` header says about versions: true for those that the client still means. Without one, any. */
export function matcher(header: string | undefined): (version: number) => boolean {
  if (header === undefined || header.trim() === '*') return () => true
  // Weak tags never match here: RFC 9110, 13.1.1.
  const tags = header.split(',').map((tag) => tag.trim())
  return (version) => tags.includes(`"${version}"`)
}
