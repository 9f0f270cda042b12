import type { Express } from 'express'
import swaggerUi from 'swagger-ui-express'
import { openapi } from './openapi.ts'

/** `/openapi.json`, and Swagger UI at `/docs`, which serves all of its files itself. */
export function serveDocs(app: Express): void {
  let text: string | undefined
  app.get('/openapi.json', (_req, res) => {
    text ??= JSON.stringify(openapi())
    res.type('application/json').end(text)
  })
  const options = { customSiteTitle: 'Scheduler API', swaggerOptions: { url: '/openapi.json' } }
  app.use('/docs', swaggerUi.serve, swaggerUi.setup(undefined, options))
}
