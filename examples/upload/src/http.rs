//! The HTTP side: PUT into a slot, GET and HEAD of a file, as the machine allows.

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::put;
use futures_util::StreamExt as _;
use tokio::sync::mpsc::UnboundedReceiver;
use tower::ServiceExt as _;
use tower_http::cors::CorsLayer;
use tower_http::services::ServeFile;
use tracing::{info, warn};
use xmpp_machines::retention::{Input, SlotId};

use crate::engine::{Answer, Door, Job};
use crate::files::Files;

/// What handlers need.
#[derive(Clone, Debug)]
struct World {
    door: Door,
    files: Files,
}

/// Everything that is answered over HTTP. Web clients of any origin may use it: what protects a file is its address.
pub fn router(door: Door, files: Files) -> Router {
    let cors = CorsLayer::new()
        .allow_origin(tower_http::cors::Any)
        .allow_methods([Method::GET, Method::HEAD, Method::PUT, Method::OPTIONS])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE]);
    Router::new()
        .route("/{slot}/{name}", put(receive).get(serve))
        .fallback(|| async { StatusCode::NOT_FOUND })
        .layer(cors)
        .with_state(World { door, files })
}

/// A PUT that broke off is told to the machine, however it broke off: also where the client went away, and this whole
/// handler with it.
struct Begun {
    door: Door,
    slot: Option<SlotId>,
}

impl Drop for Begun {
    fn drop(&mut self) {
        if let Some(slot) = self.slot.take() {
            self.door.tell(Job::new(Input::Failed { slot }));
        }
    }
}

async fn receive(
    State(world): State<World>,
    Path((slot, _name)): Path<(String, String)>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).map(Box::from);
    let token = world.door.token();
    let input = Input::Put {
        token,
        slot: slot.into(),
        authorization: text(&AUTHORIZATION),
        length: headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok()),
        content_type: text(&CONTENT_TYPE),
    };
    let mut answers = world.door.ask(token, Job::new(input));
    let (slot, size) = match answers.recv().await {
        Some(Answer::Receive { slot, size }) => (slot, size),
        Some(Answer::Refuse { status }) => return refused(status),
        _ => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
    };
    let mut begun = Begun { door: world.door.clone(), slot: Some(slot) };
    let body = request.into_body().into_data_stream();
    let stored = tokio::select! {
        stored = store(&world.files, slot, size, body) => stored,
        // The machine gives it no more time.
        status = refusal(&mut answers) => Err(status),
    };
    let status = match stored {
        Ok(bytes) => {
            // From here on it is the machine that ends it.
            begun.slot = None;
            world.door.tell(Job::new(Input::Stored { token, slot, bytes }));
            match answers.recv().await {
                Some(Answer::Accept) => {
                    info!(%slot, bytes, "stored");
                    return StatusCode::CREATED.into_response();
                }
                Some(Answer::Refuse { status }) => status,
                _ => 503,
            }
        }
        Err(status) => status,
    };
    drop(begun);
    world.files.drop(slot).await;
    refused(status)
}

/// Stores a body; how many bytes it had, or the status that ends the request.
async fn store<E>(
    files: &Files,
    slot: SlotId,
    size: u64,
    mut body: impl futures_util::Stream<Item = Result<bytes::Bytes, E>> + Unpin,
) -> Result<u64, u16> {
    let failed = |error: std::io::Error| {
        warn!(%slot, %error, "cannot store");
        500
    };
    let mut file = files.receive(slot).await.map_err(failed)?;
    while let Some(bytes) = body.next().await {
        let Ok(bytes) = bytes else { return Err(400) };
        if !file.take(&bytes, size).await.map_err(failed)? {
            return Err(413);
        }
    }
    file.finish().await.map_err(failed)
}

async fn refusal(answers: &mut UnboundedReceiver<Answer>) -> u16 {
    match answers.recv().await {
        Some(Answer::Refuse { status }) => status,
        _ => 503,
    }
}

async fn serve(State(world): State<World>, Path((slot, name)): Path<(String, String)>, request: Request) -> Response {
    let token = world.door.token();
    let mut answers = world.door.ask(token, Job::new(Input::Get { token, slot: slot.into() }));
    let (slot, content_type, headers) = match answers.recv().await {
        Some(Answer::Serve { slot, content_type, meta }) => (slot, content_type, meta.headers(&name)),
        Some(Answer::Refuse { status }) => return refused(status),
        _ => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
    };
    // The library knows ranges, HEAD and conditional requests. It does not fail: what is not there is a 404.
    let Ok(file) = ServeFile::new(world.files.path(slot)).oneshot(request).await;
    let mut response = file.map(Body::new);
    let kind = HeaderValue::from_str(&content_type).ok().filter(|kind| !kind.is_empty());
    let kind = kind.unwrap_or(HeaderValue::from_static("application/octet-stream"));
    response.headers_mut().insert(CONTENT_TYPE, kind);
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

fn refused(status: u16) -> Response {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR).into_response()
}
