import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** What a cluster needs; Debian has it in slurmctld, slurmd, slurm-client and munge. */
const PROGRAMS = ['slurmctld', 'slurmd', 'sbatch', 'munged'];

/** Whether a Slurm can be started here: its nodes run their tasks as other users, which root may. */
export function hasSlurm(): boolean {
  const isThere = (name: string): boolean =>
    spawnSync('sh', ['-c', `command -v ${name}`]).status === 0;
  return process.getuid?.() === 0 && PROGRAMS.every(isThere);
}

/** Where a controller and nodes of a test listen, on loopback alone. */
const CONTROLLER = 26817;
const FIRST_NODE = 26820;

/** A Slurm of one machine: a controller and nodes on loopback, all files in one folder. */
export class SlurmCluster {
  readonly environment: NodeJS.ProcessEnv;
  private readonly folder: string;
  private readonly daemons: ChildProcess[] = [];

  private constructor(folder: string) {
    this.folder = folder;
    this.environment = { ...process.env, SLURM_CONF: join(folder, 'slurm.conf') };
  }

  /** @param folder empty; of a path short enough for a socket in it. */
  static async start(folder: string, nodes: number): Promise<SlurmCluster> {
    const cluster = new SlurmCluster(folder);
    mkdirSync(join(folder, 'state'));
    writeFileSync(join(folder, 'munge.key'), randomBytes(128), { mode: 0o600 });
    writeFileSync(join(folder, 'slurm.conf'), configuration(folder, nodes));
    cluster.run('munged', [
      '--foreground',
      '--force',
      `--socket=${folder}/munge.socket`,
      `--key-file=${folder}/munge.key`,
      `--pid-file=${folder}/munged.pid`,
      `--log-file=${folder}/munged.log`,
      `--seed-file=${folder}/munged.seed`,
    ]);
    cluster.run('slurmctld', ['-D', '-f', `${folder}/slurm.conf`]);
    for (let node = 1; node <= nodes; node++) {
      mkdirSync(join(folder, `spool-n${node}`));
      cluster.run('slurmd', ['-D', '-f', `${folder}/slurm.conf`, '-N', `n${node}`]);
    }
    for (const until = Date.now() + 30_000; ;) {
      if (cluster.idleNodes() === nodes) return cluster;
      if (Date.now() > until) {
        await cluster.stop();
        throw new Error(`No cluster after 30 s.\n${cluster.said()}`);
      }
      await pause(100);
    }
  }

  /** Runs one of Slurm's commands. @returns what it prints. */
  command(name: string, ...args: readonly string[]): string {
    return execFileSync(name, [...args], { encoding: 'utf8', env: this.environment }).trim();
  }

  idleNodes(): number {
    const options = { encoding: 'utf8', env: this.environment } as const;
    return Number(spawnSync('sinfo', ['-h', '-t', 'idle', '-o', '%D'], options).stdout.trim());
  }

  /** States of what is not over, by job or task of an array as 12_3. */
  states(): ReadonlyMap<string, string> {
    const lines = this.command('squeue', '-h', '-r', '-o', '%i %T').split('\n').filter(Boolean);
    return new Map(lines.map((line) => line.split(' ') as [string, string]));
  }

  /** Waits until nothing is queued or runs. */
  async drained(milliseconds: number): Promise<void> {
    for (const until = Date.now() + milliseconds; this.states().size > 0;) {
      if (Date.now() > until) {
        const left = [...this.states()].map((each) => each.join(' ')).join(', ');
        throw new Error(`Not done: ${left}\n${this.said()}`);
      }
      await pause(200);
    }
  }

  /** Ends what was started here, and nothing else. */
  async stop(): Promise<void> {
    spawnSync('scancel', ['--user', 'root'], { env: this.environment });
    for (const daemon of this.daemons.reverse()) {
      if (daemon.exitCode !== null) continue;
      const ended = new Promise((resolve) => daemon.once('exit', resolve));
      daemon.kill('SIGTERM');
      await Promise.race([ended, pause(5000).then(() => daemon.kill('SIGKILL'))]);
    }
  }

  private run(name: string, args: readonly string[]): void {
    const log = openSync(join(this.folder, `${name}-${this.daemons.length}.out`), 'w');
    const stdio = ['ignore', log, log] as const;
    this.daemons.push(spawn(name, [...args], { stdio: [...stdio], env: this.environment }));
  }

  private said(): string {
    return readFileSync(join(this.folder, 'slurmctld-1.out'), 'utf8').slice(-2000);
  }
}

function configuration(folder: string, nodes: number): string {
  const host = hostname().split('.')[0]!;
  return `ClusterName=basin
SlurmctldHost=${host}(127.0.0.1)
SlurmctldPort=${CONTROLLER}
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
# What is run again waits for its credential to expire.
AuthInfo=socket=${folder}/munge.socket,cred_expire=5
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/spool-%n
SlurmctldPidFile=${folder}/slurmctld.pid
SlurmdPidFile=${folder}/slurmd-%n.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
SchedulerParameters=batch_sched_delay=0,sched_interval=2,sched_min_interval=0,bf_interval=2
JobRequeue=1
ReturnToService=2
KillWait=5
NodeName=n[1-${nodes}] NodeHostname=${host} NodeAddr=127.0.0.1 Port=[${FIRST_NODE + 1}-${FIRST_NODE + nodes}] CPUs=2 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=01:00:00 State=UP
`;
}
