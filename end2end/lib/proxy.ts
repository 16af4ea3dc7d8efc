// A TCP proxy in front of the console that can stop forwarding without closing connections, like suspended
// machines, VPNs and NAT.
import { type AddressInfo, connect, createServer, type Server as Listener, type Socket } from 'node:net';

export class Proxy {
  private silent = false;
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly listener: Listener) {}

  static async start(port: number): Promise<Proxy> {
    const listener = createServer();
    const proxy = new Proxy(listener);
    listener.on('connection', (client) => {
      const upstream = connect(port, '127.0.0.1');
      for (const [from, to] of [[client, upstream], [upstream, client]]) {
        proxy.sockets.add(from);
        from.on('data', (data) => proxy.silent || to.write(data));
        from.on('close', () => to.destroy());
        from.on('error', () => to.destroy());
      }
    });
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.listener.address() as AddressInfo).port;
  }

  /** Stops forwarding; connections stay open, and new ones are accepted. */
  swallow(): void {
    this.silent = true;
  }

  /** Resumes forwarding for new connections; earlier ones stay dead. */
  restore(): void {
    for (const socket of this.sockets) socket.pause();
    this.silent = false;
  }

  stop(): void {
    for (const socket of this.sockets) socket.destroy();
    this.listener.close();
  }
}
