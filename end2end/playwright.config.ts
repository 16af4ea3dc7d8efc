import { existsSync } from 'node:fs';
import { defineConfig } from '@playwright/test';

// Debian's Chromium, or what CHROMIUM names; Playwright's own download is never used.
const chromium = process.env.CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/google-chrome'].find(existsSync);

export default defineConfig({
  outputDir: 'test-results',
  fullyParallel: false,
  workers: 1,
  forbidOnly: !!process.env.CI,
  reporter: [['list']],
  timeout: 60_000,
  use: {
    viewport: { width: 1440, height: 900 },
    trace: 'retain-on-failure',
    launchOptions: {
      executablePath: chromium,
      args: [
        '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
        '--disable-component-update', '--disable-sync',
      ],
    },
  },
  projects: [
    // What the console does by itself, and while its cluster is down.
    { name: 'console', testDir: 'tests/console' },
    // Whole walks: on the embedded playground, or on the cluster whose kubeconfig stands in E2E_KUBECONFIG.
    { name: 'cluster', testDir: 'tests/cluster', timeout: 180_000 },
    // What only a cluster with a kubelet and with people can show (docs/kubernetes.md).
    ...(process.env.E2E_KUBECONFIG ? [{ name: 'kubernetes', testDir: 'tests/kubernetes', timeout: 180_000 }] : []),
  ],
});
