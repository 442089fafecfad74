import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missing } from '../../../src/engine/runtime/gpu';
import { softwareDevice, vulkanDrivers } from '../../../src/engine/runtime/vulkanDrivers';
import { english } from '../../../src/shared/words/message';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'basin-vulkan-'));
  for (const name of ['vk_swiftshader_icd.json', 'lvp_icd.x86_64.json', 'radeon_icd.json']) {
    writeFileSync(join(folder, name), '{}');
  }
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const at = (...names: readonly string[]): string[] => names.map((name) => join(folder, name));

describe('what computes for Vulkan', () => {
  test('is what the variable of the loader names, of what is there', () => {
    const named = at('vk_swiftshader_icd.json', 'gone.json');
    const { manifests } = vulkanDrivers({ VK_ICD_FILENAMES: named.join(':') });
    expect(manifests).toEqual(at('vk_swiftshader_icd.json'));
  });

  test.each([
    [false, ['vk_swiftshader_icd.json'], 'SwiftShader'],
    [true, ['vk_swiftshader_icd.json'], 'SwiftShader'],
    // Mesa's package brings drivers of all cards, and one in software.
    [false, ['radeon_icd.json', 'lvp_icd.x86_64.json'], 'llvmpipe'],
    [true, ['radeon_icd.json', 'lvp_icd.x86_64.json'], null],
    [false, [], null],
  ] as const)('with a card: %j, and the drivers %j', (hasCard, names, software) => {
    const drivers = { hasCard, manifests: at(...names) };
    expect(softwareDevice('linux', drivers)).toBe(software);
    expect(softwareDevice('darwin', drivers)).toBeNull();
  });

  test.each([
    ['x', false, [], 'no graphics card'],
    ['libvulkan.so.1: cannot open shared object file', true, [], 'apt install libvulkan1'],
    ['No supported adapters', true, [], 'no Vulkan driver'],
    ['No supported adapters', false, ['radeon_icd.json'], 'start nothing'],
    ['a.cc:1 f() x was false. Device lost\n', true, ['radeon_icd.json'], 'start (Device lost)'],
  ] as const)('of "%s" with a card: %j, and %j', (failure, hasCard, names, words) => {
    expect(english(missing(failure, 'linux', { hasCard, manifests: at(...names) }))).toContain(
      words,
    );
  });
});
