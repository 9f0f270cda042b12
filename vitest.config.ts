import { defaultExclude, defineConfig } from 'vitest/config'

const exclude = [...defaultExclude, 'examples/**']

export default defineConfig({
  test: {
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 60_000,
    reporters: ['default', './scripts/count-reporter.ts'],
    projects: [
      // Pure: starts at once, no database.
      { extends: true, test: { name: 'core', include: ['packages/core/src/**/*.test.ts'], exclude } },
      {
        extends: true,
        test: {
          name: 'system',
          include: [
            'apps/*/src/**/*.test.ts',
            'db/**/*.test.ts',
            'bench/**/*.test.ts',
            'chaos/**/*.test.ts',
            'scripts/**/*.test.ts',
          ],
          exclude,
          globalSetup: ['./db/test/global-setup.ts'],
        },
      },
    ],
  },
})
