/** Polls until `test` holds. @throws after `timeoutMs`. */
export async function until(test: () => Promise<boolean>, timeoutMs: number, what: string): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!(await test().catch(() => false))) {
    if (performance.now() > deadline) throw new Error(`Waited ${timeoutMs / 1000} s in vain for ${what}.`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

export const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
