import { v7 as uuidv7 } from 'uuid'

/** A new id for a worker process: two on one machine, or one started again, are two workers. */
export const newWorkerId = (): string => uuidv7()
