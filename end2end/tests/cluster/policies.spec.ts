// A Job with fields that other consoles' forms lack, created with the form only and accepted by the cluster's dry
// run.
import { expect, signIn, test } from '../../lib/test.ts';
import { manifest, open } from '../../lib/wizard.ts';

const expected = `apiVersion: batch/v1
kind: Job
metadata:
  name: by-form
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: part
          image: busybox:1.36
          imagePullPolicy: IfNotPresent
          readinessProbe:
            grpc:
              port: 9000
          volumeMounts:
            - name: volume-1
              mountPath: /in
      volumes:
        - name: volume-1
          projected:
            sources:
              - downwardAPI:
                  items:
                    - path: labels
                      fieldRef:
                        fieldPath: metadata.labels
      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: topology.kubernetes.io/zone
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels: {}
  completions: 4
  parallelism: 2
  completionMode: Indexed
  backoffLimitPerIndex: 1
  maxFailedIndexes: 2
  podFailurePolicy:
    rules:
      - action: FailIndex
        onExitCodes:
          operator: In
          values:
            - 42
      - action: Ignore
        onPodConditions:
          - type: DisruptionTarget
            status: "True"
  successPolicy:
    rules:
      - succeededIndexes: "0,2"
`;

test('policies, probes, projected volumes and topology spread are set in the form', async ({ page, server, origin }) => {
  await signIn(page, server);
  await open(page, origin, 'demo');
  const version = (await page.locator('.bar [title^="v1."]').getAttribute('title')) ?? '';
  const minor = Number(version.match(/^v1\.(\d+)/)?.[1]);
  if (minor < 31) {
    // On an older cluster, the fields are visible but disabled, and show the version they require.
    await page.getByRole('button', { name: /Job settings/ }).click();
    await page.locator('summary', { hasText: 'Back-off per index' }).click();
    await expect(page.getByText('Backoff limit per index: needs Kubernetes 1.29 or newer')).toBeVisible();
    return;
  }
  const step = (name: string) => page.getByRole('button', { name: new RegExp(name) }).click();
  const fold = (name: string) => page.locator('summary', { hasText: name }).first().click();
  await page.getByLabel('Name', { exact: true }).fill('by-form');

  await step('Pod template');
  await page.getByRole('button', { name: 'Add container', exact: true }).click();
  await page.getByLabel('Container name').fill('part');
  await page.getByLabel('Image', { exact: true }).fill('busybox:1.36');
  await fold('Advanced options');
  await fold('Health checks');
  await page.getByLabel('Readiness probe').selectOption('gRPC health check');
  await page.locator('[id$="readinessProbe-grpc-port"]').fill('9000');

  await step('Volumes');
  await fold('More kinds of volume');
  await page.getByRole('button', { name: 'Add projected volume' }).click();
  await page.getByRole('button', { name: 'Fields of the Pod', exact: true }).click();
  await page.getByRole('button', { name: 'Add field', exact: true }).click();
  await page.getByRole('button', { name: 'Mount in part' }).click();
  await page.getByLabel('Mount path').fill('/in');

  await step('Node selector');
  await fold('Topology spread');
  await page.getByRole('button', { name: 'Add spread constraint' }).click();

  await step('Job settings');
  await page.getByLabel('Completions').fill('4');
  await page.getByLabel('Parallelism').fill('2');
  await fold('More settings');
  await page.getByLabel('Completion mode').selectOption('Indexed');
  await fold('Back-off per index');
  await page.getByLabel('Backoff limit per index').fill('1');
  await page.getByLabel('Max failed indexes').fill('2');
  await fold('Pod failure policy');
  await page.getByRole('button', { name: 'Add a rule by exit code' }).click();
  await page.getByRole('group', { name: 'Failure rule 1' }).getByLabel('Action').selectOption('FailIndex');
  await page.getByLabel('Exit codes 1', { exact: true }).fill('42');
  await page.getByRole('button', { name: 'Add a rule by Pod condition' }).click();
  await fold('Success policy');
  await page.getByRole('button', { name: 'Add success rule' }).click();
  await page.getByLabel('Indexes', { exact: true }).fill('0,2');
  await page.getByLabel('Succeeded count').fill('');

  expect(await manifest(page)).toBe(expected);
  await expect(page.getByText('The cluster accepts this')).toBeVisible();
  await page.getByRole('button', { name: 'Review', exact: true }).click();
  await expect(page.getByRole('heading', { name: /Job by-form/ })).toContainText('would be created');
  await expect(page.locator('.review-added').filter({ hasText: 'suspend: false' })).toBeVisible();
});
