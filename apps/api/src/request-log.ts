import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Logger } from 'pino'
import { pinoHttp } from 'pino-http'

const PLAIN = /^[\w.:-]{1,64}$/

/**
 * One line for each answered request: method, path, status, ms, request id. Never headers, bodies or the query.
 *
 * The id is the client's `x-request-id` when it is short and plain, else one of ours; the answer carries it.
 */
export function requestLog(log: Logger) {
  return pinoHttp({
    logger: log,
    quietReqLogger: true,
    quietResLogger: true,
    genReqId: (req: IncomingMessage, res: ServerResponse) => {
      const given = req.headers['x-request-id']
      const id = typeof given === 'string' && PLAIN.test(given) ? given : randomUUID()
      res.setHeader('x-request-id', id)
      return id
    },
    customAttributeKeys: { reqId: 'requestId', responseTime: 'ms' },
    customLogLevel: (_req: IncomingMessage, res: ServerResponse) => (res.statusCode >= 500 ? 'warn' : 'info'),
    customSuccessMessage: () => 'request answered',
    customErrorMessage: () => 'request answered',
    customSuccessObject: (req: IncomingMessage, res: ServerResponse, value: Record<string, unknown>) =>
      line(req, res, value),
    customErrorObject: (req: IncomingMessage, res: ServerResponse, _error: Error, value: Record<string, unknown>) =>
      line(req, res, value),
  })
}

function line(req: IncomingMessage, res: ServerResponse, { ms }: Record<string, unknown>) {
  const { originalUrl = req.url ?? '' } = req as { originalUrl?: string }
  return { method: req.method, path: originalUrl.split('?')[0], status: res.statusCode, ms }
}
