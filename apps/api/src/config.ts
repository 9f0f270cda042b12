import { receiverKeys } from '@scheduler/core/receiver-url'
import { readKeys } from '@scheduler/core/seal'
import { commonSettings, databaseUrl, list, parseSettings, targetPolicy, whole } from '@scheduler/core/settings'
import { badCidrs } from '@scheduler/core/target'
import { z } from 'zod'

/** Every variable that the API reads. */
export const configShape = {
  ...commonSettings,
  CALLBACK_ALLOW_CIDRS: commonSettings.CALLBACK_ALLOW_CIDRS.refine(
    (ranges) => badCidrs(ranges).length === 0,
    'must be networks such as 10.0.0.0/8, comma-separated',
  ),
  PORT: whole(0, 65_535).default(8008).describe('Where the API listens; 0 takes any free port.'),
  HOST: z.string().optional().describe('The address it listens on: loopback without API_KEYS, else all of them.'),
  API_KEYS: list.describe(
    'Comma-separated keys that clients send as `Authorization: Bearer <key>`; needed in production.',
  ),
  ENABLE_TEST_ENDPOINTS: z
    .stringbool('must be true or false')
    .optional()
    .describe('Whether POST /callback/test answers: true in development, false in production.'),
}

export type Config = ReturnType<typeof loadConfig>

/** @throws Error with one sentence that names each variable at fault and says what to do. */
export function loadConfig(env: Record<string, string | undefined>) {
  const settings = parseSettings(configShape, env)
  const production = settings.NODE_ENV === 'production'
  if (production && settings.API_KEYS.length === 0) {
    throw new Error(
      'NODE_ENV is production and API_KEYS is empty, so anybody could make this service call URLs. Set API_KEYS to a ' +
        'long random key, or several separated by commas.',
    )
  }
  const database = databaseUrl(env)
  if (!database) {
    throw new Error(
      'No database is named. Set DATABASE_URL, or DB_USER, DB_PASSWORD, DB_HOST and DB_NAME; the start command of the ' +
        'repository brings its own.',
    )
  }
  return {
    port: settings.PORT,
    host: settings.HOST ?? (settings.API_KEYS.length > 0 ? undefined : '127.0.0.1'),
    logLevel: settings.LOG_LEVEL,
    databaseUrl: database,
    app: {
      apiKeys: settings.API_KEYS,
      testEndpoints: settings.ENABLE_TEST_ENDPOINTS ?? !production,
      publicUrl: settings.PUBLIC_URL ?? null,
      receiverKeys: receiverKeys(readKeys(settings.ENCRYPTION_KEYS)),
      graceSeconds: settings.MISFIRE_GRACE_TIME,
      circuitFailMax: settings.CIRCUIT_FAIL_MAX,
      targetPolicy: targetPolicy(settings),
      keys: readKeys(settings.ENCRYPTION_KEYS),
    },
  }
}
