import { existsSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

// Chromium's packages bring a graphics card in software, SwiftShader, and the loader of Vulkan. A library is
// looked for where the variables say when a process starts: those of the tests start from here.
const folder = ['/usr/lib/chromium', '/usr/lib/chromium-browser', '/opt/google/chrome'].find(
  (each) => existsSync(`${each}/vk_swiftshader_icd.json`),
);
if (folder !== undefined) {
  process.env.VK_ICD_FILENAMES = `${folder}/vk_swiftshader_icd.json`;
  process.env.LD_LIBRARY_PATH = [folder, process.env.LD_LIBRARY_PATH].filter(Boolean).join(':');
}

export default defineConfig({
  test: {
    include: ['test/{house,shared,channel,engine,extension,webview,cli,fuzz}/**/*.test.ts'],
    setupFiles: ['test/properties.ts'],
    testTimeout: 60_000,
    // A page on a machine that does much else.
    expect: { poll: { timeout: 20_000 } },
    // Analyses use every core themselves: two files at a time keep the machine honest.
    maxWorkers: 2,
  },
});
