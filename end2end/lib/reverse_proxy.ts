// An HTTP reverse proxy that gives the console one path of a host, like an Ingress: it passes the whole path on, and
// everything else on the host is somebody else's.
import { createServer, request, type Server as Listener } from 'node:http';
import type { AddressInfo } from 'node:net';

export class ReverseProxy {
  /** Port of the console. */
  upstream = 0;

  private constructor(
    private readonly listener: Listener,
    private readonly path: string,
  ) {}

  static async start(path: string): Promise<ReverseProxy> {
    const listener = createServer();
    const proxy = new ReverseProxy(listener, path);
    listener.on('request', (incoming, outgoing) => {
      const url = incoming.url ?? '';
      if (url !== path && !url.startsWith(`${path}/`) && !url.startsWith(`${path}?`)) {
        outgoing.writeHead(404, { 'content-type': 'text/plain' }).end('This is not the console.\n');
        return;
      }
      const headers = { ...incoming.headers, 'x-forwarded-for': incoming.socket.remoteAddress };
      const options = { host: '127.0.0.1', port: proxy.upstream, path: url, method: incoming.method, headers };
      const forwarded = request(options, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
        answer.pipe(outgoing);
      });
      forwarded.on('error', () => outgoing.destroy());
      outgoing.on('close', () => forwarded.destroy());
      incoming.pipe(forwarded);
    });
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  /** The console's public URL. */
  get url(): string {
    return `http://127.0.0.1:${(this.listener.address() as AddressInfo).port}${this.path}/`;
  }

  stop(): void {
    this.listener.closeAllConnections();
    this.listener.close();
  }
}

/** Returns a port that is free now. */
export async function freePort(): Promise<number> {
  const listener = createServer();
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address() as AddressInfo;
  await new Promise((resolve) => listener.close(resolve));
  return port;
}
