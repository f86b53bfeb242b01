# SPDX-License-Identifier: MIT
# Node: V8's threads and memory, workers, children, sockets, files, npm.
. "$(dirname "$0")/lib.sh"
needs_programs node

cat > files/workers.js << 'END'
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');
if (!isMainThread) {
	let sum = 0;
	for (let i = 0; i < 1e6; i++) sum += i % workerData;
	parentPort.postMessage(sum);
	return;
}
const start = n => new Promise(done => new Worker(__filename, { workerData: n }).on('message', done));
Promise.all([3, 5, 7, 11].map(start)).then(sums => console.log(sums.join()));
END
cat > files/children.js << 'END'
const { execFileSync, spawn } = require('child_process');
console.log(execFileSync('/bin/echo', ['hello']).toString().trim());
const cat = spawn('cat');
cat.stdout.on('data', data => console.log('cat ' + data));
cat.on('close', status => console.log('closed', status));
cat.stdin.end('piped');
END
cat > files/server.js << 'END'
const http = require('http');
const server = http.createServer((question, answer) => answer.end('path ' + question.url)).listen('socket', async () => {
	const ask = path => new Promise(done => http.get({ socketPath: 'socket', path }, answer => {
		let text = '';
		answer.on('data', data => text += data).on('end', () => done(answer.statusCode + ' ' + text));
	}));
	for (const line of await Promise.all([...Array(50).keys()].map(n => ask('/' + n)))) console.log(line);
	server.close();
});
END
cat > files/files.js << 'END'
const fs = require('fs'), { pipeline } = require('stream/promises'), zlib = require('zlib');
fs.writeFileSync('a', Buffer.alloc(1 << 20, 'mezzo'));
pipeline(fs.createReadStream('a'), zlib.createGzip(), zlib.createGunzip(), fs.createWriteStream('b')).then(() =>
	console.log(fs.readFileSync('b').equals(fs.readFileSync('a')), fs.readdirSync('.').sort().join()));
END
mkdir files/package files/application
echo '{ "name": "package", "version": "1.0.0", "main": "index.js" }' > files/package/package.json
echo 'module.exports = () => "from the package"' > files/package/index.js
echo '{ "name": "application", "version": "1.0.0" }' > files/application/package.json

same "an expression" "node -e 'console.log(1 + 1, process.version)'"
same "what the system is" "node -p 'const os = require(\"os\"); [os.cpus().length, os.totalmem() > 0, os.platform(), os.arch()].join()'"
same "memory is bounded and collected" "node --expose-gc -e 'for (let i = 0; i < 200; i++) Buffer.alloc(1 << 20); gc(); console.log(process.memoryUsage().rss > 1e6)'"
same "worker threads" "node workers.js"
same "WebAssembly" "node -p 'new WebAssembly.Module(Buffer.from(\"0061736d01000000\", \"hex\")) instanceof WebAssembly.Module'"
same "child processes" "node children.js"
same "HTTP on a local socket" "node server.js"
same "streams and files" "node files.js"
same "crypto" "node -p 'require(\"crypto\").scryptSync(\"a\", \"b\", 32).toString(\"hex\")'"
same "an uncaught exception" "node -e 'throw 1' 2> /dev/null; echo \$?"
if command -v npm > /dev/null; then
	same "npm installs a local package" "cd application && npm install --offline --no-audit --no-fund --silent ../package && node -p 'require(\"package\")()'"
else
	skip "npm installs a local package" "not installed"
fi
finish
