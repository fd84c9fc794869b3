/** A query, a subscription, errors of both kinds and both ways to end, over named imports of `ws`. */

import { once } from 'node:events';
import {
  GraphQLObjectType,
  GraphQLInt,
  GraphQLNonNull,
  GraphQLSchema,
  GraphQLString
} from 'graphql';
import { CloseCode, createClient } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import WebSocket, { WebSocketServer } from 'ws';
import trace from './trace.js';

const say = trace.side('client');
const sayServer = trace.side('server');
const text = { type: GraphQLString };

const schema = new GraphQLSchema({
  query: new GraphQLObjectType({
    name: 'Query',
    fields: {
      greeting: { ...text, args: { name: text }, resolve: (_, { name }) => `hello, ${name}` },
      wrong: {
        ...text,
        resolve() {
          throw new Error('wrong');
        }
      }
    }
  }),
  subscription: new GraphQLObjectType({
    name: 'Subscription',
    fields: {
      count: {
        type: GraphQLInt,
        args: { to: { type: new GraphQLNonNull(GraphQLInt) } },
        async *subscribe(_, { to }) {
          try {
            for (let count = 1; count <= to; count++) yield { count };
          } finally {
            sayServer('subscription ends');
          }
        }
      }
    }
  })
});

const wss = new WebSocketServer({ host: '127.0.0.1', path: '/graphql', port: 0 });
const cleanup = useServer(
  {
    schema,
    onConnect({ connectionParams, extra }) {
      sayServer('connect', connectionParams, extra.socket.protocol, extra.request.url);
      return connectionParams?.key === 'right';
    },
    onDisconnect: (_, code, reason) => sayServer('disconnect', code, reason)
  },
  wss
);
await once(wss, 'listening');
const url = `ws://127.0.0.1:${wss.address().port}/graphql`;

const options = { retryAttempts: 0, url, webSocketImpl: WebSocket };
const client = createClient({
  ...options,
  connectionParams: { key: 'right' },
  lazy: false,
  onNonLazyError: (event) => say('lost', event.code)
});
client.on('closed', (event) => say('closed', event.code, event.reason, event.wasClean));

const all = async (query, variables) => {
  const results = [];
  for await (const result of client.iterate({ query, variables })) results.push(result);
  return JSON.stringify(results);
};

say(await all('query ($name: String) { greeting(name: $name) }', { name: 'ü' }));
say(await all('{ wrong }'));
say(await all('{ unknown }').catch((errors) => errors[0].message));
say(await all('subscription { count(to: 50) }'));
for await (const { data } of client.iterate({ query: 'subscription { count(to: 1000000) }' })) {
  if (data.count === 3) break;
}
say('stopped');

const refused = createClient({ ...options, connectionParams: { key: 'false' } });
const [event] = await Promise.all([
  new Promise((resolve) => refused.on('closed', resolve)),
  new Promise((resolve) => {
    refused.subscribe({ query: '{ greeting }' }, { next() {}, error: resolve, complete: resolve });
  })
]);
say(event.code === CloseCode.Forbidden, event.reason);

const [err] = await once(new WebSocket(url, 'graphql-ws'), 'error');
say('another subprotocol', err.message);

const closed = new Promise((resolve) => client.on('closed', resolve));
await cleanup.dispose();
await closed;
wss.close();
