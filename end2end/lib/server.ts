// The console's binary, started for the tests of one worker.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

/** The binary under test. */
export const binary = process.env.JOBWRIGHT ?? join(root, 'target/quick/jobwright');

/** A kubeconfig whose cluster is unreachable: port 9 of this machine. */
const nowhere = `apiVersion: v1
kind: Config
current-context: nowhere
clusters: [{name: nowhere, cluster: {server: "http://127.0.0.1:9"}}]
users: [{name: nobody, user: {}}]
contexts: [{name: nowhere, context: {cluster: nowhere, user: nobody}}]
`;

export class Server {
  private constructor(
    private readonly process: ChildProcess,
    private readonly folder: string,
    private readonly lines: string[],
    /** The administrator's kubeconfig of the console's cluster. */
    readonly kubeconfig: string,
  ) {}

  /** Starts the console on a free port, with the playground, an unreachable cluster, or that of a kubeconfig. */
  static async start(cluster: 'playground' | 'down' | { kubeconfig: string }, ...options: string[]): Promise<Server> {
    const folder = mkdtempSync(join(tmpdir(), 'jobwright-'));
    let kubeconfig = join(folder, 'kubeconfig');
    const playground = cluster === 'playground' ? ['--playground-kubeconfig', kubeconfig] : [];
    if (cluster === 'down') writeFileSync(kubeconfig, nowhere);
    if (typeof cluster === 'object') kubeconfig = cluster.kubeconfig;
    const child = spawn(
      binary,
      ['serve', ...(options.includes('--listen') ? [] : ['--listen', '127.0.0.1:0']), '--data-dir', folder, '--cluster', cluster === 'playground' ? 'embedded' : 'kubeconfig', ...playground, ...options],
      { env: { ...process.env, KUBECONFIG: cluster === 'playground' ? undefined : kubeconfig }, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const server = new Server(child, folder, [], kubeconfig);
    child.stderr?.on('data', (data) => process.env.VERBOSE && process.stderr.write(data));
    child.stdout?.on('data', (data) => server.lines.push(...String(data).split('\n')));
    await server.address();
    return server;
  }

  /** The most recent URL printed by the console: it signs in once, if the console prints tokens. */
  async address(): Promise<string> {
    for (let tries = 0; tries < 300; tries += 1) {
      const found = this.lines.flatMap((line) => line.match(/http:\/\/127\.0\.0\.1:\d+\/([\w/-]+\/)?(\?token=\S+)?$/g) ?? []).at(-1);
      if (found) return found;
      if (this.process.exitCode !== null) throw new Error(`the console ended with ${this.process.exitCode}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error('the console printed no address within 30 s');
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.process.once('exit', resolve));
    if (this.process.exitCode === null) {
      this.process.kill('SIGTERM');
      await ended;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}
