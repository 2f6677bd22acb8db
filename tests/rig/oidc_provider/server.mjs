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
  async findByUid() {}
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

// A token for the resource urn:test:RS256 or urn:test:ES256 is a JWT; other tokens are opaque.
function resource(identifier) {
  const alg = identifier.split(':')[2];
  const structured = { accessTokenFormat: 'jwt', jwt: { sign: { alg } } };
  return { scope: 'read write', audience: identifier, accessTokenTTL: 600, ...structured };
}

function provider() {
  return new Provider(issuer, {
    adapter: Storage,
    clients: [client('app', ['client_credentials']), client('other', ['client_credentials']), client('gateway', [])],
    cookies: { keys: ['test'] },
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
    scopes: ['read', 'write'],
    ttl: { ClientCredentials: 600 },
  }).callback();
}

let answer = provider();
createServer((request, response) => {
  if (request.method === 'POST' && request.url === '/rotate') {
    answer = provider();
    response.end('rotated');
  } else {
    answer(request, response);
  }
}).listen(Number(port), '127.0.0.1', () => console.log('ready'));
