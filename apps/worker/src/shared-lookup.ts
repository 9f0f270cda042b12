import type { LookupAddress, LookupOptions, lookup } from 'node:dns'

type Answered = (error: NodeJS.ErrnoException | null, found: string | LookupAddress[], family?: number) => void

/**
 * Looks a name up once for all that ask for it at the same time. Each lookup takes a thread for as long as the name's servers
 * don't answer, and there are few: a hundred requests to one such name would keep everybody's from being looked up.
 */
export function sharedLookup(resolve: typeof lookup): typeof lookup {
  const asking = new Map<string, Answered[]>()

  const shared = (host: string, options: LookupOptions, answered: Answered): void => {
    const key = JSON.stringify([host, options])
    const others = asking.get(key)
    if (others) {
      others.push(answered)
      return
    }
    const all = [answered]
    asking.set(key, all)
    resolve(host, options, (error: NodeJS.ErrnoException | null, found: string | LookupAddress[], family?: number) => {
      asking.delete(key)
      for (const it of all) it(error, found, family)
    })
  }
  return shared as typeof lookup
}
