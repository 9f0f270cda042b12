/** Polls until `test` gives something true, and returns that. @throws after `timeoutMs`, naming what was waited for. */
export async function until<T>(
  what: string,
  test: () => T | Promise<T>,
  timeoutMs = 10_000,
): Promise<Exclude<T, false | null | undefined | 0>> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const result = await test()
    if (result) return result as Exclude<T, false | null | undefined | 0>
    if (performance.now() > deadline) throw new Error(`Waited ${timeoutMs} ms in vain for ${what}.`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
