// Consoles for the cluster's users (scripts/cluster/people.yaml): each user has a kubeconfig, and therefore a
// console of their own.
import { dirname, join } from 'node:path';
import { Server } from '../../lib/server.ts';
import { test as base } from '../../lib/test.ts';

/**
 * `admin` has full access, `developer` may use Jobs of the project demo, `viewer` may read that project, and `observer`
 * only its Jobs and Pods, with a kubeconfig without a default namespace.
 */
export type Person = 'admin' | 'developer' | 'viewer' | 'observer';

/** The kubeconfigs are in the directory of the administrator's. */
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
