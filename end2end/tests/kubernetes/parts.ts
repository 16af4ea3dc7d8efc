// The cluster's own parts, to be ended and started again (scripts/cluster); only of a cluster that those scripts started.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { kubeconfig } from './people.ts';

export type Part = 'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler' | 'containerd' | 'kubelet';

const folder = () => dirname(kubeconfig('admin'));
const pids = () => join(folder(), 'state/pids');

/** The cluster was started by the scripts of this project. */
export const known = () => existsSync(pids());

/** Ends a part as a crash would. */
export function kill(part: Part): void {
  const [pid] = readFileSync(join(pids(), part), 'utf8').split(' ');
  process.kill(Number(pid), 'SIGKILL');
}

/** Starts what has ended, and waits until all works. */
export function restore(): void {
  const script = join(import.meta.dirname, '../../../scripts/cluster/up.sh');
  const env = { ...process.env, JOBWRIGHT_KUBERNETES: dirname(folder()) };
  execFileSync(script, [basename(folder())], { env, stdio: 'ignore' });
}
