//! Listening: a target in, a bound socket or an errno out.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use napi_derive::napi;

use crate::server::{self, BindTarget, Bound, ListenerConfig, Local, Plain};

/// Where to listen. One of `path`, `fd`, `port`.
#[napi(object)]
pub struct ListenTarget {
    /// TCP port; 0 = any.
    pub port: Option<u32>,
    /// An IP literal; none = all addresses, both stacks.
    pub host: Option<String>,
    /// Do not accept IPv4 on an IPv6 socket.
    pub ipv6_only: Option<bool>,
    /// `SO_REUSEPORT`.
    pub reuse_port: Option<bool>,
    /// A Unix socket's path.
    pub path: Option<String>,
    /// A listening descriptor; it is duplicated.
    pub fd: Option<i32>,
    /// Length of the queue of pending connections.
    pub backlog: Option<i32>,
}

/// What the listener does with requests.
#[napi(object)]
pub struct ListenOptions {
    /// Plain HTTP connections are handed to JavaScript instead of being answered 426.
    pub hand_over_plain: bool,
    /// Requests are matched against the listener's paths.
    pub routed: bool,
    /// Requests that match no path are refused.
    pub reject_unhandled: bool,
}

/// A listener, or why there is none (`errno` > 0).
#[napi(object)]
pub struct ListenResult {
    /// The listener's id.
    pub id: u32,
    /// The system's error number, 0 if none.
    pub errno: i32,
    /// The IP address, or the path of a Unix socket.
    pub address: String,
    /// `IPv4`, `IPv6` or `pipe`.
    pub family: String,
    /// The port, 0 for a Unix socket.
    pub port: u32,
}

impl ListenResult {
    pub(super) fn failed(error: &io::Error) -> Self {
        Self {
            id: 0,
            errno: error.raw_os_error().unwrap_or(libc::EINVAL),
            address: String::new(),
            family: String::new(),
            port: 0,
        }
    }

    pub(super) fn bound(id: u32, local: &Local) -> Self {
        match local {
            Local::Tcp(address) => Self {
                id,
                errno: 0,
                address: address.ip().to_string(),
                family: if address.is_ipv6() { "IPv6" } else { "IPv4" }.into(),
                port: u32::from(address.port()),
            },
            Local::Unix(path) => Self {
                id,
                errno: 0,
                address: path.to_string_lossy().into_owned(),
                family: "pipe".into(),
                port: 0,
            },
        }
    }
}

/// Binds as `net.Server#listen` does: without a host on all addresses, dual stack where there is one.
pub(super) fn bind(target: &ListenTarget) -> io::Result<Bound> {
    let backlog = target.backlog.filter(|backlog| *backlog > 0).unwrap_or(511);
    #[cfg(unix)]
    if let Some(path) = &target.path {
        return server::bind(BindTarget::Unix { path: path.into() }, backlog);
    }
    #[cfg(unix)]
    if let Some(fd) = target.fd {
        return server::bind(
            BindTarget::Descriptor(super::descriptor::duplicate(fd)?),
            backlog,
        );
    }
    let invalid = || io::Error::from_raw_os_error(libc::EINVAL);
    let port = u16::try_from(target.port.unwrap_or(0)).map_err(|_| invalid())?;
    let reuse_port = target.reuse_port.unwrap_or(false);
    let ipv6_only = target.ipv6_only.unwrap_or(false);
    match &target.host {
        None if !reuse_port && !ipv6_only => server::bind_any(port, backlog),
        host => {
            let host = host.as_deref().unwrap_or("::");
            let address: IpAddr = host.parse().map_err(|_| invalid())?;
            let address = (address, port).into();
            server::bind(
                BindTarget::Tcp {
                    address,
                    ipv6_only,
                    reuse_port,
                },
                backlog,
            )
        }
    }
}

pub(super) fn listener_config(id: u32, options: &ListenOptions) -> ListenerConfig {
    ListenerConfig {
        id,
        plain: if options.hand_over_plain {
            Plain::HandOver
        } else {
            Plain::Answer
        },
        routed: options.routed,
        reject_unhandled: options.reject_unhandled,
        // Node's limits: http.maxHeaderSize, server.maxHeadersCount, headersTimeout, keepAliveTimeout.
        max_head: 16 * 1024,
        max_headers: 2000,
        head_timeout: Duration::from_secs(60),
        keep_alive_timeout: Duration::from_secs(5),
    }
}
