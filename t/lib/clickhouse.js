// An HTTP server on the real engine of ClickHouse, for tests. The engine is the library of the npm package
// @chdb/lib-linux-x64-gnu, which scripts/install-deps unpacks in build/chdb. It has no server of its own.
//
//	node clickhouse.js OPTIONS
//
// OPTIONS is a JSON object: engine (the unpacked folder), folder (for data and bodies), ready (a file that receives
// the port), port (0: any), user and password (checked if set), key and cert (files; then it speaks HTTPS).
//
// The server has the parts of ClickHouse's HTTP interface that tickr and its tests use: /ping, the statement in
// ?query= or in the body, the data of an INSERT in the body, Content-Encoding, settings and param_NAME in the query,
// three ways to authenticate, X-ClickHouse-Exception-Code and -Summary. Like ClickHouse it refuses a second statement,
// and a GET cannot write. Each request has a connection to the engine of its own, so they run at the same time.
//
// POST /test?fail=CODE&times=N[&status=S] makes the next N statements fail with a code of ClickHouse, before they run.
// With &late=1 the answer is 200, and only its body has the exception.
// POST /test?cut=before|after&times=N makes the server close the connection before or after the statement runs.
// POST /test?delay=MS&times=N delays the next N statements. GET /test returns counts as JSON.
'use strict';
const fs = require('fs');
const path = require('path');

const options = JSON.parse(process.argv[2]);
const engine = require(path.join(options.engine, 'chdb_node.node'));
const data = path.join(options.folder, 'data');
const bodies = path.join(options.folder, 'bodies');
const counts = { statements: 0, inserts: 0, failed: 0, rows: 0, bytes: 0, tokens: [] };
let faults = [];
let bodyNumber = 0;

// Parameters of a request that are no settings.
const reserved = new Set(['query', 'database', 'user', 'password', 'default_format', 'query_id', 'session_id', 'quota_key',
	'session_timeout', 'session_check', 'compress', 'decompress', 'buffer_size', 'wait_end_of_query', 'stacktrace', 'role']);

// The status of ClickHouse's HTTPHandler for a code of an exception.
const statuses = [
	[401, [194]],
	[403, [192, 193, 497, 516]],
	[400, [6, 26, 27, 38, 41, 53, 62, 69, 72, 110, 117]],
	[404, [46, 47, 50, 56, 60, 63, 73, 81, 115]],
	[408, [159]],
	[501, [48]],
	[503, [209]],
];

class Refusal extends Error {
	constructor(code, text) {
		super(`Code: ${code}. DB::Exception: ${text}`);
	}
}

