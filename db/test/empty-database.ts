import { randomBytes } from 'node:crypto'
import { inject, onTestFinished } from 'vitest'
import { databaseUrl, dropDatabase, execute } from './admin.ts'

/** An empty database, as somebody would make one by hand. */
export async function emptyDatabase(): Promise<string> {
  const name = `scheduler_test_${randomBytes(6).toString('hex')}`
  await execute(inject('adminUrl'), `create database ${name}`)
  onTestFinished(() => dropDatabase(inject('adminUrl'), name))
  return databaseUrl(inject('adminUrl'), name)
}
