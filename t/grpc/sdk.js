// Layotto's own SDK, and grpc-js with Layotto's own definition, against tickrd. Prints TAP.
//
//	sdk.js MODULES PORT UNIX_PATH
const path = require('path');

const [modules, port, unixPath] = process.argv.slice(2);
const load = name => require(path.join(modules, name));
process.env.runtime_GRPC_PORT = port;
const { Client } = load('layotto');
const grpc = load('@grpc/grpc-js');
const protoLoader = load('@grpc/proto-loader');

let count = 0;
let failed = 0;

function is(found, expected, name) {
  count += 1;
  const isGood = String(found) === String(expected);
  if (!isGood) failed += 1;
  console.log(`${isGood ? '' : 'not '}ok ${count} - ${name}`);
  if (!isGood) console.log(`# found ${found}, expected ${expected}`);
}

const codeOf = promise => promise.then(() => 0, error => error.code);

async function trySdk(client, name, key) {
  const strong = { storeName: 'tickr', key, options: { increment: 1 } };
  const weak = { storeName: 'tickr', key: `${key} weak` };
  is(await client.sequencer.getNextId(strong), '1', `${name}: a new key begins at 1`);
  is(await client.sequencer.getNextId(strong), '2', `${name}: its next id is 2`);
  is(await client.sequencer.getNextId(weak), '1', `${name}: without options an id is weak`);
  const ids = await Promise.all(Array.from({ length: 500 }, () => client.sequencer.getNextId(strong)));
  is(new Set(ids).size, 500, `${name}: 500 calls together have 500 ids`);
  is(await codeOf(client.sequencer.getNextId({ storeName: 'tickr', key: '' })), 3, `${name}: no key is INVALID_ARGUMENT`);
  is(await codeOf(client.sequencer.getNextId({ storeName: 'none', key })), 3, `${name}: an unknown store is INVALID_ARGUMENT`);
  is(await codeOf(client.sequencer.getNextId({ storeName: 'tickr', key: 'a||b' })), 2, `${name}: two bars are UNKNOWN`);
  is(await codeOf(client.hello.sayHello()), 12, `${name}: another method is UNIMPLEMENTED`);
}

function tryDefinition() {
  const folder = path.join(modules, 'layotto/proto');
  const definition = protoLoader.loadSync('runtime/v1/runtime.proto', {
    includeDirs: [folder, path.join(folder, 'runtime/v1')], keepCase: true, longs: String, enums: String });
  const { Runtime } = grpc.loadPackageDefinition(definition).spec.proto.runtime.v1;
  const client = new Runtime(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
  const request = { store_name: 'tickr', key: 'by definition', options: { increment: 'STRONG' }, metadata: { a: 'b' } };
  return new Promise(resolve => client.GetNextId(request, (error, answer) => {
    is(error ? error.message : answer.next_id, '1', "grpc-js with Layotto's definition gets an id");
    resolve();
  }));
}

(async () => {
  await trySdk(new Client(port, '127.0.0.1'), 'TCP', 'tcp');
  await trySdk(new Client('', `unix://${unixPath}`), 'a Unix socket', 'unix');
  await tryDefinition();
  console.log(`1..${count}`);
  process.exit(failed > 0 ? 1 : 0);
})();
