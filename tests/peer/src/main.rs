//! Plays the scenario (`__test__/scenario/cases.js`) with tokio-tungstenite.
//!
//! Reads JSON from standard input, `{"url", "cases"}`, and writes the traces by case as JSON. Plain TCP only.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde::Deserialize;
use sha1::{Digest, Sha1};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

/// How long a step waits for its event.
const PATIENCE: Duration = Duration::from_secs(10);

type Client = WebSocketStream<MaybeTlsStream<TcpStream>>;

#[derive(Deserialize)]
struct Task {
    url: String,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    path: String,
    #[serde(default)]
    protocols: Vec<String>,
    steps: Vec<Step>,
}

/// A step: an action (`do`) or an event to wait for (`see`).
#[derive(Deserialize, Default)]
#[serde(default)]
struct Step {
    r#do: String,
    see: String,
    payload: Option<Payload>,
    hex: String,
    fin: bool,
    opcode: u8,
    code: Option<u16>,
    reason: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Payload {
    kind: String,
    text: Option<String>,
    hex: Option<String>,
    parts: Vec<Payload>,
    size: usize,
    seed: usize,
}

impl Payload {
    fn bytes(&self) -> Vec<u8> {
        if let Some(text) = &self.text {
            return text.clone().into_bytes();
        }
        if let Some(hex) = &self.hex {
            return unhex(hex);
        }
        let letter = |i: usize| 97 + ((i * 7 + (i >> 8) + self.seed) % 26) as u8;
        let byte = |i: usize| ((i * 31 + (i >> 8) + self.seed) & 255) as u8;
        (0..self.size)
            .map(|i| {
                if self.kind == "text" {
                    letter(i)
                } else {
                    byte(i)
                }
            })
            .collect()
    }
}

fn hex(data: &[u8]) -> String {
    data.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len() / 2)
        .filter_map(|i| u8::from_str_radix(text.get(2 * i..2 * i + 2)?, 16).ok())
        .collect()
}

fn written(kind: &str, data: &[u8]) -> String {
    format!("{kind}:{}:{}", data.len(), hex(&Sha1::digest(data)))
}

/// Does one action.
async fn act(ws: &mut Client, step: &Step) -> Result<(), Box<dyn Error>> {
    let nothing = Payload::default();
    let payload = step.payload.as_ref().unwrap_or(&nothing);
    match step.r#do.as_str() {
        "send" if payload.kind == "text" => {
            ws.send(Message::text(String::from_utf8(payload.bytes())?))
                .await?
        }
        "send" => ws.send(Message::binary(payload.bytes())).await?,
        "fragments" => {
            let first = if payload.kind == "text" {
                Data::Text
            } else {
                Data::Binary
            };
            for (i, part) in payload.parts.iter().enumerate() {
                let data = if i == 0 { first } else { Data::Continue };
                let last = i + 1 == payload.parts.len();
                ws.send(Message::Frame(Frame::message(
                    part.bytes(),
                    OpCode::Data(data),
                    last,
                )))
                .await?;
            }
        }
        "frame" => {
            ws.send(Message::Frame(Frame::message(
                unhex(&step.hex),
                OpCode::from(step.opcode),
                step.fin,
            )))
            .await?;
        }
        "ping" => ws.send(Message::Ping(unhex(&step.hex).into())).await?,
        "close" => {
            let frame = step.code.map(|code| CloseFrame {
                code: CloseCode::from(code),
                reason: step.reason.as_str().into(),
            });
            ws.close(frame).await?;
        }
        other => return Err(format!("unknown action: {other}").into()),
    }
    Ok(())
}

/// Waits for the next event.
async fn see(ws: &mut Client) -> String {
    let next = match tokio::time::timeout(PATIENCE, ws.next()).await {
        Err(_) => return "timeout".into(),
        Ok(next) => next,
    };
    match next {
        Some(Ok(Message::Text(text))) => written("text", text.as_bytes()),
        Some(Ok(Message::Binary(data))) => written("binary", &data),
        Some(Ok(Message::Ping(data))) => format!("ping:{}", hex(&data)),
        Some(Ok(Message::Pong(data))) => format!("pong:{}", hex(&data)),
        Some(Ok(Message::Close(frame))) => {
            // The answer to the close frame goes out with the next calls, which end with the connection.
            while let Some(Ok(_)) = ws.next().await {}
            frame.map_or_else(
                || "close:1005:".into(),
                |frame| format!("close:{}:{}", u16::from(frame.code), frame.reason),
            )
        }
        Some(Ok(Message::Frame(_))) => "error:frame".into(),
        None
        | Some(Err(
            tungstenite::Error::Io(_)
            | tungstenite::Error::Protocol(
                tungstenite::error::ProtocolError::ResetWithoutClosingHandshake,
            ),
        )) => "close:1006:".into(),
        Some(Err(err)) => format!("error:{err}"),
    }
}

/// Plays one case and returns its trace.
async fn play(url: &str, case: &Case) -> Result<Vec<String>, Box<dyn Error>> {
    let mut request = format!("{url}{}", case.path).into_client_request()?;
    if !case.protocols.is_empty() {
        request.headers_mut().insert(
            "Sec-WebSocket-Protocol",
            HeaderValue::from_str(&case.protocols.join(", "))?,
        );
    }
    let config = WebSocketConfig::default()
        .max_message_size(None)
        .max_frame_size(None);
    let (mut ws, response) = match connect_async_with_config(request, Some(config), true).await {
        Ok(connected) => connected,
        Err(tungstenite::Error::Http(response)) => {
            return Ok(vec![format!("refused:{}", response.status().as_u16())]);
        }
        Err(err) => return Err(err.into()),
    };
    let mut trace = Vec::new();
    for step in &case.steps {
        if step.r#do == "terminate" {
            return Ok(trace); // dropping the stream closes the descriptor
        }
        if !step.r#do.is_empty() {
            act(&mut ws, step).await?;
            continue;
        }
        if step.see == "open" {
            let protocol = response
                .headers()
                .get("Sec-WebSocket-Protocol")
                .map_or("", |value| value.to_str().unwrap_or("?"));
            trace.push(format!("open:{protocol}"));
            continue;
        }
        let event = see(&mut ws).await;
        let over = event == "timeout"
            || event.starts_with("error")
            || (event.starts_with("close") && step.see != "close");
        trace.push(event);
        if over {
            break;
        }
    }
    Ok(trace)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let task: Task = serde_json::from_reader(std::io::stdin())?;
    let mut traces = BTreeMap::new();
    for case in &task.cases {
        let trace = play(&task.url, case)
            .await
            .unwrap_or_else(|err| vec![format!("error:{err}")]);
        // A peer that hangs would do so in many cases: the rest stays without a trace.
        let hangs = trace.last().is_some_and(|event| event == "timeout");
        traces.insert(case.name.clone(), trace);
        if hangs {
            break;
        }
    }
    serde_json::to_writer(std::io::stdout(), &traces)?;
    Ok(())
}
