import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/{house,shared,channel,engine,extension,webview,cli,fuzz}/**/*.test.ts'],
    setupFiles: ['test/properties.ts'],
    testTimeout: 60_000,
    // Analyses use every core themselves: two files at a time keep the machine honest.
    maxWorkers: 2,
  },
});
