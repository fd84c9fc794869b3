const { test } = require('node:test'); const { spawn } = require('node:child_process');
test('orphan', () => { spawn('sleep', ['300'], { stdio: 'inherit' }).unref(); });
