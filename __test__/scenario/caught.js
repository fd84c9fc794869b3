'use strict';

const net = require('node:net');

/**
 * Makes a server that has no `address()` and catches the `net.Server` inside it, as it starts to listen.
 * @param {() => object} make makes the server, which listens at once
 * @returns {{server: object, inner: object}} the server, and what has its address: itself if it can tell it
 */
const caught = (make) => {
  const { listen } = net.Server.prototype;
  let inner;
  net.Server.prototype.listen = function (...args) {
    inner = this;
    return listen.apply(this, args);
  };
  try {
    const server = make();
    return { server, inner: typeof server.address === 'function' ? server : inner };
  } finally {
    net.Server.prototype.listen = listen;
  }
};

module.exports = { caught };
