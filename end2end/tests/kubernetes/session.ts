// A client of the console that behaves like a browser, with or without a session cookie.
import type { Server } from '../../lib/server.ts';

/** A response of the console: its status and its body (of a stream, the first event). */
export type Answer = { status: number; text: string };

export class Session {
  private constructor(
    private readonly origin: string,
    private readonly cookie: string,
  ) {}

  /** Signs in with the most recent URL. */
  static async begin(server: Server): Promise<Session> {
    const address = await server.address();
    const response = await fetch(address, { redirect: 'manual' });
    const [cookie] = response.headers.getSetCookie().map((line) => line.split(';')[0]);
    if (!cookie) throw new Error(`no cookie: ${response.status}`);
    return new Session(new URL(address).origin, cookie);
  }

  /** Without a session. */
  static async none(server: Server): Promise<Session> {
    return new Session(new URL(await server.address()).origin, '');
  }

  /** Calls a server function. */
  async call(name: string, input: object): Promise<Answer> {
    const headers = { ...this.headers(), 'content-type': 'application/json' };
    const response = await fetch(`${this.origin}/api/${name}`, { method: 'POST', headers, body: JSON.stringify(input), redirect: 'manual' });
    return { status: response.status, text: await response.text() };
  }

  /** Opens a stream or a download; reads up to the first event or the end. */
  async open(path: string, query: Record<string, string>): Promise<Answer> {
    const leave = new AbortController();
    const response = await fetch(`${this.origin}${path}?${new URLSearchParams(query)}`, { headers: this.headers(), signal: leave.signal, redirect: 'manual' });
    const events = response.headers.get('content-type')?.startsWith('text/event-stream');
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      if (events && text.includes('\n\n')) break;
    }
    leave.abort();
    return { status: response.status, text };
  }

  private headers(): Record<string, string> {
    return this.cookie ? { cookie: this.cookie } : {};
  }
}
