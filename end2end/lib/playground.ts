// A playground in its own process, as an additional cluster.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { binary } from './server.ts';

/** A cluster's data in a kubeconfig: its URL, its CA certificate, the administrator's token. */
export type Connection = { server: string; authority: string; token: string };

export class Playground {
  private constructor(
    private readonly process: ChildProcess,
    private readonly folder: string,
    readonly connection: Connection,
  ) {}

  static async start(): Promise<Playground> {
    const folder = mkdtempSync(join(tmpdir(), 'jobwright-playground-'));
    const kubeconfig = join(folder, 'kubeconfig');
    const child = spawn(binary, ['playground', '--listen', '127.0.0.1:0', '--data-dir', folder, '--kubeconfig', kubeconfig], { stdio: 'ignore' });
    for (let tries = 0; tries < 300; tries += 1) {
      const text = existsSync(kubeconfig) ? readFileSync(kubeconfig, 'utf8') : '';
      const value = (name: string) => text.match(new RegExp(`${name}: (\\S+)`))?.[1] ?? '';
      const connection = { server: value('server'), authority: value('certificate-authority-data'), token: value('token') };
      if (Object.values(connection).every(Boolean)) return new Playground(child, folder, connection);
      if (child.exitCode !== null) throw new Error(`the playground ended with ${child.exitCode}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error('the playground wrote no kubeconfig within 30 s');
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