const quoted = (text) => "'" + text.replace(/[\\']/g, '\\$&') + "'";

// Split TEXT at the semicolons between statements. Quotes and comments may hold others.
function statementsOf(text) {
	const parts = [''];
	for (const piece of text.match(/'(?:[^'\\]|\\.)*'|"[^"]*"|`[^`]*`|--[^\n]*|\/\*[^]*?\*\/|;|[^]/g) || []) {
		if (piece === ';') parts.push('');
		else if (!piece.startsWith('--') && !piece.startsWith('/*')) parts[parts.length - 1] += piece;
	}
	return parts.filter((part) => part.trim() !== '');
}

function checkUser(url, request) {
	if (!options.user && !options.password) return;
	let user = url.searchParams.get('user') ?? request.headers['x-clickhouse-user'];
	let password = url.searchParams.get('password') ?? request.headers['x-clickhouse-key'];
	const basic = /^Basic (.*)$/.exec(request.headers.authorization || '');
	if (basic) [, user, password] = /^([^:]*):?([^]*)$/.exec(Buffer.from(basic[1], 'base64').toString());
	user = user || 'default';
	if (user !== (options.user || 'default') || (password ?? '') !== (options.password || ''))
		throw new Refusal(516, `${user}: Authentication failed: password is incorrect, or there is no user with such name. `
			+ '(AUTHENTICATION_FAILED) (version 26.7.2.1)');
}

// The first statement that runs: its text, and whether it is an INSERT of the bytes in FILE.
function statementOf(url, request, body) {
	const query = url.searchParams.get('query') ?? '';
	const insert = /^\s*(INSERT\s+INTO\s[^]*?)((?:\bSETTINGS\b[^]*?)?\bFORMAT\s+\w+)\s*;?\s*$/i.exec(query);
	if (insert && body.length > 0) {
		const file = path.join(bodies, `${process.pid}.${++bodyNumber}`);
		fs.writeFileSync(file, body);
		const encoding = request.headers['content-encoding'] || 'none';
		return { text: `${insert[1]} FROM INFILE ${quoted(file)} COMPRESSION ${quoted(encoding)} ${insert[2]}`, file };
	}
	const text = query && body.length > 0 ? `${query}\n${body}` : query || body.toString();
	if (text.trim() === '') throw new Refusal(62, 'Syntax error: Empty query. (SYNTAX_ERROR)');
	if (!/^\s*INSERT\b/i.test(text) && statementsOf(text).length > 1)
		throw new Refusal(62, 'Syntax error (Multi-statements are not allowed). (SYNTAX_ERROR)');
	return { text };
}

// Run the statement of a request on a connection of its own.
async function run(url, request, body) {
	checkUser(url, request);
	const { text, file } = statementOf(url, request, body);
	const connection = engine.CreateConnection(data);
	const query = (sql, format) => engine.QueryAsyncConnection(connection, sql, format || 'TabSeparated');
	try {
		const database = url.searchParams.get('database') || request.headers['x-clickhouse-database'];
		if (database) await query('USE `' + database.replace(/`/g, '') + '`');
		for (const [name, value] of url.searchParams) {
			if (reserved.has(name)) continue;
			if (!/^\w+$/.test(name)) throw new Refusal(115, `Unknown setting '${name}'. (UNKNOWN_SETTING)`);
			await query(`SET ${name} = ${quoted(value)}`);
		}
		if (request.method === 'GET') await query('SET readonly = 2');
		const isInsert = /^\s*INSERT\b/i.test(text);
		const result = await query(text, url.searchParams.get('default_format') || request.headers['x-clickhouse-format']);
		counts.statements++;
		if (isInsert) {
			counts.inserts++;
			counts.rows += result.rowsRead;
			counts.bytes += body.length;
			counts.tokens.push(url.searchParams.get('insert_deduplication_token'));
		}
		const rows = String(result.rowsRead);
		return { bytes: result.bytes, summary: JSON.stringify(isInsert ? { written_rows: rows } : { read_rows: rows }) };
	} finally {
		engine.CloseConnection(connection);
		if (file) fs.unlinkSync(file);
	}
}

function takeFault() {
	const fault = faults[0];
	if (fault && --fault.times <= 0) faults.shift();
	return fault || {};
}

function onTest(url, request, response) {
	if (request.method === 'POST') {
		const fault = Object.fromEntries(url.searchParams);
		faults = fault.times === '0' ? [] : [...faults, { ...fault, times: Number(fault.times || 1) }];
	}
	response.end(JSON.stringify(counts) + '\n');
}

// LATE: the head has left before the exception came, so only the body tells of it.
function answerError(response, error, { status, late }) {
	const code = Number((/Code:\s*(\d+)/.exec(error.message) || [0, 1002])[1]);
	counts.failed++;
	if (!late) {
		response.statusCode = Number(status) || (statuses.find(([, codes]) => codes.includes(code)) || [500])[0];
		response.setHeader('X-ClickHouse-Exception-Code', String(code));
	}
	response.end(error.message + '\n');
}

async function onStatement(url, request, response, body) {
	const fault = takeFault();
	if (fault.delay) await new Promise((resolve) => setTimeout(resolve, Number(fault.delay)));
	if (fault.cut === 'before') return void request.socket.destroy();
	try {
		if (fault.fail) throw new Refusal(fault.fail, 'The test wants this failure.');
		const { bytes, summary } = await run(url, request, body);
		if (fault.cut === 'after') return void request.socket.destroy();
		response.setHeader('X-ClickHouse-Summary', summary);
		response.end(bytes);
	} catch (error) {
		answerError(response, error, fault);
	}
}

function onRequest(request, response) {
	const url = new URL(request.url, 'http://clickhouse');
	const chunks = [];
	response.setHeader('Content-Type', 'text/plain; charset=UTF-8');
	response.setHeader('X-ClickHouse-Server-Display-Name', 'test');
	request.on('error', () => {});
	request.on('data', (chunk) => chunks.push(chunk));
	request.on('end', () => {
		if (url.pathname === '/ping') return response.end('Ok.\n');
		if (url.pathname === '/test') return onTest(url, request, response);
		if (url.pathname !== '/') {
			response.statusCode = 404;
			return response.end(`There is no handle ${url.pathname}\n`);
		}
		onStatement(url, request, response, Buffer.concat(chunks));
	});
}

fs.rmSync(bodies, { recursive: true, force: true });
fs.mkdirSync(bodies, { recursive: true });
engine.CreateConnection(data); // keeps the engine in memory between requests
const server = options.cert
	? require('https').createServer({ key: fs.readFileSync(options.key), cert: fs.readFileSync(options.cert) }, onRequest)
	: require('http').createServer(onRequest);
server.keepAliveTimeout = options.keep_alive_ms || 10000;
server.listen({ host: '127.0.0.1', port: options.port || 0 }, () => {
	fs.writeFileSync(options.ready + '.new', String(server.address().port));
	fs.renameSync(options.ready + '.new', options.ready);
});
