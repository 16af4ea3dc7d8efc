// Calls every server function and every stream directly: without a session, for another project, by a read-only
// user, and by one with permissions. The responses must match the table in docs/kubernetes.md.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Server } from '../../lib/server.ts';
import { apply, clear, finished, get, job, minor } from './cluster.ts';
import { expect, kubeconfig, test } from './people.ts';
import { type Answer, Session } from './session.ts';
import { cell, table } from './table.ts';

const root = join(import.meta.dirname, '../../..');
const page = join(root, 'docs/kubernetes.md');
/** Contained in all objects of the project `other`: no response may contain it. */
const marker = 'not-for-others';

type Call = (session: Session, project: string) => Promise<Answer>;
const call = (name: string, input: object = {}): Call => (session, project) => session.call(name, { project, ...input });
const open = (path: string, query: Record<string, string> = {}): Call => (session, project) => session.open(path, { project, ...query });

/** A change of the Job `kept`, identified as its page does. */
const change = (name: string, input: object = {}, several = false): Call => (session, project) => {
  const kept = { name: 'kept', uid: get(project, 'job', 'kept').metadata.uid };
  return session.call(name, { project, ...(several ? { jobs: [kept] } : { job: kept }), ...input });
};

/** The calls, by name. Reads come first, so that they do not depend on changes. */
const calls: Record<string, Call> = {
  workspace: (session) => session.call('workspace', {}),
  clusters: (session) => session.call('clusters', {}),
  sessions: (session) => session.call('sessions', {}),
  jobs: call('jobs'),
  'matching-jobs': call('matching-jobs'),
  job: call('job', { name: 'kept' }),
  manifest: call('manifest', { name: 'kept' }),
  offers: call('offers'),
  rights: call('rights'),
  '/cluster/schema': open('/cluster/schema'),
  '/stream/jobs': open('/stream/jobs'),
  '/stream/job': open('/stream/job', { name: 'kept' }),
  '/stream/logs': open('/stream/logs', { job: 'kept' }),
  '/download/log': open('/download/log', { job: 'kept' }),
  '/cluster/schema': open('/cluster/schema'),
  create: call('create', { text: JSON.stringify(job('made')), dry_run: false, done: [] }),
  rerun: change('rerun'),
  suspend: change('suspend', { suspend: true }),
  describe: change('describe', { change: { alias: { from: '', to: 'changed' }, description: null } }),
  delete: change('delete', {}, true),
};

/** The state of everything that could have been changed. */
const state = (project: string) => get(project, 'jobs,configmaps,secrets,pods').items.map((item: any) => [item.kind, item.metadata.name, item.metadata.resourceVersion]);

test('all calls of the console are covered', () => {
  const read = (path: string) => readFileSync(join(root, path), 'utf8');
  const functions = [...read('app/src/api/calls.rs').matchAll(/endpoint = "([\w-]+)"/g)].map((match) => match[1]);
  const routes = read('server/src/web/router.rs').match(/let streams = [^;]*;/)?.[0] ?? '';
  const streams = [...routes.matchAll(/"(\/[^"]+)"/g)].map((match) => match[1]);
  expect(Math.min(functions.length, streams.length)).toBeGreaterThan(3);
  expect(Object.keys(calls).sort()).toEqual([...functions, ...streams].sort());
});

test('access matches the cluster’s permissions and the documented table', async () => {
  for (const project of ['demo', 'other']) {
    clear(project);
    apply(project, job('kept', { command: `echo ${project === 'other' ? marker : 'a line'}`, annotations: project === 'other' ? { note: marker } : {} }));
    finished(project, 'kept');
  }
  apply('other', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: marker }, data: { [marker]: marker } });
  const developer = await Server.start({ kubeconfig: kubeconfig('developer') });
  const viewer = await Server.start({ kubeconfig: kubeconfig('viewer') });
  try {
    const columns: [string, Session, string][] = [
      ['no session', await Session.none(developer), 'demo'],
      ['another project', await Session.begin(developer), 'other'],
      ['read-only', await Session.begin(viewer), 'demo'],
      ['may use Jobs', await Session.begin(developer), 'demo'],
    ];
    const rows = new Map(Object.keys(calls).map((name) => [name, [] as string[]]));
    for (const [column, session, project] of columns) {
      const before = { demo: state('demo'), other: state('other') };
      for (const [name, ask] of Object.entries(calls)) {
        const answer = await ask(session, project);
        expect(answer.text, `${name}, ${column}`).not.toContain(marker);
        rows.get(name)?.push(cell(answer));
      }
      if (column === 'may use Jobs') expect(state('demo')).not.toEqual(before.demo);
      else expect(state('demo'), column).toEqual(before.demo);
      expect(state('other'), column).toEqual(before.other);
    }
    for (const [name, [nobody, elsewhere]] of rows) {
      expect(nobody, name).toBe('401 signedOut');
      // These contain nothing of a forbidden project: the user's projects and sessions, the kubeconfig's contexts, an
      // empty offer, the schema.
      if (!['workspace', 'clusters', 'sessions', 'offers', 'rights', '/cluster/schema'].includes(name)) expect(elsewhere, name).toContain('forbidden');
    }
    // The documented table is that of a cluster that can suspend Jobs; one without the field refuses it.
    const suspended = rows.get('suspend');
    if (minor() < 21 && suspended?.[3] === '422 invalid') suspended[3] = '200 done';
    const found = table(columns.map(([name]) => name), rows);
    const text = readFileSync(page, 'utf8');
    const documented = /(?<=<!-- access -->\n)[^]*(?=<!-- end of access -->)/;
    // E2E_WRITE=1 updates the table instead.
    if (process.env.E2E_WRITE) writeFileSync(page, text.replace(documented, () => found));
    else expect(text.match(documented)?.[0]).toBe(found);
  } finally {
    await developer.stop();
    await viewer.stop();
  }
});
