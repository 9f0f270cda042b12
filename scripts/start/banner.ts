import type { Settings } from './settings.ts'

/** The address by which this machine reaches the API. */
export function apiUrl({ host, port }: Pick<Settings, 'host' | 'port'>): string {
  const everywhere = !host || ['0.0.0.0', '::', '127.0.0.1', 'localhost'].includes(host)
  const name = everywhere ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host
  return `http://${name}:${port}`
}

const LOOPBACK: readonly (string | undefined)[] = ['127.0.0.1', '::1', 'localhost']

/**
 * Where clients and receivers reach the API: as PUBLIC_URL says, or here where nobody else can. Else undefined, which leaves
 * links relative: nobody may be told to come to a loopback of his own, with his key.
 */
export function publicUrlOf(settings: Pick<Settings, 'host' | 'port' | 'publicUrl'>): string | undefined {
  return settings.publicUrl ?? (LOOPBACK.includes(settings.host) ? apiUrl(settings) : undefined)
}

/**
 * What one sees once all runs: where the docs are, what it may call, and a first job to try.
 *
 * @param keyFile where the key of secrets is kept; null where ENCRYPTION_KEYS gives it
 */
export function banner(
  settings: Settings,
  database: string,
  keyFile: string | null,
  platform: NodeJS.Platform = process.platform,
): string {
  const url = apiUrl(settings)
  const workers = `${settings.workers} worker${settings.workers === 1 ? '' : 's'}`
  return [
    '',
    `  The scheduler runs: the API on ${url} and ${workers}.`,
    `  Docs      ${url}/docs`,
    `  Database  ${database}`,
    `  Callbacks ${callable(settings.callbacks)}`,
    `  Secrets   kept under ${keyFile ? `the key in ${keyFile}: without it nobody can read them` : 'ENCRYPTION_KEYS'}`,
    ...(publicUrlOf(settings) ? [] : [NO_PUBLIC_URL]),
    '',
    ...hint(settings, url, platform),
    '',
    '  Ctrl-C stops everything.',
    '',
  ].join('\n')
}

/** Which addresses may be called. */
function callable({ allowPrivate, allowCidrs, allowHosts }: Settings['callbacks']): string {
  if (allowPrivate) return 'to any address, private ones too (CALLBACK_ALLOW_PRIVATE=false: public ones only)'
  const exceptions = [...allowCidrs, ...allowHosts].join(', ')
  return `to public addresses only${exceptions && `, and to ${exceptions}`}`
}

function hint({ workers, testEndpoint, keysNeeded }: Settings, url: string, platform: NodeJS.Platform): string[] {
  if (workers === 0) return ['  No worker runs here (WORKERS=0): nothing is sent until some run elsewhere.']
  return testEndpoint ? invitation(url, keysNeeded, platform) : [TEST_ENDPOINT_OFF]
}

const NO_PUBLIC_URL =
  '  Links     relative, and async jobs are refused: set PUBLIC_URL to where clients and receivers reach the API'

const TEST_ENDPOINT_OFF = '  The test endpoint is off (ENABLE_TEST_ENDPOINTS): schedule callbacks to a URL of yours.'

function invitation(url: string, keysNeeded: boolean, platform: NodeJS.Platform): string[] {
  return [
    '  Try it: this calls back in two seconds, and the call shows in the log below.',
    ...(keysNeeded ? ['  (API_KEYS is set: put one of the keys into API_KEY first.)'] : []),
    '',
    `  ${firstJob(url, keysNeeded, platform)}`,
  ]
}

/** One command line that schedules a callback two seconds ahead to the test endpoint. */
function firstJob(url: string, keysNeeded: boolean, platform: NodeJS.Platform): string {
  // BSD's date, unlike GNU's, adds with -v.
  const date = platform === 'darwin' ? 'date -u -v+2S +%FT%TZ' : "date -u -d '+2 seconds' +%FT%TZ"
  const key = keysNeeded ? ' -H "authorization: Bearer $API_KEY"' : ''
  const body = `{"schedule_time":"'"$(${date})"'","callback_url":"${url}/callback/test","payload":{"hello":"world"}}`
  return `curl -s ${url}/jobs${key} -H 'content-type: application/json' -d '${body}'`
}
