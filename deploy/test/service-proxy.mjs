// service-proxy.mjs KUBECONFIG TARGET...: what kube-proxy does, as far as the test cluster needs it, which has none. A
// target is IP:PORT=HOST:PORT, or NAMESPACE/SERVICE, whose ready endpoints take turns. Gives the loopback device the
// addresses, and removes them at the end. Prints "ready" once there is an endpoint of each Service.
import { execFileSync, spawn } from 'node:child_process';
import { createServer, connect } from 'node:net';
import { createInterface } from 'node:readline';

const [kubeconfig, ...targets] = process.argv.slice(2);
const addresses = new Set();

function address(ip, add) {
  try {
    execFileSync('ip', ['address', add ? 'add' : 'delete', `${ip}/32`, 'dev', 'lo'], { stdio: 'ignore' });
    addresses[add ? 'add' : 'delete'](ip);
  } catch {
    // Left by an earlier run, or removed already.
  }
}

function forward(ip, port, target) {
  address(ip, true);
  const server = createServer((client) => {
    const to = target();
    if (!to) return client.destroy();
    const backend = connect(to);
    client.pipe(backend).pipe(client);
    client.on('error', () => backend.destroy());
    backend.on('error', () => client.destroy());
  });
  return new Promise((resolve, reject) => server.on('error', reject).listen(port, ip, resolve));
}

/** Follows the endpoints of a Service; once one is ready, resolves to a function that picks the next. */
function endpoints(namespace, name, portName) {
  const slices = new Map();
  const arguments_ = ['--kubeconfig', kubeconfig, '-n', namespace, 'get', 'endpointslices', '-l',
    `kubernetes.io/service-name=${name}`, '--watch', '--output-watch-events', '-o', 'json'];
  const watch = spawn('kubectl', arguments_, { stdio: ['ignore', 'pipe', 'inherit'] });
  process.on('exit', () => watch.kill());
  const lines = createInterface({ input: watch.stdout });
  lines.on('line', (line) => {
    const { type, object } = JSON.parse(line);
    if (type === 'DELETED') slices.delete(object.metadata.name);
    else slices.set(object.metadata.name, object);
  });
  let turn = 0;
  const next = () => {
    const ready = [...slices.values()].flatMap((slice) => {
      const { port } = slice.ports.find((port) => port.name === portName) ?? {};
      return (slice.endpoints ?? []).filter(({ conditions }) => conditions.ready).map(({ addresses: [host] }) => ({ host, port }));
    });
    return ready[turn++ % ready.length];
  };
  return new Promise((resolve) => lines.on('line', () => next() && resolve(next)));
}

process.on('exit', () => [...addresses].forEach((ip) => address(ip, false)));
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit());
for (const target of targets) {
  const fixed = /^(.*):(\d+)=(.*):(\d+)$/.exec(target);
  if (fixed) {
    await forward(fixed[1], Number(fixed[2]), () => ({ host: fixed[3], port: Number(fixed[4]) }));
    continue;
  }
  const [namespace, name] = target.split('/');
  const { spec } = JSON.parse(execFileSync('kubectl', ['--kubeconfig', kubeconfig, '-n', namespace, 'get', 'service', name, '-o', 'json']));
  for (const { name: portName, port } of spec.ports) await forward(spec.clusterIP, port, await endpoints(namespace, name, portName));
}
console.log('ready');
