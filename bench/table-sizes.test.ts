import { test } from '@scheduler/db/test/database'
import { expect } from 'vitest'
import { relationSizes } from './table-sizes.ts'

test('the bytes of a table in partitions are those of all of them, of its indexes too', async ({ pool }) => {
  await pool.query(`create table parted (at int primary key, text text) partition by range (at);
    create index parted_text on parted (text);
    create table parted_1 partition of parted for values from (0) to (1000);
    create table parted_2 partition of parted for values from (1000) to (3000);
    create table whole (at int primary key, text text)`)
  await pool.query(`insert into parted select n, 'text of ' || n from generate_series(0, 2999) as n`)
  await pool.query('insert into whole select * from parted')
  const sizes = await relationSizes(pool, ['parted', 'whole'])
  const { rows } = await pool.query<Record<string, number>>(
    `select (pg_table_size('parted_1') + pg_table_size('parted_2'))::int as parted,
       (pg_relation_size('parted_1_pkey') + pg_relation_size('parted_2_pkey'))::int as parted_pkey,
       (pg_relation_size('parted_1_text_idx') + pg_relation_size('parted_2_text_idx'))::int as parted_text,
       pg_table_size('whole')::int as whole, pg_relation_size('whole_pkey')::int as whole_pkey`,
  )
  expect(Object.fromEntries(sizes.map(({ name, bytes }) => [name, bytes]))).toEqual(rows[0])
  await pool.query('drop table parted, whole')
})
