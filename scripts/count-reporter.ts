import { writeSync } from 'node:fs'
import type { Reporter, TestModule } from 'vitest/node'

/** Prints `N passed, N failed` as the very last line of a run, for machines that read only that. */
export default class CountReporter implements Reporter {
  onInit(): void {
    // Whatever vitest still says (its summary, a teardown that hangs) comes before the process ends.
    process.once('exit', (code) => {
      const { passed, skipped } = this.counts
      // A run that failed for another reason than a test, such as its database that does not start, has failed once.
      const failed = this.counts.failed || (code ? 1 : 0)
      writeSync(1, `${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}\n`)
    })
  }

  private counts = { passed: 0, failed: 0, skipped: 0, pending: 0 }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0, pending: 0 }
    for (const module of modules) {
      const before = counts.failed
      for (const test of module.children.allTests()) counts[test.result().state] += 1
      // A file that could not be loaded, or whose hooks failed, without a failed test to show for it.
      if (!module.ok() && counts.failed === before) counts.failed += 1
    }
    this.counts = { ...counts, skipped: counts.skipped + counts.pending }
  }
}
