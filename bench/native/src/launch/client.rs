//! One connection that is kept, with one request at a time.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{
    ACCEPT_LANGUAGE, AUTHORIZATION, CONTENT_TYPE, ETAG, HOST, HeaderName, HeaderValue, IF_MATCH,
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

/// Nobody waits longer; then it is a failure.
const PATIENCE: Duration = Duration::from_secs(30);
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const SIGNATURE: HeaderName = HeaderName::from_static("x-signature");

/// What is asked.
#[derive(Debug, Default)]
pub(crate) struct Question<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) token: &'a str,
    pub(crate) key: &'a str,
    pub(crate) if_match: &'a str,
    pub(crate) signature: &'a str,
    pub(crate) body: Option<Vec<u8>>,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) etag: String,
    pub(crate) body: Bytes,
    pub(crate) span: Span,
}

/// Between these two moments whatever was done was done.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Span {
    pub(crate) invoked: Instant,
    pub(crate) returned: Instant,
}

/// One connection; it is made anew after it broke.
#[derive(Debug)]
pub(crate) struct Client {
    address: String,
    sender: Option<SendRequest<Full<Bytes>>>,
}

impl Client {
    /// A client that connects with its first question.
    pub(crate) fn new(address: &str) -> Self {
        Self { address: address.to_owned(), sender: None }
    }

    /// Asks once. A connection that breaks or is silent for too long is a failure, and is not asked again.
    pub(crate) async fn ask(&mut self, question: Question<'_>) -> Result<Reply, String> {
        let reply = match timeout(PATIENCE, self.exchange(question)).await {
            Ok(reply) => reply,
            Err(_) => Err("no answer".to_owned()),
        };
        if reply.is_err() {
            self.sender = None;
        }
        reply
    }

    async fn exchange(&mut self, question: Question<'_>) -> Result<Reply, String> {
        let request = self.request(question)?;
        let invoked = Instant::now();
        let response =
            self.connected().await?.send_request(request).await.map_err(|error| error.to_string())?;
        let status = response.status().as_u16();
        let etag =
            response.headers().get(ETAG).and_then(|value| value.to_str().ok()).unwrap_or("").to_owned();
        let body = response.into_body().collect().await.map_err(|error| error.to_string())?.to_bytes();
        Ok(Reply { status, etag, body, span: Span { invoked, returned: Instant::now() } })
    }

    async fn connected(&mut self) -> Result<&mut SendRequest<Full<Bytes>>, String> {
        let mut kept = self.sender.take();
        if let Some(sender) = &mut kept
            && sender.ready().await.is_err()
        {
            // The service may close a connection that was idle.
            kept = None;
        }
        let sender = match kept {
            Some(sender) => sender,
            None => self.connect().await.map_err(|error| format!("connect: {error}"))?,
        };
        Ok(self.sender.insert(sender))
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, Box<dyn std::error::Error>> {
        let stream = TcpStream::connect(&self.address).await?;
        stream.set_nodelay(true)?;
        let (mut sender, connection) = handshake(TokioIo::new(stream)).await?;
        // How it ends, the next question notices.
        tokio::task::spawn_local(connection);
        sender.ready().await?;
        Ok(sender)
    }

    fn request(&self, question: Question<'_>) -> Result<hyper::Request<Full<Bytes>>, String> {
        let mut builder = hyper::Request::builder()
            .method(question.method)
            .uri(question.path)
            .header(HOST, self.address.as_str())
            .header(ACCEPT_LANGUAGE, HeaderValue::from_static("en"));
        if !question.token.is_empty() {
            builder = builder.header(AUTHORIZATION, format!("Bearer {}", question.token));
        }
        for (name, value) in
            [(IDEMPOTENCY_KEY, question.key), (IF_MATCH, question.if_match), (SIGNATURE, question.signature)]
        {
            if !value.is_empty() {
                builder = builder.header(name, value);
            }
        }
        if question.body.is_some() {
            builder = builder.header(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let body = Full::new(Bytes::from(question.body.unwrap_or_default()));
        builder.body(body).map_err(|error| error.to_string())
    }
}
