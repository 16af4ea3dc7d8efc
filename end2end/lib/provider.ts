// An OpenID Connect provider on loopback. Every name signs in, with any password; the groups follow from the name.
import { createServer, type Server as Listener } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider from 'oidc-provider';

export class IdentityProvider {
  private constructor(
    private readonly listener: Listener,
    readonly issuer: string,
  ) {}

  /** Starts a provider with one public client, `jobwright`, whose users return to a console at `origin`. */
  static async start(origin: string, groups: (user: string) => string[], secondsPerToken = 3600): Promise<IdentityProvider> {
    const listener = createServer();
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    const issuer = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
    const provider = new Provider(issuer, {
      clients: [
        {
          client_id: 'jobwright',
          token_endpoint_auth_method: 'none',
          redirect_uris: [`${origin}/sign-in/callback`],
          post_logout_redirect_uris: [`${origin}/sign-in`],
          grant_types: ['authorization_code', 'refresh_token'],
        },
      ],
      cookies: { keys: ['only for tests'] },
      // The claims are in the ID token, as Kubernetes needs them.
      conformIdTokenClaims: false,
      claims: { openid: ['sub', 'groups'] },
      findAccount: (_context: unknown, sub: string) => ({ accountId: sub, claims: () => ({ sub, groups: groups(sub) }) }),
      ttl: { IdToken: secondsPerToken, AccessToken: 3600, Grant: 3600, Interaction: 600, Session: 3600, RefreshToken: 3600 },
      // A refresh token for every user, as many providers give one.
      issueRefreshToken: async () => true,
      rotateRefreshToken: true,
    });
    listener.on('request', provider.callback());
    return new IdentityProvider(listener, issuer);
  }

  async stop(): Promise<void> {
    this.listener.closeAllConnections();
    await new Promise((resolve) => this.listener.close(resolve));
  }
}
