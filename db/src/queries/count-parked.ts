/** Parked executions that are counted where one destination or flow key is asked for, at the most. */
export const MOST_COUNTED = 10_000

/** The same of each in a short list. */
export const MOST_COUNTED_OF_EACH = 1_000

/** The same of all in a list, of which there may be hundreds. */
export const MOST_COUNTED_OF_LIST = 20_000

/** The same of each in a list of up to so many rows. */
export const countedOfEach = (rows: number): number =>
  Math.min(MOST_COUNTED_OF_EACH, Math.floor(MOST_COUNTED_OF_LIST / rows))

/**
 * SQL: a lateral item with how many executions of a selection are parked, as far as they are counted, and whether there are
 * more than that.
 *
 * @param most SQL
 */
export const countParked = (selection: string, most: string): string => `
  (select least(n, ${most})::int as parked, n > ${most} as more from (
     select count(*) as n from (${selection} limit ${most} + 1) as p) as c)`
