import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, delimiter, join } from 'node:path';

/** What Vulkan finds on Linux, which is how WebGPU reaches a graphics card there. */
export interface VulkanDrivers {
  /** Whether the system has the device of a graphics card. */
  readonly hasCard: boolean;
  /** Manifests of drivers, absolute. */
  readonly manifests: readonly string[];
}

/** Device files of graphics cards: of the kernel's drivers, NVIDIA's, and Windows' below Linux. */
const CARDS = ['/dev/nvidiactl', '/dev/dxg'];
const RENDER_NODES = '/dev/dri';

/** Drivers that compute on the processor, by what their manifests are called. */
const SOFTWARE: readonly (readonly [manifest: RegExp, name: string])[] = [
  [/swiftshader/i, 'SwiftShader'],
  [/lvp|llvmpipe|lavapipe/i, 'llvmpipe'],
];

/** The loader's own rules (Vulkan-Loader, "Driver Discovery"), but for those of sandboxes. */
export function vulkanDrivers(environment: NodeJS.ProcessEnv = process.env): VulkanDrivers {
  const hasCard =
    CARDS.some((path) => existsSync(path)) ||
    entriesOf(RENDER_NODES).some((name) => name.startsWith('renderD'));
  const named = environment.VK_DRIVER_FILES ?? environment.VK_ICD_FILENAMES;
  if (named !== undefined && named !== '') {
    const manifests = named.split(delimiter).filter((path) => existsSync(path));
    return { hasCard, manifests };
  }
  const home = environment.HOME ?? homedir();
  const folders = [
    '/etc',
    '/usr/local/etc',
    '/usr/share',
    '/usr/local/share',
    join(home, '.local/share'),
  ];
  const manifests = folders.flatMap((folder) => {
    const place = join(folder, 'vulkan/icd.d');
    return entriesOf(place).map((name) => join(place, name));
  });
  return { hasCard, manifests: manifests.filter((path) => path.endsWith('.json')) };
}

/**
 * The program that stands in for a graphics card.
 *
 * @returns null where there may be a card: elsewhere than on Linux this is not known.
 */
export function softwareDevice(
  platform: NodeJS.Platform = process.platform,
  { hasCard, manifests }: VulkanDrivers = vulkanDrivers(),
): string | null {
  if (platform !== 'linux' || manifests.length === 0) return null;
  const names = manifests.map((path) => {
    return SOFTWARE.find(([manifest]) => manifest.test(basename(path)))?.[1] ?? null;
  });
  const software = names.find((name) => name !== null) ?? null;
  return hasCard && names.includes(null) ? null : software;
}

function entriesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
