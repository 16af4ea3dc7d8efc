// Access to the cluster as its administrator, for fixtures and assertions.
import { execFileSync } from 'node:child_process';
import { kubeconfig } from './people.ts';

/** Runs kubectl as the administrator; returns its output. */
export function kubectl(args: string[], input?: string): string {
  return execFileSync('kubectl', ['--kubeconfig', kubeconfig('admin'), ...args], { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] });
}

/** Returns the cluster's minor version: 20 for Kubernetes 1.20. */
export const minor = () => Number.parseInt(JSON.parse(kubectl(['version', '-o', 'json'])).serverVersion.minor, 10);

/** Reads an object, or a list of objects. */
export function get(project: string, ...what: string[]): any {
  return JSON.parse(kubectl(['-n', project, 'get', '-o', 'json', ...what]));
}

/** Writes objects, replacing existing ones. */
export function apply(project: string, ...objects: object[]): void {
  const list = { apiVersion: 'v1', kind: 'List', items: objects };
  kubectl(['-n', project, 'apply', '-f', '-'], JSON.stringify(list));
}

/** Deletes the leftovers of earlier tests in a project. */
export function clear(project: string): void {
  kubectl(['-n', project, 'delete', 'resourcequotas,jobs,configmaps', '--all', '--wait=true']);
  kubectl(['-n', project, 'delete', 'pods', '--all', '--force', '--grace-period=0', '--wait=true']);
}

export type JobOptions = { image?: string; command?: string; spec?: object; pod?: object; container?: object; annotations?: Record<string, string> };

/** Returns a Job with one container that runs a shell command, without retries. */
export function job(name: string, options: JobOptions = {}): any {
  const { image = 'busybox:1.36', command = `echo hello from ${name}`, spec, pod, container, annotations } = options;
  const containers = [{ name: 'main', image, command: ['sh', '-c', command], ...container }];
  const template = { spec: { restartPolicy: 'Never', containers, ...pod } };
  return { apiVersion: 'batch/v1', kind: 'Job', metadata: { name, annotations }, spec: { backoffLimit: 0, ...spec, template } };
}

/** Returns a ResourceQuota. */
export function quota(hard: Record<string, string>): object {
  return { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'limit' }, spec: { hard } };
}

/** Waits until a Job has a condition, `Complete` or `Failed`. */
export function finished(project: string, name: string, condition = 'Complete'): void {
  kubectl(['-n', project, 'wait', `job/${name}`, `--for=condition=${condition}`, '--timeout=60s']);
}
