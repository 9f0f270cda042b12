// Holds values to schemas of the document, by an implementation of JSON Schema that has nothing to do with what made them.
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'

export interface Schemas {
  /** What is wrong with a value. @param pointer place of the schema in the document, `#/components/schemas/Job` */
  faultsOf(pointer: string, value: unknown): string[]
}

export function schemasOf(document: object): Schemas {
  // The document is no schema itself, and has keywords of OpenAPI: `example`, `discriminator`.
  const ajv = new Ajv2020({ strict: false, allErrors: false, validateSchema: false, logger: false })
  // What a URL is, browsers and the service read more widely than `uri`; it is a hint there, as most formats are.
  addFormats.default(ajv, ['uuid'])
  ajv.addSchema({ ...document, $id: 'openapi' })
  return {
    faultsOf(pointer, value) {
      const validate = ajv.getSchema(`openapi${pointer}`)
      if (!validate) throw new Error(`The document has no schema at ${pointer}.`)
      if (validate(value)) return []
      return (validate.errors ?? []).map((it) => `${it.instancePath || 'it'} ${it.message}`)
    },
  }
}
