import { fileURLToPath } from 'node:url'
import { problems } from '@scheduler/core/problem'
import type { Express } from 'express'
import swaggerUi from 'swagger-ui-express'
import { openapi } from './openapi.ts'

const problemPages = fileURLToPath(new URL('../../../docs/problems/', import.meta.url))

/** `/openapi.json`, Swagger UI at `/docs`, which serves all of its files itself, and the page of each problem's `type`. */
export function serveDocs(app: Express): void {
  let text: string | undefined
  app.get('/openapi.json', (_req, res) => {
    text ??= JSON.stringify(openapi())
    res.type('application/json').end(text)
  })
  const options = { customSiteTitle: 'Scheduler API', swaggerOptions: { url: '/openapi.json' } }
  app.use('/docs', swaggerUi.serve, swaggerUi.setup(undefined, options))
  app.get('/problems/:code', (req, res, next) => {
    const { code } = req.params
    if (!Object.hasOwn(problems, code)) return next()
    res.type('text/markdown; charset=utf-8').sendFile(`${code}.md`, { root: problemPages })
  })
}
