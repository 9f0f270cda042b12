import { type Check, sources } from './sources.ts'

/** One file is one idea: 200 lines at the most, tests 300. */
export const fileCeiling: Check = () =>
  sources().flatMap(({ path, text, isTest }) => {
    if (!/\/src\/|^scripts\/|\/test\/|\/oracle\//.test(path)) return []
    const lines = text.trimEnd().split('\n').length
    const ceiling = isTest ? 300 : 200
    return lines > ceiling ? [`${path}: ${lines} lines, the ceiling is ${ceiling}`] : []
  })
