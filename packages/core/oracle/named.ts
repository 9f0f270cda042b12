import { cronBody, namedByCron } from './cron-rule.ts'
import { intervalBody, namedByInterval } from './interval-rule.ts'
import { namedByRrule, rruleText } from './rrule-rule.ts'
import type { Named, Rule } from './rule.ts'
import type { ZoneClock } from './zone-clock.ts'

/** What a rule names in a zone; @param to the last instant that is asked for */
export function named(rule: Rule, clock: ZoneClock, fromYear: number, to: number): Named {
  // The clocks are within a day of UTC.
  const last = to + 86_400_000
  if (rule.kind === 'interval') return namedByInterval(rule, clock, last)
  return rule.kind === 'cron' ? namedByCron(rule, fromYear, last) : namedByRrule(rule, clock, last)
}

/** The rule as a client of the API writes it. */
export function bodyOf(rule: Rule): object {
  if (rule.kind === 'interval') return intervalBody(rule)
  return rule.kind === 'cron' ? cronBody(rule) : { type: 'rrule', rrule: rruleText(rule) }
}
