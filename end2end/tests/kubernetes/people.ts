// The console as one of the cluster's people uses it (scripts/cluster/people.yaml): each has a kubeconfig, and so a
// console of their own.
import { dirname, join } from 'node:path';
import { Server } from '../../lib/server.ts';
import { test as base } from '../../lib/test.ts';

/**
 * `admin` may do everything, `developer` may use Jobs of the project demo, `viewer` may read that project, `observer`
 * only its Jobs and Pods, with a kubeconfig that names no project.
 */
export type Person = 'admin' | 'developer' | 'viewer' | 'observer';

/** The others' kubeconfigs lie beside the administrator's. */
export function kubeconfig(person: Person): string {
  const admin = process.env.E2E_KUBECONFIG;
  if (!admin) throw new Error('E2E_KUBECONFIG names no kubeconfig');
  return join(dirname(admin), `${person}.kubeconfig`);
}

export const test = base.extend<object, { person: Person; server: Server }>({
  person: ['admin', { option: true, scope: 'worker' }],
  server: [
    async ({ person }, use) => {
      const server = await Server.start({ kubeconfig: kubeconfig(person) });
      await use(server);
      await server.stop();
    },
    { scope: 'worker' },
  ],
});

export { expect } from '@playwright/test';
