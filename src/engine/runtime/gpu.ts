import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import type { GpuReport } from '../../shared/engineProtocol';
import { say, type Message } from '../../shared/words/message';
import { Graph } from '../graph/graph';
import { exportOnnx } from '../graph/onnx/exportOnnx';
import { softwareDevice, vulkanDrivers, type VulkanDrivers } from './vulkanDrivers';

/** Longest that a driver may take to start, in milliseconds. */
const MAX_START = 20_000;

/** Opens a session on the device, in a process of its own: a driver that fails may end it. */
const SCRIPT = `
const [, main, model] = process.argv;
require(main).InferenceSession.create(Buffer.from(model, 'base64'), { executionProviders: ['webgpu'] }).then(
  () => process.exit(0),
  (error) => { console.error(error.message); process.exit(1); },
);`;

/** Whether the graphics card will be used when it is asked for, and what is missing: one sentence. */
export async function examineGpu(): Promise<GpuReport> {
  let main: string;
  try {
    main = createRequire(__filename).resolve('onnxruntime-node');
  } catch {
    return none(say`onnxruntime-node, which has the provider for it, is not installed`);
  }
  const g = new Graph();
  const { bytes } = exportOnnx({ outputs: new Map([['y', g.neg(g.input('x', [1]))]]) }, 'float32');
  const failure = await failureOf(main, bytes);
  if (failure !== null) return none(missing(failure, process.platform, vulkanDrivers()));
  const software = softwareDevice();
  return software === null
    ? { state: 'gpu', said: say`A GPU is there; --provider webgpu computes on it, in float32` }
    : {
        state: 'software',
        said: say`No GPU is used: --provider webgpu computes on ${software}, which is a program on the processor and slower than the provider "cpu"; install the Vulkan driver of the graphics card, if there is one`,
      };
}

function none(why: Message): GpuReport {
  return { state: 'none', said: say`No GPU is used: ${why}` };
}

/** What was said of a device that does not start; null where it does. */
function failureOf(main: string, model: Uint8Array): Promise<string | null> {
  const args = ['-e', SCRIPT, main, Buffer.from(model).toString('base64')];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { timeout: MAX_START }, (error, stdout, stderr) => {
      resolve(error === null ? null : `${stderr}${stdout}` || error.message);
    });
  });
}

/** What to do about it, from what the libraries say and what the system has. */
export function missing(
  failure: string,
  platform: NodeJS.Platform,
  { hasCard, manifests }: VulkanDrivers,
): Message {
  if (platform === 'linux') {
    if (!hasCard && manifests.length === 0) return say`the system has no graphics card`;
    if (/libvulkan\S*: cannot open/.test(failure)) {
      return say`the Vulkan loader is missing; install it, as with "apt install libvulkan1"`;
    }
    if (manifests.length === 0) {
      return say`the graphics card has no Vulkan driver; install it: mesa-vulkan-drivers for AMD and Intel, NVIDIA's own for NVIDIA`;
    }
    if (!hasCard) return say`the system has no graphics card, and its Vulkan drivers start nothing`;
  }
  const last = failure.trim().split('\n').at(-1)!;
  return say`the provider webgpu does not start (${last
    .replace(/^.* was (?:true|false)\. /, '')
    .trim()
    .slice(0, 200)}); update the graphics card's driver`;
}
