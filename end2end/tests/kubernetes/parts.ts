// Stops and starts components of the cluster (scripts/cluster); only of clusters started by those scripts.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { kubeconfig } from './people.ts';

export type Part = 'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler' | 'containerd' | 'kubelet';

const folder = () => dirname(kubeconfig('admin'));
const pids = () => join(folder(), 'state/pids');

/** Reports whether the cluster was started by this project's scripts. */
export const known = () => existsSync(pids());

/** Kills a component, like a crash. */
export function kill(part: Part): void {
  const [pid] = readFileSync(join(pids(), part), 'utf8').split(' ');
  process.kill(Number(pid), 'SIGKILL');
}

/** Starts stopped components, and waits until the cluster is ready. */
export function restore(): void {
  const script = join(import.meta.dirname, '../../../scripts/cluster/up.sh');
  const env = { ...process.env, JOBWRIGHT_KUBERNETES: dirname(folder()) };
  execFileSync(script, [basename(folder())], { env, stdio: 'ignore' });
}
