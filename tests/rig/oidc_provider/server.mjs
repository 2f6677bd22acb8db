// Runs oidc-provider on loopback: node server.mjs PORT DIRECTORY_OF_NODE_MODULES
//
// POST /rotate replaces the signing keys. Tokens and their state stay.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { pathToFileURL } from 'node:url';

const [port, modules] = process.argv.slice(2);
const found = createRequire(`${modules}/package.json`).resolve('oidc-provider');
const { Provider } = await import(pathToFileURL(found));

const issuer = `http://127.0.0.1:${port}`;
const stored = new Map();

// Keeps tokens, so that a new provider with new keys knows them too.
class Storage {
  constructor(kind) { this.kind = kind; }
  name(id) { return `${this.kind}:${id}`; }
  async upsert(id, payload) { stored.set(this.name(id), payload); }
  async find(id) { return stored.get(this.name(id)); }
  async destroy(id) { stored.delete(this.name(id)); }
  async consume(id) { stored.get(this.name(id)).consumed = Math.floor(Date.now() / 1000); }
  async findByUid(uid) { return [...stored.values()].find((payload) => payload.uid === uid); }
  async findByUserCode() {}
  async revokeByGrantId() {}
}

function signingKey(kind, options, alg) {
  const { privateKey } = generateKeyPairSync(kind, options);
  return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg };
}

function client(id, uses) {
  return {
    client_id: id,
    client_secret: `${id}-secret`,
    grant_types: uses,
    redirect_uris: [],
    response_types: [],
    scope: 'read write',
  };
}

// The control plane's console, on any port of loopback.
const consoleClient = {
  ...client('console', ['authorization_code']),
  application_type: 'native',
  redirect_uris: ['http://127.0.0.1/login/callback'],
  response_types: ['code'],
  scope: 'openid profile email',
};

// Who types `ann+shop+ops` as a login is `ann`, now in the groups shop and ops. There are no passwords.
const groupsOf = new Map();
function loggedIn(login) {
  const [name, ...groups] = login.split('+');
  groupsOf.set(name, groups);
  return name;
}

function account(name) {
  const groups = groupsOf.get(name) ?? [];
  const claims = { sub: name, preferred_username: name, email: `${name}@example.test`, groups };
  return { accountId: name, claims: async () => claims };
}

// A token for the resource urn:test:RS256 or urn:test:ES256 is a JWT; other tokens are opaque.
function resource(identifier) {
  const alg = identifier.split(':')[2];
  const structured = { accessTokenFormat: 'jwt', jwt: { sign: { alg } } };
  return { scope: 'read write', audience: identifier, accessTokenTTL: 600, ...structured };
}

function newProvider() {
  return new Provider(issuer, {
    adapter: Storage,
    clients: [client('app', ['client_credentials']), client('other', ['client_credentials']), client('gateway', []), consoleClient],
    claims: { profile: ['preferred_username', 'groups'], email: ['email'] },
    cookies: { keys: ['test'] },
    findAccount: (_, id) => account(id),
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      introspection: { enabled: true },
      resourceIndicators: { enabled: true, getResourceServerInfo: (_, identifier) => resource(identifier) },
      revocation: { enabled: true },
    },
    jwks: {
      keys: [
        signingKey('rsa', { modulusLength: 2048 }, 'RS256'),
        signingKey('ec', { namedCurve: 'P-256' }, 'ES256'),
      ],
    },
    pkce: { required: () => true },
    scopes: ['openid', 'read', 'write'],
    ttl: { AccessToken: 600, ClientCredentials: 600, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
  });
}

// Asks who logs in, and consents to everything. The login `cancel` cancels.
async function interact(provider, request, response) {
  const { prompt, params, session } = await provider.interactionDetails(request, response);
  if (prompt.name === 'consent') {
    const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
    grant.addOIDCScope(params.scope);
    const consent = { grantId: await grant.save() };
    await provider.interactionFinished(request, response, { consent }, { mergeWithLastSubmission: true });
  } else if (request.method === 'POST') {
    let body = '';
    for await (const part of request) body += part;
    const login = new URLSearchParams(body).get('login');
    const accepted = () => ({ login: { accountId: loggedIn(login) } });
    const result = login === 'cancel' ? { error: 'access_denied' } : accepted();
    await provider.interactionFinished(request, response, result);
  } else {
    response.setHeader('content-type', 'text/html');
    response.end('<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>Identity provider</title><form method="post">'
      + '<label>Login <input name="login"></label><button>Continue</button></form></html>');
  }
}

let provider = newProvider();
createServer((request, response) => {
  if (request.method === 'POST' && request.url === '/rotate') {
    provider = newProvider();
    response.end('rotated');
  } else if (request.url.startsWith('/interaction/')) {
    interact(provider, request, response).catch((error) => {
      console.error(error);
      response.writeHead(400).end(String(error));
    });
  } else {
    provider.callback()(request, response);
  }
}).listen(Number(port), '127.0.0.1', () => console.log('ready'));
