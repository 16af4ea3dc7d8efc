// Changes of the cluster outside the console, with kubectl.
import { execFileSync } from 'node:child_process';
import type { Server } from './server.ts';

export class Kubectl {
  constructor(private readonly server: Server) {}

  /** Runs kubectl in the project `demo` as the cluster's administrator; returns its output. */
  run(args: string[], input?: string): string {
    const config = ['--kubeconfig', this.server.kubeconfig, '--namespace', 'demo'];
    return execFileSync('kubectl', [...config, ...args], { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] });
  }

  create(...objects: object[]): void {
    this.run(['create', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
  }

  get(...what: string[]): any {
    return JSON.parse(this.run(['get', '-o', 'json', ...what]));
  }
}

/** Returns a Job with one container that runs a shell command. */
export function shellJob(name: string, line: string, spec: object = {}, pod: object = {}): object {
  const containers = [{ name: 'main', image: 'busybox:1.36', command: ['sh', '-c', line] }];
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name },
    spec: { backoffLimit: 0, ...spec, template: { spec: { restartPolicy: 'Never', containers, ...pod } } },
  };
}
