import { existsSync } from 'node:fs';
import { defineConfig } from '@playwright/test';

// Debian's Chromium, that without windows if possible, or the one named by CHROMIUM; Playwright's download is never used.
const chromium = process.env.CHROMIUM ?? ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium', '/usr/bin/google-chrome'].find(existsSync);

export default defineConfig({
  outputDir: 'test-results',
  fullyParallel: false,
  // Each worker has a console of its own; a real cluster is shared by all tests.
  workers: process.env.E2E_KUBECONFIG ? 1 : 2,
  forbidOnly: !!process.env.CI,
  reporter: [['list']],
  timeout: 60_000,
  use: {
    viewport: { width: 1440, height: 900 },
    // A trace doubles the time of a test: TRACE=1 makes one for those that fail.
    trace: process.env.TRACE ? 'retain-on-failure' : 'off',
    screenshot: 'only-on-failure',
    launchOptions: {
      executablePath: chromium,
      args: [
        '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
        '--disable-component-update', '--disable-sync',
      ],
    },
  },
  projects: [
    // Without a cluster, or while it is down.
    { name: 'console', testDir: 'tests/console' },
    // With a cluster: the embedded playground, or the one of the kubeconfig in E2E_KUBECONFIG.
    { name: 'cluster', testDir: 'tests/cluster', timeout: 180_000 },
    // The same below a path of its host, behind a reverse proxy.
    { name: 'sub-path', testDir: 'tests', testMatch: ['sub_path/*.spec.ts', 'cluster/pi.spec.ts'], timeout: 180_000 },
    // Requires a cluster with a kubelet and several users (docs/kubernetes.md).
    ...(process.env.E2E_KUBECONFIG ? [{ name: 'kubernetes', testDir: 'tests/kubernetes', timeout: 180_000 }] : []),
  ],
});
