// The cluster itself, as its administrator sees it: what a test needs there, and what became of it.
import { execFileSync } from 'node:child_process';
import { kubeconfig } from './people.ts';

/** Runs kubectl as the administrator; what it prints. */
export function kubectl(args: string[], input?: string): string {
  return execFileSync('kubectl', ['--kubeconfig', kubeconfig('admin'), ...args], { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] });
}

/** 20 of Kubernetes 1.20. */
export const minor = () => Number.parseInt(JSON.parse(kubectl(['version', '-o', 'json'])).serverVersion.minor, 10);

/** One object, or a list of them. */
export function get(project: string, ...what: string[]): any {
  return JSON.parse(kubectl(['-n', project, 'get', '-o', 'json', ...what]));
}

/** Writes objects as they are, whatever was there before. */
export function apply(project: string, ...objects: object[]): void {
  const list = { apiVersion: 'v1', kind: 'List', items: objects };
  kubectl(['-n', project, 'apply', '-f', '-'], JSON.stringify(list));
}

/** Nothing of earlier tests is left in a project. */
export function clear(project: string): void {
  kubectl(['-n', project, 'delete', 'resourcequotas,jobs,configmaps', '--all', '--wait=true']);
  kubectl(['-n', project, 'delete', 'pods', '--all', '--force', '--grace-period=0', '--wait=true']);
}

export type JobOptions = { image?: string; command?: string; spec?: object; pod?: object; container?: object; annotations?: Record<string, string> };

/** A Job of one container that runs a shell line, and is not tried again. */
export function job(name: string, options: JobOptions = {}): any {
  const { image = 'busybox:1.36', command = `echo hello from ${name}`, spec, pod, container, annotations } = options;
  const containers = [{ name: 'main', image, command: ['sh', '-c', command], ...container }];
  const template = { spec: { restartPolicy: 'Never', containers, ...pod } };
  return { apiVersion: 'batch/v1', kind: 'Job', metadata: { name, annotations }, spec: { backoffLimit: 0, ...spec, template } };
}

/** A resource quota. */
export function quota(hard: Record<string, string>): object {
  return { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'limit' }, spec: { hard } };
}

/** Waits until a Job has a condition, `Complete` or `Failed`. */
export function finished(project: string, name: string, condition = 'Complete'): void {
  kubectl(['-n', project, 'wait', `job/${name}`, `--for=condition=${condition}`, '--timeout=60s']);
}
